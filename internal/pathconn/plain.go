package pathconn

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// A Plain has the paths of a Conn over any net.PacketConn, without the fast path: for networks that are simulated.
type Plain struct {
	net.PacketConn
	core

	deadlineMu sync.Mutex
	deadline   time.Time
}

// NewPlain wraps conn, whose addresses are *net.UDPAddr, and which the Plain then owns.
func NewPlain(conn net.PacketConn, cfg Config) *Plain {
	c := &Plain{PacketConn: conn}
	c.init(cfg, func(b, oob []byte, to *net.UDPAddr) (int, int, error) {
		n, err := conn.WriteTo(b, to)
		return n, len(oob), err
	}, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	return c
}

// Bound is the local address.
func (c *Plain) Bound() netip.AddrPort { return plain(c.LocalAddr().(*net.UDPAddr)) }

// Send sends one packet that is not QUIC's.
func (c *Plain) Send(p []byte, to netip.AddrPort) {
	c.PacketConn.WriteTo(p, net.UDPAddrFromAddrPort(to))
}

// SetReadDeadline remembers what quic-go sets.
func (c *Plain) SetReadDeadline(t time.Time) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.deadline = t
	return c.PacketConn.SetReadDeadline(t)
}

// ReadFrom reads the next packet for QUIC.
func (c *Plain) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		select {
		case in := <-c.queue:
			return copy(p, in.p), in.addr, nil
		default:
		}
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil {
			c.deadlineMu.Lock()
			own := c.deadline.IsZero() || time.Now().Before(c.deadline)
			if os.IsTimeout(err) && own {
				c.PacketConn.SetReadDeadline(c.deadline)
				c.deadlineMu.Unlock()
				continue
			}
			c.deadlineMu.Unlock()
			return n, from, err
		}
		if addr, ok := from.(*net.UDPAddr); ok {
			if n, addr = c.sort(p[:n], addr); addr != nil {
				return n, addr, nil
			}
		}
	}
}

// WriteTo sends what QUIC gives.
func (c *Plain) WriteTo(p []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	n, _, err := c.write(p, nil, addr)
	return n, err
}
