package mesh

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// TestNarrowPath lets messages flow both ways over a path that loses large packets from some moment on, then none, then again: no
// message is lost, and none is late by more than it takes to notice.
func TestNarrowPath(t *testing.T) {
	for _, delay := range []time.Duration{time.Millisecond, 75 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			sim := simulate(t, 2, delay)
			meshes := sim.joinTwo(t, Config{})
			const (
				every  = 100 * time.Millisecond
				rounds = 900
				aim    = 2 * time.Second // to traffic again
			)
			var others sync.WaitGroup
			defer others.Wait()
			for i, m := range meshes {
				others.Go(func() {
					for n := range rounds {
						msg := binary.BigEndian.AppendUint32(bytes.Repeat([]byte{1}, 1<<14), uint32(n))
						if err := m.SendTo(t.Context(), channel.Party(1-i), msg); err != nil {
							t.Errorf("party %d: message %d: %v", i, n, err)
							return
						}
						time.Sleep(every)
					}
				})
			}
			others.Go(func() {
				for _, phase := range []struct {
					most int64
					d    time.Duration
				}{{0, 5 * time.Second}, {1000, 30 * time.Second}, {0, 30 * time.Second}, {760, 20 * time.Second}} {
					sim.most.Store(phase.most)
					time.Sleep(phase.d)
					for i, m := range meshes {
						if got := m.ways[1-i].pings.Path().Narrow; got != (phase.most > 0) {
							t.Errorf("party %d: where %d bytes pass (0: all) the path is narrow: %v", i, phase.most, got)
						}
					}
				}
			})
			done := make(chan time.Duration)
			for i, m := range meshes {
				go func() {
					var worst time.Duration
					last := time.Now()
					for n := range rounds {
						msg, err := m.RecvFrom(t.Context(), channel.Party(1-i))
						if err != nil || len(msg) != 1<<14+4 || binary.BigEndian.Uint32(msg[1<<14:]) != uint32(n) {
							t.Errorf("party %d: message %d: %d bytes, %v", i, n, len(msg), err)
							break
						}
						worst = max(worst, time.Since(last))
						last = time.Now()
					}
					done <- worst
				}()
			}
			for range meshes {
				if worst := <-done; worst > aim {
					t.Errorf("latency %v: %v without a message, want at most %v", delay, worst, aim)
				} else if worst < 500*time.Millisecond {
					t.Errorf("latency %v: %v without a message: was nothing lost?", delay, worst)
				} else {
					t.Logf("latency %v: %v without a message", delay, worst)
				}
			}
		})
	}
}

// TestNarrowDirectPath takes a pair from a relay to a direct path that loses large packets, QUIC's probes of a move among them, and
// then to one that passes all.
func TestNarrowDirectPath(t *testing.T) {
	bothWays(t, func(t *testing.T, from int) {
		var limit atomic.Int64
		n := newTwoPaths(t, 0.5, 60*time.Millisecond, 3, 10*time.Millisecond)
		for _, w := range n.direct {
			w.lossy = func(p []byte) bool { most := limit.Load(); return most > 0 && len(p) > int(most) }
		}
		limit.Store(1000)
		n.join()
		f := n.flow(from)
		time.Sleep(3 * time.Second)
		n.set(true)
		n.settle()
		for range 5 {
			if r := f.rate(time.Second); r < 0.4 {
				t.Errorf("%.2f Mbit/s over a narrow path of 3", r)
			}
		}
		if !n.meshes[from].ways[1-from].pings.Path().Narrow {
			t.Error("the path is thought wide")
		}
		time.Sleep(30 * time.Second)
		if r := f.rate(time.Second); r < 2 {
			t.Errorf("%.1f of 3 Mbit/s in pieces", r)
		}
		limit.Store(0)
		for start := time.Now(); n.meshes[from].ways[1-from].pings.Path().Narrow; time.Sleep(time.Second) {
			if time.Since(start) > 5*time.Minute {
				t.Fatal("a wide path is thought narrow")
			}
		}
		if r := f.rate(time.Second); r < 2 {
			t.Errorf("%.1f of 3 Mbit/s on a wide path", r)
		}
		f.end()
	})
}
