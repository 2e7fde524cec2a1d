// Package throttle limits how often something is done for each network of strangers, in memory that does not grow. Who answers
// packets with forged sources is a tool against the networks that the answers go to: so that they get no more than a trickle,
// answers are counted by network, a /24 of IPv4 or a /56 of IPv6, which is what one attacker or one victim has.
package throttle

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// size is how many counters there are. Networks share one by chance, and nobody outside can tell which do.
const size = 1 << 14

// A Throttle lets a burst through at once and then a steady rate, by network (the generic cell rate algorithm).
type Throttle struct {
	every, burst time.Duration
	seed         maphash.Seed
	start        time.Time
	spent        [size]atomic.Int64 // when all that passed is forgotten, in nanoseconds since start
}

// New returns a Throttle of so many a second for each network, after a burst; both are positive.
func New(perSecond, burst int) *Throttle {
	every := time.Second / time.Duration(perSecond)
	return &Throttle{every: every, burst: every * time.Duration(burst), seed: maphash.MakeSeed(), start: time.Now()}
}

// Allow tells whether one more may be done for the network of an address, and counts it if so.
func (t *Throttle) Allow(a netip.Addr) bool {
	now := time.Since(t.start)
	slot := &t.spent[maphash.Comparable(t.seed, network(a))%size]
	for {
		old := slot.Load()
		next := max(time.Duration(old), now) + t.every
		if next-now > t.burst {
			return false
		}
		if slot.CompareAndSwap(old, int64(next)) {
			return true
		}
	}
}

func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 56
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // fails for no address alone
	return p
}
