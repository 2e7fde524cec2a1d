package mesh

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/tacit-mpc/tacit/internal/pathconn"
	"github.com/tacit-mpc/tacit/natpunch"
)

// mainOutlet is the party's socket as pings see it.
type mainOutlet struct{ conn pathSocket }

func (o mainOutlet) Send(p []byte, to netip.AddrPort) { o.conn.Send(p, to) }

// Close does nothing: the Socket owns its socket.
func (o mainOutlet) Close() error { return nil }

// An extraOutlet is one more socket, for birthday punching. If it wins it carries QUIC packets of one peer, without the fast path.
type extraOutlet struct {
	sock    *Socket
	conn    *net.UDPConn
	reading sync.WaitGroup
}

// openOutlet makes an extraOutlet beside the main socket.
func (s *Socket) openOutlet() (natpunch.Outlet, error) {
	bound := s.conn.Bound()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(bound.Addr(), 0)))
	if err != nil {
		return nil, fmt.Errorf("open one more socket: %w", err)
	}
	o := &extraOutlet{sock: s, conn: conn}
	o.reading.Go(o.read)
	return o, nil
}

func (o *extraOutlet) Send(p []byte, to netip.AddrPort) { o.conn.WriteToUDPAddrPort(p, to) }

func (o *extraOutlet) Close() error {
	err := o.conn.Close()
	o.reading.Wait()
	return err
}

// read passes pings on to the puncher, and QUIC packets to the peer that they are of.
func (o *extraOutlet) read() {
	var buf [2048]byte
	for {
		n, from, err := o.conn.ReadFromUDPAddrPort(buf[:])
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an ICMP error for some packet sent
		}
		o.sock.arrived(buf[:n], o, from)
	}
}

// arrived sorts a packet that did not come through the main socket.
func (s *Socket) arrived(p []byte, out natpunch.Outlet, from netip.AddrPort) {
	if len(p) == 0 {
		return
	}
	if p[0]&0xc0 == 0 && !pathconn.IsPiece(p) {
		s.pinged(p, out, from)
		return
	}
	if owner := s.conn.Owner(from); owner != nil {
		owner.Deliver(p)
	}
}
