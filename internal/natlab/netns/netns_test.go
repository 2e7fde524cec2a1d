//go:build linux

package netns

import "testing"

// TestKinds asserts that every NAT kind of the lab is what it claims to be.
func TestKinds(t *testing.T) {
	l := New(t)
	var hosts []*Host
	for i, k := range append(Kinds[:len(Kinds):len(Kinds)], NoInputDrop) {
		hosts = append(hosts, l.Host(i+1, k))
	}
	l.Assert(hosts...)
}

// TestExtra covers what is not a pair of homes, which Extra asserts itself: one lan, hairpin, a carrier's NAT.
func TestExtra(t *testing.T) {
	for _, c := range New(t).Extra() {
		if c.X == c.Y || c.X.Addr == c.Y.Addr && c.X.Public == c.Y.Public {
			t.Errorf("%s: one host twice", c.Name)
		}
	}
}

func TestIPv6Only(t *testing.T) {
	l := New(t)
	h := l.V6(1)
	h.Run("sh", "-c", "command -v ping >/dev/null || exit 0; ping -6 -c 1 -W 2 2001:db8:fff::1 >/dev/null")
	if out := h.Run("ip", "-6", "route", "get", "2001:db8:fff::1"); out == "" {
		t.Error("no IPv6 route to the server")
	}
}
