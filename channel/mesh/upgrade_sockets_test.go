package mesh

import (
	"fmt"
	"testing"
	"time"
)

// TestUpgradeOnSockets has QUIC move time and again on real sockets, while data flows both ways, and stay as fast as it was.
func TestUpgradeOnSockets(t *testing.T) {
	all := parties(t, 2)
	upgraded := make(chan Event, 16)
	all[0].cfg.Events = func(e Event) {
		if e.Kind == Upgraded {
			upgraded <- e
		}
	}
	meshes := join(t, all)
	server := meshes[1].pairs[0].conn
	rate := func() string {
		start := time.Now()
		exchange(t, meshes, 8<<20)
		return fmt.Sprintf("%.0f MB/s each way", 8<<20/1e6/time.Since(start).Seconds())
	}
	exchange(t, meshes, 1<<20)
	t.Log("at first ", rate())
	w := meshes[0].ways[1]
	seen := map[string]bool{server.RemoteAddr().String(): true}
	for range 3 {
		follower := meshes[1].ways[0]
		follower.mu.Lock()
		follower.lastMove = time.Time{} // as if it were long ago
		follower.mu.Unlock()
		w.mu.Lock()
		w.stale = true
		w.mu.Unlock()
		w.direct <- struct{}{}
		for stop, moved := time.After(30*time.Second), false; !moved; {
			exchange(t, meshes, 1<<20)
			select {
			case e := <-upgraded:
				if e.Peer != 1 || e.Path.Kind != Direct {
					t.Errorf("upgraded to %+v", e)
				}
				moved = true
			case <-stop:
				t.Fatal("QUIC has not moved")
			default:
			}
		}
		t.Log("moved    ", rate())
		if at := server.RemoteAddr().String(); seen[at] {
			t.Error("the server's QUIC has not moved")
		} else {
			seen[at] = true
		}
	}
}
