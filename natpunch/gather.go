package natpunch

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is gathered and asked.
const (
	maxCandidates = 24
	maxServers    = 16
	refreshEvery  = 25 * time.Second // before a NAT forgets the mapping (RFC 4787 REQ-5 has two minutes, many have 30 s)
)

// A GatherConfig says where to look for the addresses of one UDP socket.
type GatherConfig struct {
	Local    netip.AddrPort   // the socket's own address
	Loopback bool             // the machine's loopback addresses count
	STUN     *STUN            // a client on the socket; nil asks no server
	Servers  []netip.AddrPort // STUN servers of both families; two ports or more tell the mapping
	Static   []netip.AddrPort // given by the user
	PortMap  bool             // ask the router for a port mapping (PCP, NAT-PMP, UPnP)

	// Changed is called by the Gatherer's goroutine whenever something new is known, and must not call the Gatherer. It need
	// not keep up with a slow peer: each call carries everything.
	Changed func(Gathered)
}

// Gathered is what is known of a socket's addresses.
type Gathered struct {
	Candidates []Candidate // each address once, best first
	V4, V6     Behaviour   // by address family
	Servers    []Answer    // of the STUN servers, in the order of asking
	Mapping    string      // how the router was asked for a port and what it said; empty if it was not, or not yet
	Settled    bool        // every STUN server has answered or been given up
}

// Behaviour is the one to tell peers: that of IPv4, where the NATs are, unless only IPv6 leaves the network.
func (g Gathered) Behaviour() Behaviour {
	four := g.V4.Mapping != NoUDP && g.V4.Mapping != UnknownMapping
	if !four && (g.V6.Mapping == NoNAT || g.V6.Mapping == EndpointIndependent) {
		return g.V6
	}
	return g.V4
}

// String is for people, a line for each thing known.
func (g Gathered) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "IPv4: %v (%s); IPv6: %v (%s)", g.V4, g.V4.Mapping.Gloss(), g.V6, g.V6.Mapping.Gloss())
	for _, c := range g.Candidates {
		fmt.Fprintf(&b, "\n%v %v", c.Kind, c.Addr)
	}
	for _, a := range g.Servers {
		if a.Err != nil {
			fmt.Fprintf(&b, "\n%v", a.Err)
		}
	}
	if g.Mapping != "" {
		fmt.Fprintf(&b, "\n%s", g.Mapping)
	}
	return b.String()
}

// An Answer is what one STUN server said: the address it saw, or why there is none.
type Answer struct {
	Observation
	Err error
}

// An answer is one server's, to the questions of one batch.
type answer struct {
	Answer
	server, batch int
	known         bool
}

// A Gatherer finds the candidates of a socket and keeps its port mapping, until Close.
type Gatherer struct {
	cfg     GatherConfig
	again   chan struct{} // holds one
	remap   chan struct{} // holds one
	mapped  chan portMapping
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu  sync.Mutex
	now Gathered

	// Owned by run.
	own     []netip.AddrPort // addresses of the socket, loopback ones included
	hosts   []netip.AddrPort
	answers []answer // by server
	batch   int
	mapping portMapping
}

// Gather starts to look for candidates.
func Gather(cfg GatherConfig) *Gatherer {
	ctx, cancel := context.WithCancel(context.Background())
	g := &Gatherer{
		cfg: cfg, again: make(chan struct{}, 1), remap: make(chan struct{}, 1), mapped: make(chan portMapping), cancel: cancel,
	}
	if cfg.STUN == nil {
		g.cfg.Servers = nil
	}
	if len(g.cfg.Servers) > maxServers {
		g.cfg.Servers = g.cfg.Servers[:maxServers]
	}
	g.answers = make([]answer, len(g.cfg.Servers))
	g.running.Go(func() { g.run(ctx) })
	if cfg.PortMap {
		g.running.Go(func() { keepMapping(ctx, cfg.Local.Port(), g.remap, g.mapped) })
	}
	return g
}

