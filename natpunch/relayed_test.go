package natpunch

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// relayOf gives an end a relayed address: a socket on a machine in the open.
func (n *simnet) relayOf(e, peer *end, public string) *simOutlet {
	r := n.router(public, mapNone, filterEIF)
	o := r.socket(6000)
	o.puncher = e.main.puncher
	e.AddOutlet(o)
	peer.AddRemote(Candidate{o.addr, Relayed})
	return o
}

// TestRelayWhereNothingElse connects two hard NATs over one side's relayed address, and over both where one sends no UDP to
// strangers.
func TestRelayWhereNothingElse(t *testing.T) {
	for name, both := range map[string]bool{"one relay": false, "two": true} {
		synctest.Test(t, func(t *testing.T) {
			n := newSimnet(t, 20*time.Millisecond)
			a := n.router("198.51.100.1", mapAPDM, filterAPDF).end(1, true)
			b := n.router("198.51.100.2", mapAPDM, filterAPDF).end(1, false)
			defer a.Close()
			defer b.Close()
			n.relayOf(a, b, "203.0.113.8")
			if both {
				n.relayOf(b, a, "203.0.113.9")
			}
			meet(a, b, 0)
			start := time.Now()
			sa, oka := a.within(punchFor)
			sb, okb := b.within(punchFor)
			if !oka || !okb || !sa.Relayed || !sb.Relayed {
				t.Fatalf("%s: %+v and %+v, want relayed paths\n%v", name, sa, sb, a.Report())
			}
			if d := time.Since(start); d > 200*time.Millisecond {
				t.Errorf("%s: the relay was found after %v", name, d)
			}
		})
	}
}

// TestRelayTakesOver cuts the direct path of a busy pair: the relay carries within a second and a half (goal G14), and gives
// way when the direct path is back.
func TestRelayTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		o := n.relayOf(a, b, "203.0.113.8")
		meet(a, b, 0)
		until := func(relayed bool, limit time.Duration) time.Duration {
			t.Helper()
			start := time.Now()
			for time.Since(start) < limit {
				a.Touch()
				b.Touch()
				if x, y := a.Path(), b.Path(); x.Proven && y.Proven && x.Relayed == relayed && y.Relayed == relayed {
					return time.Since(start)
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Fatalf("relayed %v: not within %v: %+v %+v", relayed, limit, a.Path(), b.Path())
			return 0
		}
		until(false, time.Second)
		busy := time.Now().Add(20 * time.Second)
		for time.Now().Before(busy) {
			a.Touch()
			b.Touch()
			time.Sleep(100 * time.Millisecond)
		}
		n.mu.Lock()
		n.drop = func(from, to netip.AddrPort) bool { return from.Addr() != o.r.public && to.Addr() != o.r.public }
		n.mu.Unlock()
		if d := until(true, 10*time.Second); d > 1500*time.Millisecond {
			t.Errorf("the relay carries after %v", d)
		}
		n.mu.Lock()
		n.drop = nil
		n.mu.Unlock()
		until(false, 70*time.Second)

		a.RemoveOutlet(o)
		a.Repunch()
		until(false, 2*time.Second)
	})
}
