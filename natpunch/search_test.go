package natpunch

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLateCandidate tells the address that works when the first try is long over: the next one does not wait.
func TestLateCandidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		ca, ba := a.reflexiveOf()
		cb, bb := b.reflexiveOf()
		a.SetBehaviour(ba, bb)
		b.SetBehaviour(bb, ba)
		a.Go(0)
		b.Go(0)
		time.Sleep(10 * time.Second)
		if r := a.Report(); a.Path().Proven || r.Tries != 1 || !strings.Contains(r.Why(), "no address") {
			t.Errorf("without candidates: %+v, %s", a.Path(), r.Why())
		}
		a.AddRemote(cb)
		b.AddRemote(ca)
		if _, ok := a.within(time.Second); !ok {
			t.Errorf("no path a second after the candidate:\n%v", a.Report())
		}
	})
}

// TestBetterPath finds the lan after a path over the internet: the address comes later.
func TestBetterPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 5*time.Millisecond)
		a := n.router("10.1.1.1", mapNone, filterEIF).end(1, true)
		b := n.router("198.51.100.2", mapNone, filterEIF).end(1, false)
		defer a.Close()
		defer b.Close()
		a.reflexiveOf() // opens the port
		b.reflexiveOf()
		a.AddRemote(Candidate{b.main.addr, Host})
		a.Go(0)
		b.Go(0)
		if s, ok := b.within(time.Second); !ok || s.Kind != PeerReflexive {
			t.Fatalf("path %+v", s)
		}
		time.Sleep(10 * time.Second)
		lan := n.router("10.1.1.2", mapNone, filterEIF) // another address of the same host
		n.mu.Lock()
		lan.sockets[b.main.addr.Port()], lan.owner[b.main.addr.Port()] = b.main, b.main.addr
		n.mu.Unlock()
		before := n.sent()
		a.AddRemote(Candidate{netip.AddrPortFrom(lan.public, b.main.addr.Port()), Host})
		time.Sleep(time.Second)
		if n.sent() == before {
			t.Error("a new address is not tried while there is a path")
		}
	})
}

// TestNoBirthday switches birthday punching off at either side: no more sockets, no guesses.
func TestNoBirthday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapAPDM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		a.puncher.cfg.Open, b.puncher.cfg.Open = nil, nil
		meet(a, b, 0)
		time.Sleep(5 * time.Second)
		if x, y := a.Report(), b.Report(); x.Birthday+y.Birthday > 0 || n.sent() > 100 {
			t.Errorf("%d packets\n%v\n%v", n.sent(), x, y)
		}
		if why := b.Report().Why(); !strings.Contains(why, "picks a new port for every peer") {
			t.Errorf("why: %s", why)
		}
	})
}

// TestBirthdaySockets closes the sockets that won nothing.
func TestBirthdaySockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapAPDM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer b.Close()
		meet(a, b, 0)
		sockets := func() int {
			n.mu.Lock()
			defer n.mu.Unlock()
			return len(a.main.r.sockets)
		}
		for range 3 {
			if a.Path().Proven && b.Path().Proven {
				break
			}
			time.Sleep(birthdayEvery)
		}
		time.Sleep(punchFor)
		if s := a.Path(); !s.Proven || s.Out == Outlet(a.main) {
			t.Fatalf("path %+v\n%v", s, a.Report())
		}
		if left := sockets(); left < 2 || left > 4 {
			t.Errorf("%d sockets stay open", left)
		}
		time.Sleep(time.Minute)
		if s := b.Path(); !s.Proven {
			t.Error("the path dies with the sockets that were closed")
		}
		a.Close()
		if left := sockets(); left != 1 {
			t.Errorf("%d sockets outlive the pair", left)
		}
	})
}

// TestSpoiledPort has a home-made router at one end, whose port is spoiled by packets that come too early. Whoever begins, it
// works within some tries.
func TestSpoiledPort(t *testing.T) {
	for _, lower := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := newSimnet(t, 20*time.Millisecond)
			a := n.router("198.51.100.1", mapSpoil, filterAPDF).end(1, lower)
			b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, !lower)
			defer a.Close()
			defer b.Close()
			cb, bb := b.reflexiveOf()
			ca, ba := a.reflexiveOf()
			a.SetBehaviour(ba, bb)
			b.SetBehaviour(bb, ba)
			a.AddRemote(cb)
			b.AddRemote(ca)
			b.Go(0)
			a.Go(150 * time.Millisecond)
			if _, ok := a.within(2 * time.Second); ok {
				t.Fatal("the router is not what it claims to be")
			}
			if _, ok := a.within(4 * time.Minute); !ok {
				t.Errorf("lower %v: no path\n%v\n%v", lower, a.Report(), b.Report())
			}
		})
	}
}

// TestReport holds what people are told of a pair.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 20*time.Millisecond)
		a := n.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
		b := n.router("198.51.100.2", mapEIM, filterAPDF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		a.within(time.Second)
		time.Sleep(time.Second)
		r := a.Report()
		if !r.Path.Proven || r.Tries != 1 || len(r.Tried) != 2 || r.Ours.Mapping != EndpointIndependent || r.Why() != "" {
			t.Fatalf("%+v", r)
		}
		private, public := r.Tried[0], r.Tried[1]
		if private.Kind != Host || private.Pongs != 0 || private.Pings == 0 || private.Why() != "no answer" {
			t.Errorf("private address: %+v", private)
		}
		own, _ := a.reflexiveOf()
		if public.Kind != Reflexive || !public.Heard || public.RTT != 40*time.Millisecond || public.Observed != own.Addr || public.Why() != "works" {
			t.Errorf("public address: %+v, want to be seen as %v", public, own.Addr)
		}
		text := r.String()
		for _, part := range []string{"endpoint-independent mapping", "host 10.9.9.9:5000: no answer", "server-reflexive", "works", "40ms"} {
			if !strings.Contains(text, part) {
				t.Errorf("the report does not say %q:\n%s", part, text)
			}
		}
	})
}

// TestBusyPathStays fills the path in use: its round trips grow, which makes an idle one of the same kind no better.
func TestBusyPathStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimnet(t, 5*time.Millisecond)
		a := n.router("198.51.100.1", mapNone, filterEIF).end(1, true)
		b := n.router("198.51.100.2", mapNone, filterEIF).end(1, false)
		defer a.Close()
		defer b.Close()
		meet(a, b, 0)
		first, ok := b.within(time.Second)
		if !ok {
			t.Fatal("no path")
		}
		delay := func(d time.Duration) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.delay = d
		}
		delay(100 * time.Millisecond)
		for range 20 {
			b.Touch()
			time.Sleep(time.Second)
		}
		delay(20 * time.Millisecond)
		other := n.routers[first.Remote.Addr()].socket(6000) // of the same machine
		other.puncher = a.main.puncher
		other.Send(nil, first.Remote) // maps its port
		b.AddRemote(Candidate{other.addr, first.Kind})
		time.Sleep(300 * time.Millisecond)
		if r := b.Report(); r.Tried[len(r.Tried)-1].Pongs == 0 {
			t.Fatalf("the other address does not answer:\n%v", r)
		}
		if s := b.Path(); s.Remote != first.Remote {
			t.Errorf("left %v for %v", first.Remote, s.Remote)
		}
	})
}
