package natpunch

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Hosts lists the host candidates (RFC 8445 section 5.1.1.1) of a socket bound to local, in the order of Order. A socket bound to
// one address has that one; a socket bound to all has those of every interface that is up, without loopback unless asked for:
// only a peer on this machine can use it.
func Hosts(local netip.AddrPort, loopback bool) ([]netip.AddrPort, error) {
	if !local.Addr().IsUnspecified() {
		return Usable([]netip.AddrPort{local}), nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var found []netip.AddrPort
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // the interface went away meanwhile
		}
		for _, a := range addrs {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil || prefix.Addr().IsLoopback() && !loopback {
				continue
			}
			if local.Addr().Is4() && !prefix.Addr().Is4() {
				continue // an IPv4 socket; one bound to [::] serves both families
			}
			found = append(found, netip.AddrPortFrom(prefix.Addr(), local.Port()))
		}
	}
	return Order(Usable(found)), nil
}

// Usable returns the candidates that one may send to, each once, IPv4-mapped ones as IPv4. Whoever names a candidate may be
// hostile: dropped are ports of zero and addresses that are unspecified, multicast, broadcast, link-local (no zone tells which
// link, and cloud metadata services live there), reserved, or loopback in disguise.
func Usable(candidates []netip.AddrPort) []netip.AddrPort {
	var kept []netip.AddrPort
	for _, c := range candidates {
		addr := c.Addr().Unmap()
		if c.Addr().Is4In6() && addr.IsLoopback() || !sendable(addr) || c.Port() == 0 {
			continue
		}
		if plain := netip.AddrPortFrom(addr, c.Port()); !slices.Contains(kept, plain) {
			kept = append(kept, plain)
		}
	}
	return kept
}

// reserved4 holds the IPv4 blocks that name no host: "this network" and class E with the broadcast address (RFC 6890).
var reserved4 = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4")}

func sendable(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" || addr.IsUnspecified() || addr.IsMulticast() || addr.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(reserved4, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Order sorts candidates as they should be tried, nearest first: loopback, private, global; IPv6 before IPv4 among equals. It
// sorts in place, keeps the order of equals, and returns its argument.
func Order(candidates []netip.AddrPort) []netip.AddrPort {
	slices.SortStableFunc(candidates, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(distance(a.Addr()), distance(b.Addr())), cmp.Compare(b.Addr().BitLen(), a.Addr().BitLen()))
	})
	return candidates
}

func distance(addr netip.Addr) int {
	switch {
	case addr.IsLoopback():
		return 0
	case addr.IsPrivate():
		return 1
	}
	return 2
}
