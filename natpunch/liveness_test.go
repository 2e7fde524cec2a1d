package natpunch

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestPathLost cuts the path while traffic flows, and mends it.
func TestPathLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		if _, ok := a.within(time.Second); !ok {
			t.Fatal("no path")
		}
		b.within(time.Second)
		time.Sleep(5 * time.Second)
		busy := time.NewTicker(100 * time.Millisecond)
		defer busy.Stop()
		lost := func(e *end, limit time.Duration) time.Duration {
			start := time.Now()
			for {
				select {
				case s := <-e.states:
					if !s.Proven {
						return time.Since(start)
					}
				case <-busy.C:
					a.Touch()
					b.Touch()
				}
				if time.Since(start) > limit {
					t.Fatal("a dead path goes unnoticed")
				}
			}
		}
		a.Touch()
		time.Sleep(time.Second)
		n.mu.Lock()
		n.drop = func(_, _ netip.AddrPort) bool { return true }
		n.mu.Unlock()
		if d := lost(a, 10*time.Second); d > 1500*time.Millisecond {
			t.Errorf("noticed after %v", d)
		}
		lost(b, 10*time.Second)
		n.mu.Lock()
		n.drop = nil
		n.mu.Unlock()
		if _, ok := a.within(2 * time.Second); !ok {
			t.Error("the mended path is not found again")
		}
	})
}

// TestIdleCost bounds what a pair without traffic sends (goal G22).
func TestIdleCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		time.Sleep(10 * time.Second)
		n.mu.Lock()
		before := n.packets
		n.mu.Unlock()
		time.Sleep(100 * time.Second)
		n.mu.Lock()
		defer n.mu.Unlock()
		if rate := float64(n.packets-before) / 100; rate > 1 { // both directions
			t.Errorf("%.2f packets a second between idle parties", rate)
		}
	})
}

// TestMove gives one party of a busy pair another network, as when it changes its Wi-Fi (goal G18).
func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		if _, ok := a.within(time.Second); !ok {
			t.Fatal("no path")
		}
		busy := func(d time.Duration, until func() bool) time.Duration {
			start := time.Now()
			for time.Since(start) < d && !until() {
				a.Touch()
				b.Touch()
				time.Sleep(10 * time.Millisecond)
			}
			return time.Since(start)
		}
		busy(3*time.Second, func() bool { return false })
		elsewhere := n.router("198.51.100.77", mapEIM, filterAPDF)
		n.mu.Lock()
		delete(n.routers, a.main.r.public)
		elsewhere.sockets[a.main.addr.Port()] = a.main
		a.main.r = elsewhere
		n.mu.Unlock()
		ca, _ := a.reflexiveOf()
		b.AddRemote(ca) // what the coordinator would tell
		a.Repunch()
		took := busy(5*time.Second, func() bool {
			x, y := a.Path(), b.Path()
			return x.Proven && y.Proven && y.Remote.Addr() == elsewhere.public
		})
		if took > time.Second {
			t.Errorf("after a move a direct path takes %v: %+v, %+v", took, a.Path(), b.Path())
		}
	})
}

// TestFlush empties a NAT that then picks another port (goal G19).
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterEIF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		if _, ok := a.within(time.Second); !ok {
			t.Fatal("no path")
		}
		old := b.Path().Remote
		for range 30 {
			a.Touch()
			b.Touch()
			time.Sleep(100 * time.Millisecond)
		}
		n.mu.Lock()
		clear(a.main.r.ports)
		clear(a.main.r.owner)
		clear(a.main.r.allowed)
		n.mu.Unlock()
		start := time.Now()
		for b.Path().Remote == old || !b.Path().Proven || !a.Path().Proven {
			a.Touch()
			b.Touch()
			time.Sleep(10 * time.Millisecond)
			if time.Since(start) > 2*time.Second {
				t.Fatalf("after a flush: %+v, %+v", a.Path(), b.Path())
			}
		}
	})
}

// TestLossyPath keeps a busy path over ten minutes of 5 % loss and 150 ms of round trip, and finds it at such a place.
func TestLossyPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 75*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		random := rand.New(rand.NewPCG(1, 2))
		n.mu.Lock()
		n.drop = func(_, _ netip.AddrPort) bool { return random.IntN(100) < 5 }
		n.mu.Unlock()
		meet(a, b, 50*time.Millisecond)
		if _, ok := a.within(time.Second); !ok {
			t.Fatal("no path")
		}
		b.within(time.Second)
		for range 10 * 60 * 10 {
			a.Touch()
			b.Touch()
			time.Sleep(100 * time.Millisecond)
		}
		if lost := len(a.states) + len(b.states); lost > 0 {
			t.Errorf("the path was lost or changed: %d news", lost)
		}
	})
}
