package throttle

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func count(t *Throttle, addr string, tries int) (n int) {
	for range tries {
		if t.Allow(netip.MustParseAddr(addr)) {
			n++
		}
	}
	return n
}

func TestAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := New(10, 50)
		if n := count(limit, "198.51.100.1", 1000); n != 50 {
			t.Errorf("a burst of %d, want 50", n)
		}
		for _, same := range []string{"198.51.100.254", "::ffff:198.51.100.9"} {
			if n := count(limit, same, 10); n != 0 {
				t.Errorf("%d for %s, of a network that has had its share", n, same)
			}
		}
		time.Sleep(time.Second)
		if n := count(limit, "198.51.100.77", 1000); n != 10 {
			t.Errorf("%d after a second, want 10", n)
		}
		time.Sleep(time.Hour)
		if n := count(limit, "198.51.100.1", 1000); n != 50 {
			t.Errorf("a burst of %d after an hour, want 50", n)
		}
		if n := count(limit, "2001:db8:0:1200::1", 1000) + count(limit, "2001:db8:0:12ff::1", 1000); n != 50 {
			t.Errorf("%d for one /56, want 50", n)
		}
	})
}

// TestManyNetworks holds that networks have shares of their own, and that memory is bounded however many come: some share a counter.
func TestManyNetworks(t *testing.T) {
	limit := New(1, 1)
	allowed := 0
	for i := range 1000 {
		if limit.Allow(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1})) {
			allowed++
		}
	}
	if allowed < 900 { // about 970 of 1000 fall on a counter of their own
		t.Errorf("%d of 1000 networks were served", allowed)
	}
}
