package coord

import (
	"net/netip"
	"slices"
	"sync"
)

// A gate limits open connections, in all and from one source: an IPv4 address or an IPv6 /64. When it is full, a newcomer takes
// the place of a stranger from the most crowded source, so that many connections from a few places keep nobody else out.
type gate struct {
	most, mostOfSource int

	mu      sync.Mutex
	sources map[netip.Prefix][]*visitor // oldest first
	total   int
	closed  bool
	inside  sync.WaitGroup
}

// A visitor is one connection inside a gate: a stranger until it settles.
type visitor struct {
	gate    *gate
	source  netip.Prefix
	kick    func() // closes the connection, without waiting
	settled bool
	out     bool
}

func newGate(most, mostOfSource int) *gate {
	return &gate{most: most, mostOfSource: mostOfSource, sources: make(map[netip.Prefix][]*visitor)}
}

// enter lets a connection in, or returns nil. Whoever is in has to exit.
func (g *gate) enter(addr netip.AddrPort, kick func()) *visitor {
	g.mu.Lock()
	defer g.mu.Unlock()
	source := sourceOf(addr)
	ok, instead := g.room(source)
	if !ok {
		return nil
	}
	if instead != nil {
		g.remove(instead)
		instead.kick()
	}
	v := &visitor{gate: g, source: source, kick: kick}
	g.sources[source] = append(g.sources[source], v)
	g.total++
	g.inside.Add(1)
	return v
}

// mayEnter tells whether there is room now, before anything was spent on a connection.
func (g *gate) mayEnter(addr netip.AddrPort) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	ok, _ := g.room(sourceOf(addr))
	return ok
}

// room tells whether one more may come from a source, and instead of whom. It must be called with mu held.
func (g *gate) room(source netip.Prefix) (ok bool, instead *visitor) {
	if g.closed || len(g.sources[source]) >= g.mostOfSource {
		return false, nil
	}
	if g.total < g.most {
		return true, nil
	}
	crowd := len(g.sources[source]) + 1
	for _, list := range g.sources {
		if i := slices.IndexFunc(list, func(v *visitor) bool { return !v.settled }); i >= 0 && len(list) > crowd {
			crowd, instead = len(list), list[i]
		}
	}
	return instead != nil, instead
}

func (g *gate) remove(v *visitor) {
	v.out = true
	g.total--
	list := slices.DeleteFunc(g.sources[v.source], func(o *visitor) bool { return o == v })
	if g.sources[v.source] = list; len(list) == 0 {
		delete(g.sources, v.source)
	}
}

// close lets nobody in any more and waits until all are out.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

// settle keeps the place of a connection until it exits.
func (v *visitor) settle() {
	v.gate.mu.Lock()
	defer v.gate.mu.Unlock()
	v.settled = true
}

func (v *visitor) exit() {
	v.gate.mu.Lock()
	defer v.gate.mu.Unlock()
	if !v.out {
		v.gate.remove(v)
	}
	v.gate.inside.Done()
}

func sourceOf(addr netip.AddrPort) netip.Prefix {
	bits := 64
	if addr.Addr().Is4() {
		bits = 32
	}
	source, _ := addr.Addr().Prefix(bits)
	return source
}