// Again looks anew, for example after the machine's addresses changed or a path was lost.
func (g *Gatherer) Again() {
	signal(g.again)
	signal(g.remap)
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Now is what is known at this moment.
func (g *Gatherer) Now() Gathered {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// Close stops, and gives the port mapping back to the router; that takes two seconds at most.
func (g *Gatherer) Close() {
	g.cancel()
	g.running.Wait()
}

func (g *Gatherer) run(ctx context.Context) {
	for ctx.Err() == nil {
		g.round(ctx)
	}
}

// round looks once, keeps the NAT's mapping in use, and returns when everything is to be looked at again.
func (g *Gatherer) round(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()

	g.own, _ = Hosts(g.cfg.Local, true)
	g.hosts = slices.DeleteFunc(slices.Clone(g.own), func(a netip.AddrPort) bool {
		return a.Addr().IsLoopback() && !g.cfg.Loopback && g.cfg.Local.Addr().IsUnspecified()
	})
	answers := make(chan answer)
	open := g.ask(ctx, &asking, answers)
	settled := open == 0
	g.publish(settled)
	refresh := time.NewTicker(refreshEvery)
	defer refresh.Stop()
	for {
		select {
		case a := <-answers:
			open--
			g.take(a, settled)
			if !settled || open == 0 { // of a refresh only the whole is told
				settled = open == 0
				g.publish(settled)
			}
		case <-refresh.C:
			if open == 0 {
				open = g.ask(ctx, &asking, answers)
			}
		case g.mapping = <-g.mapped:
			g.publish(settled)
		case <-g.again:
			return
		case <-ctx.Done():
			return
		}
	}
}

// ask asks every server, one after the other for the sake of the steps between ports, and says how many answers will come.
func (g *Gatherer) ask(ctx context.Context, asking *sync.WaitGroup, answers chan<- answer) (open int) {
	g.batch++
	batch := g.batch
	for i, s := range g.cfg.Servers {
		if !g.reaches(s.Addr()) {
			g.answers[i].known = false
			continue
		}
		open++
		q := g.cfg.STUN.ask(s)
		asking.Go(func() {
			mapped, err := q.wait(ctx)
			select {
			case answers <- answer{Answer{Observation{s, mapped}, err}, i, batch, true}:
			case <-ctx.Done():
			}
		})
	}
	return open
}

// take enters an answer. What a refresh does not answer stays as it was; if an address changed, what was known before is worth
// nothing.
func (g *Gatherer) take(a answer, refresh bool) {
	old := &g.answers[a.server]
	if refresh && a.Err != nil {
		return
	}
	if old.known && old.Mapped != a.Mapped {
		for i := range g.answers {
			if g.answers[i].batch < a.batch {
				g.answers[i].known = false
			}
		}
	}
	*old = a
}

// reaches tells whether the socket has an address of the server's family; without, asking takes long and tells nothing.
func (g *Gatherer) reaches(server netip.Addr) bool {
	any := g.cfg.Local.Addr().IsUnspecified()
	return slices.ContainsFunc(g.own, func(a netip.AddrPort) bool {
		inside := any && a.Addr().IsLoopback() && !server.IsLoopback()
		return a.Addr().Is4() == server.Unmap().Is4() && !inside
	})
}

// publish tells what is known if it is news.
func (g *Gatherer) publish(settled bool) {
	n := Gathered{Settled: settled, Mapping: g.mapping.how}
	for _, a := range g.answers {
		if a.known {
			n.Servers = append(n.Servers, a.Answer)
		}
	}
	n.V4, n.V6 = g.behaviour(n, true), g.behaviour(n, false)
	n.Candidates = g.candidates(n)
	g.mu.Lock()
	old := g.now
	g.now = n
	g.mu.Unlock()
	same := slices.Equal(old.Candidates, n.Candidates) && old.V4 == n.V4 && old.V6 == n.V6 && old.Mapping == n.Mapping &&
		old.Settled == n.Settled
	if g.cfg.Changed != nil && !same {
		g.cfg.Changed(n)
	}
}

// behaviour concludes for one family from the answers so far; silence tells something only in the end.
func (g *Gatherer) behaviour(n Gathered, four bool) Behaviour {
	var seen []Observation
	asked := false
	for _, a := range n.Servers {
		if a.Server.Addr().Unmap().Is4() == four {
			asked = true
			if a.Err == nil {
				seen = append(seen, a.Observation)
			}
		}
	}
	if len(seen) == 0 && !(asked && n.Settled) {
		return Behaviour{}
	}
	return BehaviourOf(g.own, seen)
}

func (g *Gatherer) candidates(n Gathered) []Candidate {
	var all []Candidate
	add := func(k Kind, addrs ...netip.AddrPort) {
		for _, a := range Usable(addrs) {
			known := slices.ContainsFunc(all, func(c Candidate) bool { return c.Addr == a })
			if !known && len(all) < maxCandidates {
				all = append(all, Candidate{a, k})
			}
		}
	}
	add(Static, g.cfg.Static...)
	if g.mapping.external.IsValid() {
		add(Mapped, g.mapping.external)
	}
	last := map[bool]netip.AddrPort{} // by family: of a NAT that picks new ports only the newest is worth a try
	for _, a := range n.Servers {
		if a.Err != nil || a.Mapped.Addr().IsLoopback() && !g.cfg.Loopback || slices.Contains(g.own, a.Mapped) {
			continue
		}
		four := a.Mapped.Addr().Is4()
		if b := n.V6; four && n.V4.Mapping == EndpointDependent || !four && b.Mapping == EndpointDependent {
			last[four] = a.Mapped
			continue
		}
		add(Reflexive, a.Mapped)
	}
	for _, a := range last {
		add(Reflexive, a)
	}
	add(Host, g.hosts...)
	slices.SortStableFunc(all, func(a, b Candidate) int { return rank(a.Addr.Addr()) - rank(b.Addr.Addr()) })
	return all
}
