package coord

import (
	"crypto/tls"
	"net"
	"net/netip"
)

// A Transport is what carries a party's connection to the coordinator.
type Transport string

// The transports.
const (
	QUIC Transport = "quic"
	TLS  Transport = "tls" // TLS 1.3 on TCP, where no UDP gets through
)

// transportOf tells what is under a link.
func transportOf(c conn) Transport {
	if _, ok := c.(*tlsConn); ok {
		return TLS
	}
	return QUIC
}

// tlsConn is a TLS connection that closes at once: without a last alert, which could wait for the other end.
type tlsConn struct{ *tls.Conn }

func (c *tlsConn) Close() error { return c.NetConn().Close() }

// addrPort is an address as candidates and limits use it.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
