package coord

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
)

// Addresses that could only hit the wrong machine, or more than one, are never handed out, and never taken.
func TestUsable(t *testing.T) {
	for addr, want := range map[string]bool{
		"192.0.2.1:1":          true,
		"10.0.0.1:65535":       true,
		"100.64.0.1:1":         true,
		"[2001:db8::1]:1":      true,
		"[fd00::1]:1":          true,
		"192.0.2.1:0":          false,
		"0.0.0.0:1":            false,
		"[::]:1":               false,
		"224.0.0.1:1":          false,
		"[ff02::1]:1":          false,
		"255.255.255.255:1":    false,
		"169.254.169.254:80":   false,
		"[fe80::1]:1":          false,
		"[fe80::1%eth0]:1":     false,
		"[2001:db8::1%eth0]:1": false,
		"[::ffff:127.0.0.1]:1": false,
		"[::ffff:192.0.2.1]:1": false,
	} {
		a := netip.MustParseAddrPort(addr)
		for _, loopback := range []bool{false, true} {
			if got := usable(a, loopback); got != want {
				t.Errorf("usable(%s, %v) = %v", addr, loopback, got)
			}
		}
	}
	for _, addr := range []string{"127.0.0.1:1", "127.9.9.9:1", "[::1]:1"} {
		if a := netip.MustParseAddrPort(addr); usable(a, false) || !usable(a, true) {
			t.Errorf("usable(%s): false %v, true %v", addr, usable(a, false), usable(a, true))
		}
	}
	if usable(netip.AddrPort{}, true) {
		t.Error("no address is usable")
	}
}

// Loopback addresses go only from and to parties that reached the coordinator over loopback.
func TestCandidates(t *testing.T) {
	public, local := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("127.0.0.1:2")
	seen := netip.MustParseAddrPort("198.51.100.1:3")
	if got := candidates([]netip.AddrPort{public, local, public, seen}, &link{addr: seen}); !slices.Equal(got, []netip.AddrPort{seen, public}) {
		t.Errorf("from outside: %v", got)
	}
	if got := candidates([]netip.AddrPort{public, local}, &link{addr: loopback}); !slices.Equal(got, []netip.AddrPort{loopback, public, local}) {
		t.Errorf("from this machine: %v", got)
	}
	if got := candidates(make17(), &link{addr: seen}); len(got) != maxAddrs || got[0] != seen {
		t.Errorf("too many: %v", got)
	}
	s := &session{seats: make([]seat, 2)}
	for i, addr := range []netip.AddrPort{loopback, seen} {
		s.seats[i].link = &link{addr: addr}
		s.seats[i].join.addrs = candidates([]netip.AddrPort{public, local}, s.seats[i].link)
	}
	if got := s.rosterFor(0).Members[0].Addrs; !slices.Contains(got, local) {
		t.Errorf("party 0 gets %v", got)
	}
	if got := s.rosterFor(1).Members[0].Addrs; !slices.Equal(got, []netip.AddrPort{public}) {
		t.Errorf("party 1 gets %v", got)
	}
}

// Any bytes at all from a stranger or a party: no panic, no hang, and the session goes on for the others.
func FuzzServer(f *testing.F) {
	for _, s := range samples {
		frame, err := encode(s.m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, frame)
		f.Add(false, append(frame, frame...))
	}
	f.Fuzz(func(t *testing.T, joined bool, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			h := startHost(t, ServerConfig{Seats: 3})
			clients, _ := h.seated(1, nil)
			c := h.pipe(key(2).ID())
			r := newRaw(t, c, frameType.fromCoordinator)
			if joined {
				j, _ := h.rawJoin(2)
				r.say(j)
				until[welcome](r)
			}
			c.Write(data)
			c.Close()
			for range r.heard {
			}
			other := h.party(1)
			if seat, err := h.join(other); err == nil {
				clients = append(clients, seat)
			}
			for _, c := range clients {
				c.Close()
			}
			h.outcome()
		})
	})
}
