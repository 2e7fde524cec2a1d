//go:build linux

package netns

import "testing"

// TestKinds asserts that every NAT kind of the lab is what it claims to be.
func TestKinds(t *testing.T) {
	l := New(t)
	l.StartEcho()
	want := map[Kind]Behaviour{
		Open:        {"none", "none"},
		Firewall:    {"none", "APDF"},
		Cone:        {"EIM", "EIF"},
		Addr:        {"EIM", "ADF"},
		Port:        {"EIM", "APDF"},
		Masq:        {"EIM", "APDF"},
		ADM:         {"ADM", "APDF"},
		Symmetric:   {"APDM", "APDF"},
		Sequential:  {"APDM", "APDF"},
		Blocked:     {"blocked", "blocked"},
		NoInputDrop: {"EIM", "APDF"}, // until somebody unknown writes to it
	}
	for i, k := range append(Kinds[:len(Kinds):len(Kinds)], NoInputDrop) {
		if got, err := l.Classify(l.Host(i+1, k)); err != nil || got != want[k] {
			t.Errorf("%s: measured %+v, %v; want %+v", k, got, err, want[k])
		}
	}
}

// TestSharedLines covers what is not a pair of homes: one lan, hairpin, a carrier's NAT.
func TestSharedLines(t *testing.T) {
	l := New(t)
	l.StartEcho()
	check := func(name string, h *Host, want Behaviour) {
		t.Helper()
		if got, err := l.Classify(h); err != nil || got != want {
			t.Errorf("%s: measured %+v, %v; want %+v", name, got, err, want)
		}
	}
	home := l.Router(1)
	home.NAT(Masq, "")
	check("first of a lan", l.Behind(home, 10), Behaviour{"EIM", "APDF"})
	check("second of a lan", l.Behind(home, 11), Behaviour{"EIM", "APDF"})

	cone := l.Router(2)
	cone.LearningCone()
	check("learning cone", l.Behind(cone, 10), Behaviour{"EIM", "EIF"})
	check("learning cone, second host", l.Behind(cone, 11), Behaviour{"EIM", "EIF"})

	carrier := l.Carrier(3)
	carrier.NAT(Masq, "")
	inner := l.Home(carrier, 2)
	inner.NAT(Masq, "")
	check("home behind a carrier", l.Behind(inner, 10), Behaviour{"EIM", "APDF"})
}

func TestIPv6Only(t *testing.T) {
	l := New(t)
	h := l.V6(1)
	h.Run("sh", "-c", "command -v ping >/dev/null || exit 0; ping -6 -c 1 -W 2 2001:db8:fff::1 >/dev/null")
	if out := h.Run("ip", "-6", "route", "get", "2001:db8:fff::1"); out == "" {
		t.Error("no IPv6 route to the server")
	}
}
