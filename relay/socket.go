package relay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"

	"github.com/tacit-mpc/tacit/internal/pktinfo"
	"github.com/tacit-mpc/tacit/internal/throttle"
)

// What one network gets for requests that prove nothing: 64 parties behind one NAT that start together make some hundred.
const (
	answersPerSecond = 100
	answersAtOnce    = 1000
)

// A socket is the UDP socket of the relay as the TURN library sees it. Bound to the unspecified address, it answers from the
// address that was asked, and keeps to it for all packets of an allocation. Answers to requests that are not authenticated
// (Binding, and the challenges), which a forged source would send to a victim, are throttled.
type socket struct {
	*net.UDPConn
	book    *book
	last    source // whose request was read last; of the goroutine that reads
	answers *throttle.Throttle

	mu     sync.Mutex
	asking netip.AddrPort           // the client whose packet is being handled, by the one goroutine that reads
	asked  home                     // of that packet
	homes  map[netip.AddrPort]*home // of the clients with allocations
}

// A home is the control message that makes a packet leave from the address that a client asked at; nil lets the routing table choose.
type home []byte

func newSocket(c *net.UDPConn, b *book) *socket {
	_ = pktinfo.Enable(c) // where there is no such thing the routing table chooses
	return &socket{UDPConn: c, book: b, answers: throttle.New(answersPerSecond, answersAtOnce), homes: map[netip.AddrPort]*home{}}
}

// ReadFrom is for one goroutine, which answers each packet before it reads the next.
func (s *socket) ReadFrom(p []byte) (int, net.Addr, error) {
	if s.last.IsValid() {
		s.book.known(s.last)
		s.last = source{}
	}
	var oob [pktinfo.Size]byte
	n, oobn, _, from, err := s.UDPConn.ReadMsgUDP(p, oob[:])
	if err != nil {
		return n, nil, err
	}
	if stun.IsMessage(p[:n]) {
		s.last = sourceOf(from)
	}
	if oobn > 0 {
		s.mu.Lock()
		s.asking, s.asked = addrPort(from), pktinfo.From(pktinfo.Destination(oob[:oobn]))
		s.mu.Unlock()
	}
	return n, from, nil
}

// WriteTo answers a client, or brings it a peer's packet.
func (s *socket) WriteTo(p []byte, to net.Addr) (int, error) {
	client := addrPort(to)
	answer := stun.IsMessage(p) && p[0]&0xc1 == 1 // of the classes success and error response
	if answer {
		if !authenticated(p) && !s.answers.Allow(client.Addr()) {
			return len(p), nil // lost
		}
		s.book.answered(sourceOf(to), p)
	}
	s.mu.Lock()
	var from home
	if h := s.homes[client]; h != nil {
		from = *h
	}
	if answer && client == s.asking {
		from = s.asked
	}
	s.mu.Unlock()
	n, _, err := s.UDPConn.WriteMsgUDPAddrPort(p, from, client)
	return n, err
}

// authenticated tells whether a message that we built is integrity protected, which none is but for a user.
func authenticated(p []byte) bool {
	m := stun.Message{Raw: p}
	return m.Decode() == nil && m.Contains(stun.AttrMessageIntegrity)
}

// lifetimeIn reads how long an allocation lives from the answer to an Allocate (first) or Refresh request.
func lifetimeIn(p []byte) (lifetime time.Duration, first, ok bool) {
	m := stun.Message{Raw: p}
	if !stun.IsMessage(p) || m.Decode() != nil || m.Type.Class != stun.ClassSuccessResponse {
		return 0, false, false
	}
	v, err := m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		return 0, false, false
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second, m.Type.Method == stun.MethodAllocate, true
}

// settle keeps the address that the client being handled asked at, until the function that it returns is called.
func (s *socket) settle() (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, h := s.asking, s.asked
	if h == nil {
		return func() {}
	}
	s.homes[client] = &h
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.homes[client] == &h {
			delete(s.homes, client)
		}
	}
}

// A door makes the allocations of one socket.
type door struct {
	*book
	socket *socket
}

// AllocatePacketConn is called while a packet of the client is being handled.
func (d door) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	leave := d.socket.settle()
	conn, addr, err := d.allocate(leave)
	if err != nil {
		leave()
	}
	return conn, addr, err
}
