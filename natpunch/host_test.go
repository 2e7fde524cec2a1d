package natpunch

import (
	"net/netip"
	"slices"
	"testing"
)

func addrs(list ...string) []netip.AddrPort {
	var all []netip.AddrPort
	for _, s := range list {
		all = append(all, netip.MustParseAddrPort(s))
	}
	return all
}

func TestUsable(t *testing.T) {
	for _, hostile := range []string{
		"0.0.0.0:1", "0.1.2.3:1", "[::]:1", "224.0.0.1:1", "[ff02::1]:1", "255.255.255.255:1", "240.0.0.1:1",
		"169.254.169.254:80", "[fe80::1]:1", "[fe80::1%eth0]:1", "[::ffff:127.0.0.1]:1", "[::ffff:169.254.169.254]:1",
		"[::ffff:0.0.0.0]:1", "192.0.2.1:0",
	} {
		if got := Usable(addrs(hostile)); got != nil {
			t.Errorf("%s is usable", hostile)
		}
	}
	if got := Usable([]netip.AddrPort{{}}); got != nil {
		t.Error("the zero address is usable")
	}
	got := Usable(addrs("192.0.2.1:5", "127.0.0.1:5", "[::ffff:192.0.2.1]:5", "[2001:db8::1]:5", "192.0.2.1:6", "[::1]:5", "192.0.2.1:5"))
	want := addrs("192.0.2.1:5", "127.0.0.1:5", "[2001:db8::1]:5", "192.0.2.1:6", "[::1]:5")
	if !slices.Equal(got, want) {
		t.Errorf("usable: %v, want %v", got, want)
	}
}

func TestOrder(t *testing.T) {
	got := Order(addrs("192.0.2.1:5", "10.0.0.1:5", "[2001:db8::1]:5", "[fd00::1]:5", "127.0.0.1:5", "192.0.2.2:5", "[::1]:5"))
	want := addrs("[::1]:5", "127.0.0.1:5", "[fd00::1]:5", "10.0.0.1:5", "[2001:db8::1]:5", "192.0.2.1:5", "192.0.2.2:5")
	if !slices.Equal(got, want) {
		t.Errorf("order: %v, want %v", got, want)
	}
}

func TestHosts(t *testing.T) {
	got, err := Hosts(netip.MustParseAddrPort("127.0.0.1:7"), false)
	if err != nil || !slices.Equal(got, addrs("127.0.0.1:7")) {
		t.Errorf("bound to loopback: %v, %v", got, err)
	}
	with, err := Hosts(netip.MustParseAddrPort("[::]:7"), true)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Hosts(netip.MustParseAddrPort("[::]:7"), false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(with, addrs("127.0.0.1:7")[0]) {
		t.Errorf("%v lacks loopback, which was asked for", with)
	}
	for _, a := range without {
		if a.Addr().IsLoopback() || a.Port() != 7 || !slices.Contains(with, a) {
			t.Errorf("candidate %v", a)
		}
	}
	four, err := Hosts(netip.MustParseAddrPort("0.0.0.0:7"), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range four {
		if !a.Addr().Is4() {
			t.Errorf("an IPv4 socket has candidate %v", a)
		}
	}
}
