package relay

import "net/netip"

// forbidden are the ranges that no relayed packet may reach (RFC 6890 and the turn server guides): this network, private, shared,
// loopback, link local, protocol assignments, benchmarking, documentation, multicast, reserved, and the forms of IPv6 that hide
// an IPv4 address.
var forbidden = []struct {
	prefix netip.Prefix
	local  bool // private or loopback: what AllowLocal is about
}{
	{netip.MustParsePrefix("0.0.0.0/8"), false},
	{netip.MustParsePrefix("10.0.0.0/8"), true},
	{netip.MustParsePrefix("100.64.0.0/10"), true},
	{netip.MustParsePrefix("127.0.0.0/8"), true},
	{netip.MustParsePrefix("169.254.0.0/16"), false},
	{netip.MustParsePrefix("172.16.0.0/12"), true},
	{netip.MustParsePrefix("192.0.0.0/24"), false},
	{netip.MustParsePrefix("192.0.2.0/24"), false},
	{netip.MustParsePrefix("192.88.99.0/24"), false},
	{netip.MustParsePrefix("192.168.0.0/16"), true},
	{netip.MustParsePrefix("198.18.0.0/15"), false},
	{netip.MustParsePrefix("224.0.0.0/4"), false},
	{netip.MustParsePrefix("240.0.0.0/4"), false},
	{netip.MustParsePrefix("::/128"), false},
	{netip.MustParsePrefix("::1/128"), true},
	{netip.MustParsePrefix("::ffff:0:0/96"), false},
	{netip.MustParsePrefix("::/96"), false},
	{netip.MustParsePrefix("64:ff9b::/96"), false},
	{netip.MustParsePrefix("64:ff9b:1::/48"), false},
	{netip.MustParsePrefix("100::/64"), false},
	{netip.MustParsePrefix("2001::/32"), false},
	{netip.MustParsePrefix("2002::/16"), false},
	{netip.MustParsePrefix("fc00::/7"), true},
	{netip.MustParsePrefix("fe80::/10"), false},
	{netip.MustParsePrefix("ff00::/8"), false},
}

// Reachable tells whether a relay may send to the address at all: a global unicast address outside every forbidden range. With
// local, private and loopback ranges are allowed too, in their plain forms only. An IPv4 address must come as IPv4: the mapped
// form is refused.
func Reachable(a netip.Addr, local bool) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	allowed := true
	for _, f := range forbidden {
		if f.prefix.Contains(a) && f.prefix.Addr().Is4() == a.Is4() {
			if f.local && local {
				return true
			}
			allowed = false
		}
	}
	return allowed && !a.Is4In6()
}
