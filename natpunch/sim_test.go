package natpunch

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A simnet is an internet in one process: routers of every kind between hosts and one another, in virtual time.
type simnet struct {
	t       *testing.T
	delay   time.Duration
	mu      sync.Mutex
	routers map[netip.Addr]*router
	drop    func(from, to netip.AddrPort) bool // nil: nothing
	packets int
	limit   map[netip.Addr]int // larger packets to or from a router are lost
	large   int                // packets of 1000 bytes and more
}

type mapping uint8

const (
	mapNone mapping = iota
	mapEIM
	mapADM
	mapAPDM
	mapStep  // APDM with constant steps
	mapSpoil // EIM, but a destination that wrote first gets a port of its own: noinputdrop of natlab
)

type filtering uint8

const (
	filterEIF filtering = iota
	filterADF
	filterAPDF
	filterAll // no UDP
)

// A router is a NAT and its one host, or with mapNone the host itself behind a firewall.
type router struct {
	net     *simnet
	public  netip.Addr
	inner   netip.Addr
	mapping mapping
	filter  filtering
	next    uint16
	ports   map[[2]netip.AddrPort]uint16 // inner address, destination as far as the mapping depends on it
	owner   map[uint16]netip.AddrPort
	allowed map[uint16]map[netip.AddrPort]bool // by outer port; a port of zero is any
	spoiled map[[2]netip.AddrPort]time.Time    // mapSpoil: outer address and who wrote to it, until when
	sockets map[uint16]*simOutlet
}

type simOutlet struct {
	net     *simnet
	r       *router
	addr    netip.AddrPort // inner
	puncher *Puncher
}

func newSimnet(t *testing.T, delay time.Duration) *simnet {
	return &simnet{t: t, delay: delay, routers: map[netip.Addr]*router{}}
}

