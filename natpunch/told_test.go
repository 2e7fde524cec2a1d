package natpunch

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestToldLater learns an address at a relay from a ping, before the peer tells what it is: what passed for a direct path turns
// out to be none.
func TestToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapAPDM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapNone, filterEIF).end(1, false)
		defer a.Close()
		defer b.Close()
		r := n.router("203.0.113.8", mapNone, filterEIF)
		o := r.socket(6000)
		o.puncher = a.main.puncher
		a.AddOutlet(o)
		n.mu.Lock()
		a.main.r.filter = filterAll // nothing but the relay gets out
		n.mu.Unlock()
		meet(a, b, 0)
		if s, ok := b.within(punchFor); !ok || s.Relayed {
			t.Fatalf("path %+v, %v; want one that looks direct", s, ok)
		}
		b.AddRemote(Candidate{o.addr, Relayed})
		if s, ok := b.within(time.Second); !ok || !s.Relayed || s.Remote != o.addr {
			t.Errorf("path %+v, %v; want the relay by its name", s, ok)
		}
	})
}
