// Package pktinfo lets a UDP socket that is bound to the unspecified address answer from the address that it was asked at
// (RFC 3542, IP_PKTINFO): on a machine with several, the routing table may prefer another.
package pktinfo

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Size is room for the control messages of a packet read.
const Size = 128

// Enable asks for a control message with every packet read, if the socket is bound to the unspecified address.
func Enable(c *net.UDPConn) error {
	if a, ok := c.LocalAddr().(*net.UDPAddr); !ok || !a.IP.IsUnspecified() {
		return nil
	}
	// A socket of both families takes both options.
	err4 := ipv4.NewPacketConn(c).SetControlMessage(ipv4.FlagDst, true)
	err6 := ipv6.NewPacketConn(c).SetControlMessage(ipv6.FlagDst, true)
	if err4 != nil && err6 != nil {
		return errors.Join(err4, err6)
	}
	return nil
}

// Destination is the address that a packet was sent to, by its control messages; the zero Addr if they do not tell.
func Destination(oob []byte) netip.Addr {
	var v4 ipv4.ControlMessage
	if v4.Parse(oob) == nil {
		if a, ok := netip.AddrFromSlice(v4.Dst); ok {
			return a.Unmap()
		}
	}
	var v6 ipv6.ControlMessage
	if v6.Parse(oob) == nil {
		if a, ok := netip.AddrFromSlice(v6.Dst); ok {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

// From makes the control message of a packet that leaves from an address; nil if the address is the zero Addr.
func From(a netip.Addr) []byte {
	switch {
	case a.Is4():
		return (&ipv4.ControlMessage{Src: a.AsSlice()}).Marshal()
	case a.Is6():
		return (&ipv6.ControlMessage{Src: a.AsSlice()}).Marshal()
	}
	return nil
}
