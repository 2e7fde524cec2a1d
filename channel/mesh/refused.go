package mesh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// refuses asks whether a UDP port is closed: whether the host answers a datagram with "port unreachable" (RFC 1122 section
// 4.1.3.1). QUIC's own socket is not connected, so the kernel does not tell it. The answer counts only from the host itself:
// from this machine or one on the same link. From further away it may be a router's, or made up. False means unknown.
func refuses(ctx context.Context, addr netip.AddrPort) bool {
	if !near(addr.Addr()) {
		return false
	}
	const wait = 300 * time.Millisecond // well below checkEvery
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", addr.String())
	if err != nil {
		return false
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c.SetDeadline(time.Now().Add(wait))
	var one [1]byte // 0: neither QUIC nor STUN; a live socket drops it
	if _, err := c.Write(one[:]); err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_, err = c.Read(one[:])
	return errors.Is(err, syscall.ECONNREFUSED)
}

// near tells addresses of this machine and of its links.
func near(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}
