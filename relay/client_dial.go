package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/turn/v4"
)

func (c *ClientConfig) transport() Transport {
	if c.Transport == "" {
		return UDP
	}
	return c.Transport
}

// connect opens the client's own socket, or its connection to the server.
func (c *ClientConfig) connect(ctx context.Context) (net.PacketConn, error) {
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	network := "tcp"
	if c.transport() == UDP {
		network = "udp"
	}
	conn, err := dial(ctx, network, c.Addr.String())
	if err != nil {
		return nil, err
	}
	if c.transport() == TLS {
		secure := tls.Client(conn, c.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	if c.transport() == UDP {
		return connected{conn}, nil
	}
	return turn.NewSTUNConn(conn), nil
}

// connected is a UDP socket that hears the server alone, and learns from the system when nobody listens there any more: it closes
// then.
type connected struct{ net.Conn }

func (c connected) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.RemoteAddr(), c.judge(err)
}

func (c connected) WriteTo(p []byte, _ net.Addr) (int, error) {
	n, err := c.Write(p)
	return n, c.judge(err)
}

func (c connected) judge(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		c.Close()
	}
	return err
}

// bothFamilies resolves IPv6 servers too, which the library by itself does not.
type bothFamilies struct{ *stdnet.Net }

func (bothFamilies) ResolveUDPAddr(_, address string) (*net.UDPAddr, error) {
	return net.ResolveUDPAddr("udp", address)
}
