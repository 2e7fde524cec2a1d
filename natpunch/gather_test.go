package natpunch

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// serveSTUN answers Binding requests on a loopback socket until the test ends.
func serveSTUN(t *testing.T, as func(from netip.AddrPort) netip.AddrPort) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if r := Respond(buf[:n], as(from)); r != nil {
				c.WriteToUDPAddrPort(r, from)
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// socket opens a loopback socket whose STUN messages reach the client.
func stunSocket(t *testing.T) (netip.AddrPort, *STUN) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSTUN(func(p []byte, to netip.AddrPort) { c.WriteToUDPAddrPort(p, to) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			s.Handle(buf[:n], from)
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return c.LocalAddr().(*net.UDPAddr).AddrPort(), s
}

// settled waits for the Gatherer to have asked everybody.
func settled(t *testing.T, told <-chan Gathered) Gathered {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case g := <-told:
			if g.Settled {
				return g
			}
		case <-limit:
			t.Fatal("gathering does not settle")
		}
	}
}

func TestGather(t *testing.T) {
	public := netip.MustParseAddr("198.51.100.7")
	for _, c := range []struct {
		name    string
		as      func(from netip.AddrPort) netip.AddrPort
		servers int
		want    Behaviour
		mapped  []netip.AddrPort
	}{
		{"no NAT", func(from netip.AddrPort) netip.AddrPort { return from }, 2, Behaviour{Mapping: NoNAT}, nil},
		{"endpoint-independent", func(netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(public, 4242) }, 2,
			Behaviour{Mapping: EndpointIndependent}, []netip.AddrPort{netip.AddrPortFrom(public, 4242)}},
		{"one server", func(netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(public, 4242) }, 1,
			Behaviour{}, []netip.AddrPort{netip.AddrPortFrom(public, 4242)}},
		{"no server", nil, 0, Behaviour{}, nil},
		{"private lies", func(netip.AddrPort) netip.AddrPort { return netip.MustParseAddrPort("224.0.0.1:1") }, 2,
			Behaviour{Mapping: EndpointIndependent}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			local, client := stunSocket(t)
			var servers []netip.AddrPort
			for range c.servers {
				servers = append(servers, serveSTUN(t, c.as))
			}
			static := netip.MustParseAddrPort("203.0.113.9:99")
			told := make(chan Gathered, 64)
			g := Gather(GatherConfig{Local: local, Loopback: true, STUN: client, Servers: servers, Static: []netip.AddrPort{static}, Changed: func(g Gathered) { told <- g }})
			defer g.Close()
			got := settled(t, told)
			if got.V4 != c.want || got.V6 != (Behaviour{}) || got.Behaviour() != c.want {
				t.Errorf("behaviour %v and %v, want %v", got.V4, got.V6, c.want)
			}
			want := []Candidate{{local, Host}, {static, Static}}
			for _, m := range c.mapped {
				want = append(want, Candidate{m, Reflexive})
			}
			if !slices.Equal(got.Candidates, want) {
				t.Errorf("candidates %v, want %v", got.Candidates, want)
			}
			if len(got.Servers) != c.servers {
				t.Errorf("%d answers of %d servers", len(got.Servers), c.servers)
			}
		})
	}
	t.Run("steps", func(t *testing.T) {
		local, client := stunSocket(t)
		var steps atomic.Uint32
		step := func(netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(public, uint16(40000+2*steps.Add(1))) }
		var servers []netip.AddrPort
		for range 4 {
			servers = append(servers, serveSTUN(t, step))
		}
		told := make(chan Gathered, 64)
		g := Gather(GatherConfig{Local: local, Loopback: true, STUN: client, Servers: servers, Changed: func(g Gathered) { told <- g }})
		defer g.Close()
		// The servers race one another for the counter, so the step itself may be hidden; that the ports differ is not.
		if got := settled(t, told); got.V4.Mapping != EndpointDependent || len(got.Candidates) != 2 {
			t.Errorf("behaviour %v, candidates %v", got.V4, got.Candidates)
		}
	})
}

// TestGatherAgain asks anew and hears what changed.
func TestGatherAgain(t *testing.T) {
	local, client := stunSocket(t)
	at := make(chan netip.AddrPort, 1)
	at <- netip.MustParseAddrPort("198.51.100.7:1000")
	server := serveSTUN(t, func(netip.AddrPort) netip.AddrPort { a := <-at; at <- a; return a })
	told := make(chan Gathered, 64)
	g := Gather(GatherConfig{Local: local, STUN: client, Servers: []netip.AddrPort{server}, Changed: func(g Gathered) { told <- g }})
	defer g.Close()
	has := func(g Gathered, a string) bool {
		return slices.ContainsFunc(g.Candidates, func(c Candidate) bool { return c.Addr.String() == a })
	}
	if got := settled(t, told); !has(got, "198.51.100.7:1000") {
		t.Fatalf("candidates %v", got.Candidates)
	}
	<-at
	at <- netip.MustParseAddrPort("198.51.100.8:2000")
	g.Again()
	limit := time.After(10 * time.Second)
	for {
		select {
		case got := <-told:
			if has(got, "198.51.100.8:2000") && !has(got, "198.51.100.7:1000") {
				return
			}
		case <-limit:
			t.Fatal("the new address is not found")
		}
	}
}

// TestGatherRefresh has a NAT that forgets: the Gatherer sees the new address by itself, tells it once, and never takes a NAT
// that changed its port for one that depends on the destination.
func TestGatherRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local := netip.MustParseAddrPort("10.0.0.2:5000")
		servers := []netip.AddrPort{netip.MustParseAddrPort("203.0.113.1:1"), netip.MustParseAddrPort("203.0.113.1:2"), netip.MustParseAddrPort("203.0.113.9:9")}
		var mu sync.Mutex
		outer, asked := netip.MustParseAddrPort("198.51.100.7:1000"), 0
		var client *STUN
		client = NewSTUN(func(p []byte, to netip.AddrPort) {
			mu.Lock()
			from := outer
			asked++
			mu.Unlock()
			if to != servers[2] { // which is dead
				r := Respond(p, from)
				time.AfterFunc(time.Duration(to.Port())*10*time.Millisecond, func() { client.Handle(r, to) })
			}
		})
		var told []Gathered
		g := Gather(GatherConfig{Local: local, STUN: client, Servers: servers, Changed: func(g Gathered) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, g)
		}})
		time.Sleep(70 * time.Second)
		mu.Lock()
		before := len(told)
		mu.Unlock()
		if last := g.Now(); !last.Settled || last.V4.Mapping != EndpointIndependent || before > 5 {
			t.Errorf("told %d times, last %v", before, last)
		}
		mu.Lock()
		outer = netip.MustParseAddrPort("198.51.100.7:2000")
		perMinute := asked
		mu.Unlock()
		time.Sleep(30 * time.Second)
		g.Close()
		if len(told) != before+1 || told[before].Candidates[1].Addr != outer {
			t.Errorf("told %d times of a new port: %v", len(told)-before, g.Now())
		}
		for _, g := range told {
			if g.V4.Mapping == EndpointDependent {
				t.Errorf("told of a NAT that it is not: %v", g)
			}
		}
		if perMinute > 30 {
			t.Errorf("asked %d times in 70 s", perMinute)
		}
	})
}
