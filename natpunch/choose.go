package natpunch

import "time"

// triggerEvery bounds the checks that pings of the peer trigger on one route.
const triggerEvery = 10 * time.Millisecond

// hysteresis is by how much a path of equal rank must be faster to take over. The least round trips of
// both are compared: those of the path in use grow with what it carries.
const hysteresis = 5 * time.Millisecond

// take handles an authentic, fresh ping or pong.
func (c *Pair) take(a arrival) {
	if a.pong {
		c.takePong(a)
		return
	}
	a.out.Send(c.out.seal(ping{pong: true, tag: c.tag, transaction: a.transaction, observed: a.from}), a.from)
	r, isNew := c.add(Candidate{a.from, PeerReflexive})
	if r == nil {
		return
	}
	if isNew {
		c.search.learned(time.Now())
	}
	t := c.route(r, a.out)
	t.heard = true
	if now := time.Now(); t.ponged.IsZero() && now.Sub(t.trigger) > triggerEvery {
		t.trigger = now
		c.ping(t) // a triggered check (RFC 8445 section 7.3.1.4)
	}
	c.choose(t)
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
	asked, ok := t.sent[a.transaction]
	if !ok {
		return
	}
	delete(t.sent, a.transaction)
	r.pongs++
	r.observed = a.observed
	rtt := a.at.Sub(asked.at)
	if t.rtt == 0 {
		t.rtt, t.least = rtt, rtt
	} else {
		t.rtt += (rtt - t.rtt) / 4
		t.least = min(t.least, rtt)
	}
	first := t.ponged.IsZero()
	t.ponged = a.at
	if asked.at.After(t.alive) && asked.size == 0 {
		t.alive = asked.at
	}
	t.misses, t.waiting = 0, false // to any ping: the path lives
	if t == c.chosen {
		c.mu.Lock()
		c.current.RTT = t.rtt
		c.mu.Unlock()
	}
	if asked.size > 0 {
		c.passed(t, asked.size)
	}
	c.choose(t)
	if first && c.chosen != nil && t != c.chosen && !c.chosen.waiting {
		c.chosen.checked = time.Time{} // another path appears: see at once whether this one still lives
	}
}

// choose makes t the path if it is proven both ways and better than the one in use.
func (c *Pair) choose(t *route) {
	if !t.proven() || t == c.chosen || !c.allowed(t) {
		return
	}
	if c.chosen != nil && !better(t, c.chosen) {
		return
	}
	c.chosen = t
	t.misses, t.waiting, t.checked = 0, false, time.Now()
	t.width.begin(c.size())
	c.publish()
}

func better(t, old *route) bool {
	if t.rank != old.rank {
		return t.rank < old.rank
	}
	return t.least+hysteresis < old.least
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

// publish tells the path to whoever asks, and that it changed.
func (c *Pair) publish() {
	var s PathState
	if t := c.chosen; t != nil {
		s = PathState{Proven: true, Relayed: t.rank >= relayRank, Remote: t.remote.Addr, Out: t.out, Kind: t.remote.Kind, RTT: t.rtt, Narrow: t.width.narrow}
	}
	c.mu.Lock()
	c.current = s
	c.mu.Unlock()
	c.note()
	if c.changed != nil {
		c.changed(s)
	}
}
