package natpunch

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// A wide is a busy pair of which one side has begun to send packets of 1400 bytes.
type wide struct {
	net  *simnet
	a, b *end
	ra   *router // of a
}

func newWide(t *testing.T, delay time.Duration) *wide {
	n := newSimnet(t, delay)
	w := &wide{net: n, ra: n.router("198.51.100.1", mapEIM, filterAPDF)}
	w.a = w.ra.end(1, true)
	w.b = n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
	meet(w.a, w.b, 0)
	if _, ok := w.a.within(time.Second); !ok {
		t.Fatal("no path")
	}
	w.b.within(time.Second)
	w.a.size.Store(1400)
	w.b.size.Store(1400)
	w.busy(3*time.Second, nil)
	if w.a.Path().Narrow || w.b.Path().Narrow {
		t.Fatal("a path that passes everything is narrow")
	}
	return w
}

func (w *wide) close() {
	w.a.Close()
	w.b.Close()
}

// busy lets traffic flow for a time, or until something holds.
func (w *wide) busy(d time.Duration, until func() bool) time.Duration {
	start := time.Now()
	for time.Since(start) < d && (until == nil || !until()) {
		w.a.Touch()
		w.b.Touch()
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(start)
}

// narrow loses packets above a size; 0 is none.
func (w *wide) narrow(size int) {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	w.net.limit = map[netip.Addr]int{w.ra.public: size}
}

// TestNarrowPath shrinks a path under traffic, and widens it again.
func TestNarrowPath(t *testing.T) {
	for _, delay := range []time.Duration{0, 20 * time.Millisecond, 75 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWide(t, delay)
			defer w.close()
			both := func(narrow bool) func() bool {
				return func() bool { return w.a.Path().Narrow == narrow && w.b.Path().Narrow == narrow }
			}
			before := w.a.Path()
			w.narrow(1300)
			if d := w.busy(10*time.Second, both(true)); d > 1600*time.Millisecond {
				t.Errorf("found narrow after %v", d)
			}
			if s := w.a.Path(); !s.Proven || s.Remote != before.Remote {
				t.Errorf("the path is %+v, want %+v", s, before)
			}
			w.busy(time.Minute, func() bool { return !w.a.Path().Narrow || !w.b.Path().Narrow })
			if !both(true)() {
				t.Error("a narrow path is thought wide")
			}
			w.narrow(0)
			if d := w.busy(2*longestWiden, both(false)); d > longestWiden+time.Second {
				t.Errorf("found wide after %v", d)
			}
			w.narrow(1399)
			if d := w.busy(10*time.Second, both(true)); d > 1600*time.Millisecond {
				t.Errorf("found narrow again after %v", d)
			}
		})
	}
}

// TestNarrowSizes holds that nothing is said of sizes that are not in use.
func TestNarrowSizes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(t, 20*time.Millisecond)
		defer w.close()
		w.a.size.Store(1250)
		w.narrow(1300)
		w.busy(5*time.Second, nil)
		if w.a.Path().Narrow {
			t.Error("narrow for packets that are not sent")
		}
		if !w.b.Path().Narrow {
			t.Error("the other direction is not watched by itself")
		}
		w.b.size.Store(1200)
		if d := w.busy(time.Minute, func() bool { return !w.b.Path().Narrow }); d > time.Second {
			t.Errorf("small packets are held back for %v", d)
		}
		w.a.size.Store(1301)
		w.busy(2*time.Second, nil)
		if !w.a.Path().Narrow {
			t.Error("a larger size is not noticed")
		}
	})
}

// TestNewPathIsNarrow moves a pair to a network that passes less: large packets are held back until the path is known to pass them.
func TestNewPathIsNarrow(t *testing.T) {
	for _, limit := range []int{1300, 0} {
		synctest.Test(t, func(t *testing.T) {
			w := newWide(t, 20*time.Millisecond)
			defer w.close()
			elsewhere := w.net.router("198.51.100.77", mapEIM, filterAPDF)
			w.net.mu.Lock()
			w.net.limit = map[netip.Addr]int{elsewhere.public: limit}
			delete(w.net.routers, w.ra.public)
			elsewhere.sockets[w.a.main.addr.Port()] = w.a.main
			w.a.main.r = elsewhere
			w.net.mu.Unlock()
			for len(w.a.states) > 0 {
				<-w.a.states
			}
			ca, _ := w.a.reflexiveOf()
			w.b.AddRemote(ca)
			w.a.Repunch()
			s, ok := w.a.within(5 * time.Second)
			if !ok || !s.Narrow {
				t.Fatalf("the first path is %+v, want one that is narrow", s)
			}
			w.busy(200*time.Millisecond, nil)
			if got := w.a.Path().Narrow; got != (limit > 0) {
				t.Errorf("limit %d: narrow is %v", limit, got)
			}
			w.busy(5*time.Second, nil)
			if got := w.a.Path().Narrow; got != (limit > 0) {
				t.Errorf("limit %d: narrow is %v after a while", limit, got)
			}
		})
	}
}

// TestLossIsNotNarrow loses packets of every size alike.
func TestLossIsNotNarrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(t, 75*time.Millisecond)
		defer w.close()
		random := rand.New(rand.NewPCG(3, 4))
		w.net.mu.Lock()
		w.net.drop = func(_, _ netip.AddrPort) bool { return random.IntN(100) < 5 }
		w.net.mu.Unlock()
		for range 10 * 60 * 10 {
			w.busy(100*time.Millisecond, nil)
			if w.a.Path().Narrow || w.b.Path().Narrow {
				t.Fatal("loss is taken for a narrow path")
			}
		}
	})
}

// TestDeadPathIsNotNarrow cuts the path altogether for a moment that is too short to lose it, and for good.
func TestDeadPathIsNotNarrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(t, 20*time.Millisecond)
		defer w.close()
		cut := func(on bool) {
			w.net.mu.Lock()
			defer w.net.mu.Unlock()
			w.net.drop = func(_, _ netip.AddrPort) bool { return on }
		}
		cut(true)
		w.busy(600*time.Millisecond, nil)
		cut(false)
		w.busy(time.Second, nil)
		cut(true)
		w.busy(5*time.Second, func() bool { return !w.a.Path().Proven && !w.b.Path().Proven })
		for _, e := range []*end{w.a, w.b} {
			for len(e.states) > 0 {
				if s := <-e.states; s.Proven && s.Narrow {
					t.Errorf("a dead path is taken for a narrow one: %+v", s)
				}
			}
		}
	})
}

// TestWidthCost bounds what the large pings cost: nothing while no traffic flows, else about three a second in each direction.
func TestWidthCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWide(t, 20*time.Millisecond)
		defer w.close()
		large := func() int {
			w.net.mu.Lock()
			defer w.net.mu.Unlock()
			return w.net.large
		}
		before := large()
		w.busy(10*time.Second, nil)
		if n := large() - before; n < 20 || n > 70 {
			t.Errorf("%d large pings in ten busy seconds", n)
		}
		time.Sleep(2 * busyFor)
		before = large()
		time.Sleep(time.Minute)
		if n := large() - before; n > 0 {
			t.Errorf("%d large pings in an idle minute", n)
		}
		w.busy(time.Second, nil)
		w.narrow(1300)
		w.busy(3*time.Second, nil)
		time.Sleep(2 * longestWiden)
		before = large()
		time.Sleep(10 * longestWiden)
		if n := large() - before; n > 2*mostWidePings*11 {
			t.Errorf("%d large pings in %v of an idle narrow path", n, 10*longestWiden)
		}
	})
}
