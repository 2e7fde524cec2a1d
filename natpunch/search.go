package natpunch

import (
	"net/netip"
	"slices"
	"time"
)

// The schedule of design 3.9.
const (
	maxAtOnce    = 8                      // addresses pinged in the first rounds
	firstPause   = 20 * time.Millisecond  // between rounds, growing by half; more of a party with more than pairsAtOnce pairs
	relayPause   = 100 * time.Millisecond // between pings over one route through a relay
	relayLater   = 500 * time.Millisecond // after which a party with many pairs tries every way over relays
	longestPause = 400 * time.Millisecond //
	punchFor     = 3 * time.Second        // one try
	settleFor    = 1500 * time.Millisecond
	newsEvery    = time.Second            // between tries that new candidates cause
	retryGone    = 300 * time.Millisecond // while there is no path at all any more
	retryNew     = 5 * time.Second
	retryOld     = 60 * time.Second
	lostFor      = 2 * time.Minute        // after a loss of a direct path that is hoped for again
	retryTurn    = 300 * time.Millisecond // by which one side is later, in turns
)

// A search is the schedule of the tries of one pair. A try pings the peer's addresses, with growing pauses, for punchFor; once it
// has a direct path it ends after settleFor, for better ones may still answer. A candidate that the peer tells of begins a
// try at once (newsEvery apart); when every path was lost, tries follow each other; without a direct path the next try comes after retryNew if an address was learned meanwhile or a direct
// path was lost lately, else after retryOld. One side is then later than the other, in turns: a NAT that takes a packet from
// outside before it has sent one itself may spoil the port (the kind noinputdrop of natlab), and at some try it is the first to
// send.
type search struct {
	next  time.Time     // when a try is due; zero if none
	began time.Time     // the try; zero if there is none
	until time.Time     // its end
	round time.Time     // when its next round is due
	pause time.Duration // after that round
	turns int           // of the party's pairs
	fresh bool          // an address was learned since the try began
}

// first is the pause after the first round.
func (s *search) first() time.Duration { return min(time.Duration(s.turns)*firstPause, longestPause) }

// at begins a new try at a time, in place of the one that goes on.
func (s *search) at(t time.Time) { s.next, s.began = t, time.Time{} }

// news says that the peer told a new address, or that a new way to send is there.
func (s *search) news(now time.Time) {
	if s.began.IsZero() {
		if due := s.until.Add(newsEvery - punchFor); due.After(now) {
			now = due
		}
		if s.next.IsZero() || now.Add(newsEvery).Before(s.next) {
			s.next = now
		}
		return
	}
	s.fresh = true
	if now.Add(punchFor).Sub(s.until) >= newsEvery {
		s.until, s.round, s.pause = now.Add(punchFor), now, s.first()
	}
}

// learned says that an address was found by a ping from it.
func (s *search) learned(now time.Time) {
	s.fresh = true
	if s.began.IsZero() {
		if soon := now.Add(retryNew); !s.next.IsZero() && soon.Before(s.next) {
			s.next = soon
		}
		return
	}
	s.round, s.pause = now, s.first() // do not wait for the grown pause
}

// stepSearch does what is due of the search and says when to call again.
func (c *Pair) stepSearch(now time.Time) time.Time {
	s := &c.search
	never := now.Add(time.Hour)
	if s.began.IsZero() {
		switch {
		case s.next.IsZero():
			return never
		case now.Before(s.next):
			return s.next
		}
		*s = search{began: now, until: now.Add(punchFor), round: now, turns: c.puncher.turns()}
		s.pause = s.first()
		c.tries++
	}
	wake := never
	if !c.direct() {
		wake = c.stepBirthday(now)
	} else if s.until.After(s.began.Add(settleFor)) && !s.fresh {
		s.until = s.began.Add(settleFor)
	}
	if !now.Before(s.until) {
		c.endTry(now)
		if s.next.IsZero() {
			return never
		}
		return s.next
	}
	if !now.Before(s.round) {
		c.pingAll()
		s.round = now.Add(s.pause)
		s.pause = min(s.pause*3/2, longestPause)
	}
	for _, t := range []time.Time{s.round, s.until} {
		if t.Before(wake) {
			wake = t
		}
	}
	return wake
}

