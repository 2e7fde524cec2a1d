package pathconn

import (
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// queueSize is how many packets from other sockets may wait for QUIC.
const queueSize = 1024

// A core is what the two kinds of socket share: whose an address is, and packets that came another way.
type core struct {
	cfg   Config
	raw   func(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) // sends through the main socket
	queue chan injected
	wake  func() // ends a blocked read

	table atomic.Pointer[table]
	mu    sync.Mutex // serialises changes of table
	next  uint32     // synthetic address

	dropped atomic.Int64
}

// A table says whose an address is. It is replaced, never changed.
type table struct {
	synthetic map[netip.Addr]alias
	real      map[netip.AddrPort]*Peer
	allowed   map[netip.AddrPort]bool
	open      bool // unknown addresses pass
}

// An alias is one address by which QUIC knows a peer: a path, as far as it can tell.
type alias struct {
	peer  *Peer
	sizes *sizes
}

type injected struct {
	p    []byte
	addr *net.UDPAddr
}

func (c *core) init(cfg Config, raw func(b, oob []byte, to *net.UDPAddr) (int, int, error), wake func()) {
	c.cfg, c.raw, c.wake, c.next = cfg, raw, wake, 1
	c.queue = make(chan injected, queueSize)
	c.table.Store(&table{open: true})
}

// Dropped counts QUIC packets of strangers.
func (c *core) Dropped() int64 { return c.dropped.Load() }

// change replaces the table.
func (c *core) change(f func(t *table)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.table.Load()
	t := &table{maps.Clone(old.synthetic), maps.Clone(old.real), maps.Clone(old.allowed), old.open}
	if t.synthetic == nil {
		t.synthetic, t.real, t.allowed = map[netip.Addr]alias{}, map[netip.AddrPort]*Peer{}, map[netip.AddrPort]bool{}
	}
	f(t)
	c.table.Store(t)
}

// Allow lets QUIC packets of a real address pass under that address: a coordinator's.
func (c *core) Allow(addr netip.AddrPort) {
	c.change(func(t *table) { t.allowed[unmap(addr)] = true })
}

// Restrict drops QUIC packets of unknown addresses from now on, or stops doing so.
func (c *core) Restrict(on bool) { c.change(func(t *table) { t.open = !on }) }

// Owner is the peer that an address belongs to, nil if none.
func (c *core) Owner(addr netip.AddrPort) *Peer { return c.table.Load().real[unmap(addr)] }

// inject queues a packet for QUIC as if it had come from addr. It copies p; when the queue is full the packet is lost.
func (c *core) inject(p []byte, addr *net.UDPAddr) {
	select {
	case c.queue <- injected{append([]byte(nil), p...), addr}:
		c.wake()
	default:
	}
}

// sort decides what becomes of a packet read: it returns the address under which QUIC gets it, or nil, and its size. The packet is
// the one read, or another in the same buffer.
func (c *core) sort(p []byte, addr *net.UDPAddr) (int, *net.UDPAddr) {
	from, t := plain(addr), c.table.Load()
	switch {
	case len(p) == 0:
		return 0, nil
	case IsPiece(p):
		if p = t.joined(p, from); p == nil {
			return 0, nil
		}
	case p[0]&0xc0 == 0:
		if c.cfg.Intercept != nil {
			c.cfg.Intercept(p, from)
		}
		return 0, nil
	}
	switch owner := t.real[from]; {
	case owner != nil:
		return len(p), owner.Addr()
	case t.open || t.allowed[from]:
		return len(p), addr
	}
	c.dropped.Add(1)
	return 0, nil
}

// write sends what QUIC gives: to a peer by its route, to a real address as it is.
func (c *core) write(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	ip := plain(addr).Addr()
	if a := c.table.Load().synthetic[ip]; a.peer != nil {
		return a.peer.write(a.sizes, b, oob)
	}
	if isSynthetic(ip) {
		return len(b), len(oob), nil // a peer that was removed
	}
	return c.raw(b, oob, addr)
}

func plain(a *net.UDPAddr) netip.AddrPort { return unmap(a.AddrPort()) }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
