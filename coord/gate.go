package coord

import (
	"net/netip"
	"sync"
)

// Limits on connections, beyond what the seats need. A source is an IPv4 address or an IPv6 /64.
const (
	spareLinks       = 256
	spareSourceLinks = 32
	linksPerSeat     = 4 // coming back, by several addresses
)

// A gate counts the open connections of a server, over whatever transport, and waits for them in the end.
type gate struct {
	seats int

	mu      sync.Mutex
	sources map[netip.Prefix]int
	total   int
	closed  bool
	inside  sync.WaitGroup
}

// enter lets a connection in, if there is room. Whoever is in has to exit.
func (g *gate) enter(addr netip.AddrPort) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.room(sourceOf(addr)) {
		return false
	}
	g.sources[sourceOf(addr)]++
	g.total++
	g.inside.Add(1)
	return true
}

func (g *gate) exit(addr netip.AddrPort) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	source := sourceOf(addr)
	if g.sources[source]--; g.sources[source] == 0 {
		delete(g.sources, source)
	}
	g.inside.Done()
}

// mayEnter tells whether there is room now, before anything was spent on a connection.
func (g *gate) mayEnter(addr netip.AddrPort) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.room(sourceOf(addr))
}

// room must be called with mu held.
func (g *gate) room(source netip.Prefix) bool {
	seats := linksPerSeat * g.seats // all parties may sit behind one address
	return !g.closed && g.total < seats+spareLinks && g.sources[source] < seats+spareSourceLinks
}

// close lets nobody in any more and waits until all are out.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

func sourceOf(addr netip.AddrPort) netip.Prefix {
	bits := 64
	if addr.Addr().Is4() {
		bits = 32
	}
	source, _ := addr.Addr().Prefix(bits)
	return source
}