func (c *Pair) endTry(now time.Time) {
	s := &c.search
	s.began = time.Time{}
	switch {
	case c.direct():
		s.next, c.failed = time.Time{}, 0
	case c.chosen == nil && now.Sub(c.gone) < lostFor:
		s.next = now.Add(retryGone)
	case s.fresh || now.Sub(c.lost) < lostFor:
		s.next = now.Add(retryNew)
	default:
		s.next = now.Add(retryOld)
		c.failed++
		switch {
		case c.failed == 1 && c.lower:
			s.next = s.next.Add(retryTurn)
		case c.failed > 1 && (c.failed%2 == 1) == c.lower:
			s.next = s.next.Add(2 * retryTurn) // makes up for the last turn, and is one later
		}
	}
	c.endBirthday(now)
	c.note()
}

// pingAll pings the best candidates in the first rounds, later all.
func (c *Pair) pingAll() {
	remotes := c.ordered()
	if c.theirs.Mapping == EndpointDependent {
		remotes = oneReflexive(remotes)
	}
	if c.search.pause < longestPause {
		remotes = firstOf(remotes)
	}
	for _, r := range remotes {
		c.pingRemote(r)
	}
}

// oneReflexive keeps one address that servers saw for each outer address of a NAT that picks a new port for every peer: none of those
// ports is ours, and one ping opens a filter that looks at addresses.
func oneReflexive(ordered []*remote) []*remote {
	seen := map[netip.Addr]bool{}
	return slices.DeleteFunc(ordered, func(r *remote) bool {
		if r.Kind != Reflexive {
			return false
		}
		known := seen[r.Addr.Addr()]
		seen[r.Addr.Addr()] = true
		return known
	})
}

// pingRemote pings an address through the main socket, and if it is in the open through our relayed addresses.
func (c *Pair) pingRemote(r *remote) {
	outs := append([]Outlet{c.puncher.cfg.Main}, c.relays...)
	if r.Kind == Host && (r.Addr.Addr().IsPrivate() || r.Addr.Addr().IsLoopback()) {
		outs = outs[:1]
	}
	now := time.Now()
	for _, o := range outs {
		if t := c.route(r, o); c.allowed(t) && c.wants(t, now) {
			c.ping(t)
		}
	}
}

// wants tells whether a search pings a route: a direct one that is no worse than what we have; one over a relay now and then until it
// answers, and beside a direct path only until there is a spare. A party with many pairs is content with one way over relays for each,
// and begins with the one that is most likely to pass.
func (c *Pair) wants(t *route, now time.Time) bool {
	direct := c.chosen != nil && c.chosen.rank < relayRank
	if t.rank < relayRank {
		return !direct || t.rank <= c.chosen.rank
	}
	if !t.ponged.IsZero() || now.Sub(t.pinged) < relayPause {
		return false
	}
	many := c.search.turns > 1
	if many && now.Sub(c.search.began) < relayLater && !c.likely(t) {
		return false
	}
	return !direct && !many || !c.relayed(now)
}

// likely tells the way over relays that both sides try first: it leads over an address of the party that UDP does not reach, else over
// one of the lower seat.
func (c *Pair) likely(t *route) bool {
	own, theirs := slices.Contains(c.relays, t.out), t.remote.Kind == Relayed
	weBlocked, theyBlocked := c.ours.Mapping == NoUDP, c.theirs.Mapping == NoUDP
	if weBlocked || theyBlocked {
		return own == weBlocked && theirs == theyBlocked
	}
	return own == c.lower && theirs != c.lower
}

// relayed tells whether a route over a relay is proven, and was of late.
func (c *Pair) relayed(now time.Time) bool {
	for _, r := range c.remotes {
		for _, t := range r.routes {
			if t.rank >= relayRank && t.proven() && c.allowed(t) && now.Sub(t.ponged) < trustFor {
				return true
			}
		}
	}
	return false
}
