package relay

import (
	"net/netip"
	"testing"
)

func TestReachable(t *testing.T) {
	const never, local, always = 0, 1, 2
	for addr, want := range map[string]int{
		"203.0.113.7": always, "198.51.100.9": always, "8.8.8.8": always, "2600::1": always, "2001:db8::1": always, "1.0.0.0": always,
		"10.0.0.1": local, "10.255.255.255": local, "172.16.0.1": local, "172.31.255.255": local, "192.168.0.1": local,
		"100.64.0.1": local, "100.127.255.255": local, "127.0.0.1": local, "127.255.255.254": local, "::1": local, "fc00::1": local, "fdff::1": local,
		"0.0.0.0": never, "0.1.2.3": never, "169.254.169.254": never, "192.0.0.1": never, "192.0.2.1": never, "192.88.99.1": never,
		"198.18.0.1": never, "198.19.255.255": never, "224.0.0.1": never, "239.1.2.3": never, "240.0.0.1": never, "255.255.255.255": never,
		"::": never, "fe80::1": never, "febf::1": never, "ff02::1": never, "2001::1": never, "2002:7f00:1::": never, "2002:c000:204::1": never,
		"64:ff9b::7f00:1": never, "64:ff9b::a00:1": never, "64:ff9b:1::1": never, "::127.0.0.1": never, "::10.0.0.1": never, "100::1": never,
		"::ffff:127.0.0.1": never, "::ffff:10.0.0.1": never, "::ffff:169.254.169.254": never, "::ffff:8.8.8.8": never, "::ffff:0.0.0.0": never,
		"172.15.255.255": always, "172.32.0.0": always, "11.0.0.0": always, "100.63.255.255": always, "100.128.0.0": always,
		"169.253.0.1": always, "192.167.255.255": always, "198.17.255.255": always, "198.20.0.0": always, "223.255.255.255": always,
	} {
		a := netip.MustParseAddr(addr)
		if got := Reachable(a, false); got != (want == always) {
			t.Errorf("Reachable(%s) = %v", addr, got)
		}
		if got := Reachable(a, true); got != (want != never) {
			t.Errorf("Reachable(%s, local) = %v", addr, got)
		}
	}
	if Reachable(netip.Addr{}, true) || Reachable(netip.MustParseAddr("fd00::1%eth0"), true) {
		t.Error("no address, or one with a zone, is reachable")
	}
}
