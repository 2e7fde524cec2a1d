package natpunch

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

const maxRemotes = 32 // addresses of the peer, learned ones included

// A remote is one address of the peer.
type remote struct {
	Candidate
	added    int // in what order
	pings    int
	pongs    int
	observed netip.AddrPort // what its last pong said that our address is
	routes   map[Outlet]*route
}

// A route is one address of the peer through one of our sockets.
type route struct {
	remote  *remote
	out     Outlet
	rank    int // lower is better
	sent    map[transaction]sentPing
	rtt     time.Duration // smoothed
	least   time.Duration
	ponged  time.Time // last pong; zero: unproven
	heard   bool      // the peer has pinged us over it
	misses  int
	pinged  time.Time
	checked time.Time // last look whether it lives
	doubted time.Time // the first miss
	waiting bool      // for a pong since
	trigger time.Time // last triggered check
	alive   time.Time // when the last ping that was answered had been sent
	width   width
}

// A sentPing is one that waits for its pong.
type sentPing struct {
	at   time.Time
	size int // of a padded one
}

// proven tells whether packets pass both ways.
func (t *route) proven() bool { return !t.ponged.IsZero() && t.heard }

// add enters an address of the peer, or finds it. It returns nil if there is no room.
func (c *Pair) add(r Candidate) (n *remote, isNew bool) {
	if old := c.remotes[r.Addr]; old != nil {
		if old.Kind == PeerReflexive && r.Kind != PeerReflexive {
			c.told(old, r.Kind)
		}
		return old, false
	}
	if len(c.remotes) >= maxRemotes && !c.evict() {
		return nil, false
	}
	c.added++
	n = &remote{Candidate: r, added: c.added, routes: map[Outlet]*route{}}
	c.remotes[r.Addr] = n
	return n, true
}

// told corrects what we took a learned address for: the peer says that it is of another kind, perhaps at a relay.
func (c *Pair) told(r *remote, kind Kind) {
	r.Kind = kind
	changed := false
	for out, t := range r.routes {
		was := t.rank
		t.rank = c.rank(r, out)
		changed = changed || t == c.chosen && t.rank != was
	}
	if !changed {
		return
	}
	if !c.allowed(c.chosen) {
		c.lose(time.Now(), time.Time{})
		return
	}
	for _, other := range c.remotes {
		for _, t := range other.routes {
			c.choose(t)
		}
	}
	c.publish()
	if !c.direct() {
		c.search.news(time.Now())
	}
}

// evict makes room by forgetting the oldest address without a route that lives, a learned one if there is any.
func (c *Pair) evict() bool {
	var oldest *remote
	for _, r := range c.remotes {
		proven := false
		for _, t := range r.routes {
			proven = proven || t == c.chosen || t.proven() && time.Since(t.ponged) < trustFor
		}
		learned := func(r *remote) int {
			if r.Kind == PeerReflexive {
				return 0
			}
			return 1
		}
		if !proven && (oldest == nil || cmp.Or(cmp.Compare(learned(r), learned(oldest)), cmp.Compare(r.added, oldest.added)) < 0) {
			oldest = r
		}
	}
	if oldest == nil {
		return false
	}
	delete(c.remotes, oldest.Addr)
	return true
}

// route is the way to an address of the peer through one of our sockets.
func (c *Pair) route(r *remote, out Outlet) *route {
	t := r.routes[out]
	if t == nil {
		t = &route{remote: r, out: out, rank: c.rank(r, out), sent: map[transaction]sentPing{}}
		r.routes[out] = t
	}
	return t
}

// rank orders the ways to an address through a socket.
func (c *Pair) rank(r *remote, out Outlet) int {
	own := slices.Contains(c.relays, out)
	switch {
	case own && r.Kind == Relayed:
		return relayRank + 1
	case own || r.Kind == Relayed:
		return relayRank
	}
	return rank(r.Addr.Addr())
}

// ordered lists the peer's addresses, best first.
func (c *Pair) ordered() []*remote {
	var all []*remote
	for _, r := range c.remotes {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *remote) int {
		return cmp.Or(cmp.Compare(rank(a.Addr.Addr()), rank(b.Addr.Addr())), cmp.Compare(a.added, b.added))
	})
	return all
}

// firstOf lists those to ping in the first rounds: the best, but not so many of private networks that the others have no place.
func firstOf(ordered []*remote) []*remote {
	inside := 0
	kept := slices.DeleteFunc(ordered, func(r *remote) bool {
		if rank(r.Addr.Addr()) > 1 {
			return false
		}
		inside++
		return inside > maxAtOnce/2
	})
	return kept[:min(len(kept), maxAtOnce)]
}

// ping sends one small ping over a route.
func (c *Pair) ping(t *route) { c.pingOf(t, 0) }

// pingOf sends one ping over a route, padded to size.
func (c *Pair) pingOf(t *route, size int) {
	now := time.Now()
	x := c.newTransaction(now)
	for old, p := range t.sent {
		if now.Sub(p.at) > punchFor {
			delete(t.sent, old)
		}
	}
	t.sent[x] = sentPing{now, size}
	t.pinged = now
	t.remote.pings++
	t.out.Send(c.out.seal(ping{tag: c.tag, transaction: x, size: size}), t.remote.Addr)
}

// newTransaction is a number that grows, also over a restart of the program, and four random bytes.
func (c *Pair) newTransaction(now time.Time) (x transaction) {
	c.number = max(c.number+1, uint64(now.UnixNano()))
	binary.BigEndian.PutUint64(x[:8], c.number)
	rand.Read(x[8:])
	return x
}