func (n *simnet) router(public string, m mapping, f filtering) *router {
	r := &router{net: n, public: netip.MustParseAddr(public), inner: netip.MustParseAddr("10.9.9.9"), mapping: m, filter: f, next: 40000,
		ports: map[[2]netip.AddrPort]uint16{}, owner: map[uint16]netip.AddrPort{}, allowed: map[uint16]map[netip.AddrPort]bool{}, sockets: map[uint16]*simOutlet{}, spoiled: map[[2]netip.AddrPort]time.Time{}}
	if m == mapNone {
		r.inner = r.public
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routers[r.public] = r
	return r
}

func (r *router) socket(port uint16) *simOutlet {
	o := &simOutlet{net: r.net, r: r, addr: netip.AddrPortFrom(r.inner, port)}
	r.net.mu.Lock()
	r.sockets[port] = o
	r.net.mu.Unlock()
	return o
}

func (o *simOutlet) Close() error {
	o.net.mu.Lock()
	defer o.net.mu.Unlock()
	delete(o.r.sockets, o.addr.Port())
	return nil
}

// outer is the address of o as a destination sees it. The lock is held.
func (o *simOutlet) outer(to netip.AddrPort) netip.AddrPort {
	r := o.r
	if r.mapping == mapNone {
		r.owner[o.addr.Port()] = o.addr
		return o.addr
	}
	key := [2]netip.AddrPort{o.addr}
	switch r.mapping {
	case mapADM:
		key[1] = netip.AddrPortFrom(to.Addr(), 0)
	case mapAPDM, mapStep:
		key[1] = to
	}
	port, ok := r.ports[key]
	if until := r.spoiled[[2]netip.AddrPort{netip.AddrPortFrom(r.public, port), to}]; ok && time.Now().Before(until) {
		key[1] = to
		port, ok = r.ports[key]
	}
	if !ok {
		port = uint16(1024 + rand.IntN(1<<16-1024))
		if r.mapping == mapStep {
			r.next += 3
			port = r.next
		}
		r.ports[key], r.owner[port] = port, o.addr
	}
	return netip.AddrPortFrom(r.public, port)
}

func (o *simOutlet) Send(p []byte, to netip.AddrPort) {
	n, p := o.net, append([]byte(nil), p...)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packets++
	if len(p) >= 1000 {
		n.large++
	}
	if o.r.filter == filterAll {
		return
	}
	from := o.outer(to)
	if n.drop != nil && n.drop(from, to) {
		return
	}
	for _, a := range []netip.Addr{from.Addr(), to.Addr()} {
		if most := n.limit[a]; most > 0 && len(p) > most {
			return
		}
	}
	if o.r.allowed[from.Port()] == nil {
		o.r.allowed[from.Port()] = map[netip.AddrPort]bool{}
	}
	o.r.allowed[from.Port()][to] = true
	o.r.allowed[from.Port()][netip.AddrPortFrom(to.Addr(), 0)] = true
	time.AfterFunc(n.delay, func() { n.deliver(p, from, to) })
}

func (n *simnet) deliver(p []byte, from, to netip.AddrPort) {
	n.mu.Lock()
	r := n.routers[to.Addr()]
	var o *simOutlet
	if r != nil && r.filter != filterAll {
		ok := r.filter == filterEIF
		ok = ok || r.filter == filterADF && r.allowed[to.Port()][netip.AddrPortFrom(from.Addr(), 0)]
		ok = ok || r.allowed[to.Port()][from]
		if inner, mapped := r.owner[to.Port()]; ok && mapped {
			o = r.sockets[inner.Port()]
		}
	}
	if r != nil && r.mapping == mapSpoil && o == nil {
		r.spoiled[[2]netip.AddrPort{to, from}] = time.Now().Add(30 * time.Second) // an unreplied entry of conntrack
	}
	n.mu.Unlock()
	if o != nil {
		o.puncher.Handle(p, o, from)
	}
}

// An end is one party of a simulated pair.
type end struct {
	*Pair
	main   *simOutlet
	states chan PathState
	size   atomic.Int32 // PairConfig.Largest
}

func (r *router) end(secret byte, lower bool) *end {
	e := &end{main: r.socket(5000), states: make(chan PathState, 64)}
	port := uint16(20000)
	var p *Puncher
	p = NewPuncher(PunchConfig{Main: e.main, Open: func() (Outlet, error) {
		port++
		o := r.socket(port)
		o.puncher = p
		return o, nil
	}})
	e.main.puncher = p
	e.Pair = p.Pair(PairConfig{Secret: [32]byte{secret}, Lower: lower, Changed: func(s PathState) { e.states <- s },
		Largest: func() int { return int(e.size.Load()) }})
	return e
}

// reflexive is what a STUN server would tell, and the mapping's class.
func (e *end) reflexiveOf() (Candidate, Behaviour) {
	n := e.main.net
	n.mu.Lock()
	defer n.mu.Unlock()
	var seen []Observation
	for _, at := range []string{"203.0.113.1:3478", "203.0.113.1:3479", "203.0.113.2:3478"} {
		server := netip.MustParseAddrPort(at)
		seen = append(seen, Observation{server, e.main.outer(server)})
	}
	if e.main.r.filter == filterAll {
		seen = nil
	}
	b := BehaviourOf([]netip.AddrPort{e.main.addr}, seen)
	if len(seen) == 0 {
		return Candidate{}, b
	}
	return Candidate{seen[2].Mapped, Reflexive}, b
}

// meet lets two ends exchange candidates and start, the second with a skew.
func meet(a, b *end, skew time.Duration) {
	ca, ba := a.reflexiveOf()
	cb, bb := b.reflexiveOf()
	for _, x := range []struct {
		e      *end
		remote Candidate
		host   netip.AddrPort
		ours   Behaviour
		theirs Behaviour
		after  time.Duration
	}{{a, cb, b.main.addr, ba, bb, 0}, {b, ca, a.main.addr, bb, ba, skew}} {
		x.e.SetBehaviour(x.ours, x.theirs)
		x.e.AddRemote(Candidate{x.host, Host}, x.remote)
		x.e.Go(x.after)
	}
}

// within waits in virtual time for a proven path.
func (e *end) within(d time.Duration) (PathState, bool) {
	limit := time.After(d)
	for {
		select {
		case s := <-e.states:
			if s.Proven {
				return s, true
			}
		case <-limit:
			return PathState{}, false
		}
	}
}

// TestMatrix punches between every two kinds of NAT and compares with the rule of design 4.4: direct, unless one side's
// mapping depends on the endpoint and the other's filtering on address and port; that case birthday punching opens if
// the other's mapping is endpoint-independent.
func TestMatrix(t *testing.T) {
	kinds := []struct {
		name string
		m    mapping
		f    filtering
	}{
		{"open", mapNone, filterEIF}, {"firewall", mapNone, filterAPDF}, {"cone", mapEIM, filterEIF}, {"address", mapEIM, filterADF},
		{"port", mapEIM, filterAPDF}, {"adm", mapADM, filterAPDF}, {"symmetric", mapAPDM, filterAPDF}, {"steps", mapStep, filterAPDF}, {"blocked", mapEIM, filterAll},
	}
	depends := func(m mapping) bool { return m >= mapADM }
	for i, x := range kinds {
		for _, y := range kinds[i:] {
			for _, skew := range []time.Duration{0, 150 * time.Millisecond} {
				want := x.f != filterAll && y.f != filterAll && !(depends(x.m) && depends(y.m))
				synctest.Test(t, func(t *testing.T) {
					n := newSimnet(t, 20*time.Millisecond)
					a := n.router("198.51.100.1", x.m, x.f).end(1, true)
					b := n.router("198.51.100.2", y.m, y.f).end(1, false)
					defer a.Close()
					defer b.Close()
					meet(a, b, skew)
					sa, oka := a.within(2 * punchFor)
					sb, okb := b.within(2 * punchFor)
					if depends(x.m) != depends(y.m) && x.f == filterAPDF && y.f == filterAPDF {
						// Birthday: likely, not certain; a second try is a minute away.
						if !oka || !okb {
							_, oka = a.within(2 * birthdayEvery)
							_, okb = b.within(2 * birthdayEvery)
						}
						if !oka || !okb {
							t.Errorf("%s x %s, skew %v: birthday punching failed twice:\n%v\n%v", x.name, y.name, skew, a.Report(), b.Report())
						}
						return
					}
					if oka != want || okb != want {
						t.Errorf("%s x %s, skew %v: direct %v and %v, want %v\n%v\n%v", x.name, y.name, skew, oka, okb, want, a.Report(), b.Report())
					}
					if want && (sa.RTT < 40*time.Millisecond || sb.RTT > 80*time.Millisecond) {
						t.Errorf("%s x %s: rtt %v and %v of a path of 40ms", x.name, y.name, sa.RTT, sb.RTT)
					}
				})
			}
		}
	}
}

// sent is how many packets were sent by anybody.
func (n *simnet) sent() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.packets
}
