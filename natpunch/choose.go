package natpunch

import (
	"cmp"
	"slices"
	"time"
)

// triggerEvery bounds the checks that pings of the peer trigger on one route.
const triggerEvery = 10 * time.Millisecond

// take handles an authentic ping or pong.
func (c *Pair) take(a arrival) {
	if a.pong {
		c.takePong(a)
		return
	}
	if c.replayed(a.transaction) {
		return
	}
	a.out.Send(c.out.seal(ping{pong: true, tag: c.tag, transaction: a.transaction, observed: a.from}), a.from)
	r := c.add(Candidate{a.from, PeerReflexive})
	if r == nil {
		return
	}
	t := c.route(r, a.out)
	if a.heard {
		t.heard = true
	}
	if now := time.Now(); t.ponged.IsZero() && now.Sub(t.trigger) > triggerEvery {
		t.trigger = now
		c.ping(t) // a triggered check (RFC 8445 section 7.3.1.4)
	}
	t.heard = true
	c.choose(t)
}

// replayed remembers the transactions of pings, so that a captured one does nothing.
func (c *Pair) replayed(x transaction) bool {
	if _, ok := c.seen[x]; ok {
		return true
	}
	if len(c.seenRing) >= maxSeen {
		delete(c.seen, c.seenRing[0])
		c.seenRing = c.seenRing[1:]
	}
	c.seen[x] = struct{}{}
	c.seenRing = append(c.seenRing, x)
	return false
}

// takePong ends the transaction of one of our pings. It must come from where the ping went, through the socket that it left.
func (c *Pair) takePong(a arrival) {
	r := c.remotes[a.from]
	if r == nil {
		return
	}
	t := r.routes[a.out]
	if t == nil {
		return
	}
	at, ok := t.sent[a.transaction]
	if !ok {
		return
	}
	delete(t.sent, a.transaction)
	r.pongs++
	rtt := a.at.Sub(at)
	if t.rtt == 0 {
		t.rtt = rtt
	} else {
		t.rtt += (rtt - t.rtt) / 4
	}
	first := t.ponged.IsZero()
	t.ponged = a.at
	t.misses = 0
	if t.waiting != nil && *t.waiting == a.transaction {
		t.waiting = nil
	}
	if first && c.started {
		c.ping(t) // tells the peer at once that its side is proven
	}
	c.choose(t)
}

// choose makes t the path if it is proven both ways and better than the one in use.
func (c *Pair) choose(t *route) {
	if t.ponged.IsZero() || !t.heard || t == c.chosen || !c.allowed(t) {
		return
	}
	if c.chosen != nil && !better(t, c.chosen) {
		return
	}
	c.chosen = t
	t.misses, t.waiting, t.pinged = 0, nil, time.Now()
	c.publish()
}

func better(t, old *route) bool {
	if t.rank != old.rank {
		return t.rank < old.rank
	}
	return t.rtt+hysteresis < old.rtt
}

func (c *Pair) allowed(t *route) bool {
	switch c.policy {
	case DirectOnly:
		return t.rank < relayRank
	case RelayOnly:
		return t.rank >= relayRank
	}
	return true
}

// keepSpares pings proven routes over relays, so that one is ready when the direct path dies.
func (c *Pair) keepSpares(now time.Time) time.Time {
	if c.policy == DirectOnly {
		return now.Add(spareEvery)
	}
	if now.Before(c.spares) {
		return c.spares
	}
	c.spares = now.Add(spareEvery)
	for _, r := range c.remotes {
		for _, t := range r.routes {
			if t != c.chosen && t.rank >= relayRank && !t.ponged.IsZero() {
				c.ping(t)
			}
		}
	}
	return c.spares
}

// watch pings the chosen path and gives it up after some misses.
func (c *Pair) watch(now time.Time) time.Time {
	t := c.chosen
	every := pingIdle
	if c.busy(now) {
		every = pingBusy
	}
	if t.waiting != nil {
		deadline := t.pinged.Add(max(pongWithin, 2*t.rtt))
		if now.Before(deadline) {
			return deadline
		}
		t.waiting = nil
		if t.misses++; t.misses >= maxMisses {
			t.ponged, t.heard, t.rtt = time.Time{}, false, 0
			c.lose(now)
			return now
		}
		every = 0 // after a miss there is no pause
	}
	if due := t.pinged.Add(every); now.Before(due) {
		if soon := now.Add(pingBusy); soon.Before(due) {
			return soon // to look again whether traffic flows
		}
		return due
	}
	x := c.ping(t)
	t.waiting = &x
	return now.Add(max(pongWithin, 2*t.rtt))
}

// lose gives up the chosen path: a spare one takes over, or a new try begins at once.
func (c *Pair) lose(now time.Time) {
	c.chosen = nil
	var spare *route
	for _, r := range c.remotes {
		for _, t := range r.routes {
			if !t.ponged.IsZero() && t.heard && c.allowed(t) && now.Sub(t.ponged) < trustFor && (spare == nil || better(t, spare)) {
				spare = t
			}
		}
	}
	if spare != nil {
		c.chosen = spare
		spare.misses, spare.waiting, spare.pinged = 0, nil, time.Time{}
	}
	c.next, c.try = now, time.Time{}
	c.publish()
}

// drop forgets the chosen path.
func (c *Pair) drop() {
	if c.chosen != nil {
		c.chosen = nil
		c.publish()
	}
}

// publish tells the path to whoever asks, and that it changed.
func (c *Pair) publish() {
	var s PathState
	if t := c.chosen; t != nil {
		s = PathState{Proven: true, Relayed: t.rank >= relayRank, Remote: t.remote.Addr, Out: t.out, Kind: t.remote.Kind, RTT: t.rtt}
	}
	c.mu.Lock()
	c.current = s
	c.mu.Unlock()
	c.note()
	if c.changed != nil {
		c.changed(s)
	}
}

// ordered lists the peer's addresses, best first.
func (c *Pair) ordered() []*remote {
	var all []*remote
	for _, r := range c.remotes {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *remote) int {
		return cmp.Or(cmp.Compare(rank(a.Addr.Addr()), rank(b.Addr.Addr())), a.Addr.Compare(b.Addr))
	})
	return all
}
