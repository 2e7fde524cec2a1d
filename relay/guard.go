package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A guard is the relay socket of one allocation. It sends only where the policy allows, counts, and ends itself when its
// lifetime or its room's bytes are spent.
type guard struct {
	*net.UDPConn
	book *book
	port uint16
	end  *time.Timer
	left func() // called when it has ended; may be nil
	once sync.Once
	err  error

	// Guarded by the book's lock.
	room   *room // room and client are set once the allocation is announced
	client *client
	ended  bool // no permission is given any more
}

var (
	errForbidden = errors.New("relay: destination not allowed")
	errSpent     = errors.New("relay: the room's bytes are spent")
)

// Validate is part of turn.RelayAddressGenerator.
func (b *book) Validate() error { return nil }

// AllocatePacketConn makes the relay socket of a new allocation.
func (b *book) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	return b.allocate(nil)
}

func (b *book) allocate(left func()) (net.PacketConn, net.Addr, error) {
	c, err := b.listen()
	if err != nil {
		return nil, nil, fmt.Errorf("allocate relay socket: %w", err)
	}
	port := addrPort(c.LocalAddr()).Port()
	g := &guard{UDPConn: c, book: b, port: port, left: left}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ports) >= b.cfg.Total { // admit may have let through several at once
		return nil, nil, errors.Join(errors.New("allocate relay socket: too many"), c.Close())
	}
	g.end = time.AfterFunc(b.cfg.Lifetime, func() { g.Close() })
	b.ports[port] = g
	return g, net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.cfg.Addr, port)), nil
}

// AllocateConn refuses: parties speak QUIC, there is nothing to relay over TCP (RFC 6062).
func (b *book) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errors.New("relay: TCP allocations are not served")
}

// WriteTo relays one packet of the client to a peer.
func (g *guard) WriteTo(p []byte, to net.Addr) (int, error) {
	if err := g.account(len(p), addrPort(to)); err != nil {
		if errors.Is(err, errSpent) {
			g.Close()
		}
		return 0, err
	}
	return g.UDPConn.WriteTo(p, to)
}

// ReadFrom returns the next packet of a peer, within the room's bytes. An error makes the library take the allocation apart.
func (g *guard) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := g.UDPConn.ReadFrom(p)
	if err == nil {
		err = g.account(n, netip.AddrPort{})
	}
	if err != nil {
		g.Close()
		g.settle()
		return 0, nil, err
	}
	return n, from, nil
}

// settle lets no permission be entered any more, and waits for the one that is.
func (g *guard) settle() {
	g.book.mu.Lock()
	g.ended = true
	var adding chan struct{}
	if g.client != nil {
		adding = g.client.adding
	}
	g.book.mu.Unlock()
	if adding != nil {
		<-adding
	}
}

// account counts n bytes to a peer, or from one if it is the zero address, and checks that they may pass.
func (g *guard) account(n int, to netip.AddrPort) error {
	b := g.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if to.IsValid() {
		own := to.Addr() == b.cfg.Addr || to.Addr() == b.cfg.Bind
		if own && b.ports[to.Port()] == nil || !own && !Reachable(to.Addr(), b.cfg.Local) {
			b.refused++
			return errForbidden
		}
	}
	if g.room != nil {
		if g.room.bytes+int64(n) > b.cfg.RoomCap {
			b.refused++
			return errSpent
		}
		g.room.bytes += int64(n)
	}
	b.bytes += int64(n)
	return nil
}

// Close ends the allocation.
func (g *guard) Close() error {
	g.once.Do(func() {
		g.end.Stop()
		g.book.mu.Lock()
		delete(g.book.ports, g.port)
		g.book.mu.Unlock()
		if g.left != nil {
			g.left()
		}
		g.err = g.UDPConn.Close()
	})
	return g.err
}
