// Package stunconn is a UDP socket for QUIC that answers STUN on the side (RFC 8489, RFC 9443), from the address that was asked,
// and to each network no more than a trickle.
package stunconn

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"

	"github.com/tacit-mpc/tacit/internal/pktinfo"
	"github.com/tacit-mpc/tacit/internal/throttle"
	"github.com/tacit-mpc/tacit/natpunch"
)

// What one network may ask: 64 parties behind one NAT that start together ask some hundred times.
const (
	answersPerSecond = 100
	answersAtOnce    = 1000
)

// A Conn has the methods of *net.UDPConn that quic-go looks for. Packets that are not QUIC's never get there.
type Conn struct {
	*net.UDPConn
	batch   *ipv4.PacketConn
	answers *throttle.Throttle
}

// New wraps udp, which the Conn then owns.
func New(udp *net.UDPConn) *Conn {
	_ = pktinfo.Enable(udp) // where there is no such thing the routing table chooses
	return &Conn{udp, ipv4.NewPacketConn(udp), throttle.New(answersPerSecond, answersAtOnce)}
}

// ReadBatch reads packets for quic-go. A slot of a packet that is not for QUIC gets length zero, which quic-go ignores.
func (c *Conn) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	n, err := c.batch.ReadBatch(ms, flags)
	for i := range ms[:max(n, 0)] {
		m := &ms[i]
		from, ok := m.Addr.(*net.UDPAddr)
		if ok && m.N > 0 && foreign(m.Buffers[0][0]) {
			c.answer(m.Buffers[0][:m.N], m.OOB[:m.NN], from.AddrPort())
			m.N = 0
		}
	}
	return n, err
}

// ReadFrom is how quic-go reads where there are no batches.
func (c *Conn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.UDPConn.ReadFromUDPAddrPort(p)
		if err != nil || n == 0 || !foreign(p[0]) {
			return n, net.UDPAddrFromAddrPort(from), err
		}
		c.answer(p[:n], nil, from)
	}
}

// foreign tells by its first byte that a packet is not QUIC's.
func foreign(first byte) bool { return first&0xc0 == 0 }

func (c *Conn) answer(p, oob []byte, from netip.AddrPort) {
	r := natpunch.Respond(p, from)
	if r == nil || !c.answers.Allow(from.Addr()) {
		return
	}
	_, _, _ = c.UDPConn.WriteMsgUDPAddrPort(r, pktinfo.From(pktinfo.Destination(oob)), from) // a lost answer is asked for again
}
