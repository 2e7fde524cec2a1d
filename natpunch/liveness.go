package natpunch

import "time"

// Liveness of the chosen path (design D14, goals G14 and G22).
const (
	pingBusy   = 350 * time.Millisecond // while traffic flows
	pingIdle   = 5 * time.Second
	busyFor    = 2 * time.Second // after the last Touch
	pongWithin = 250 * time.Millisecond
	maxMisses  = 3
	trustFor   = 25 * time.Second // how long an unused proven path counts as a spare
	sureFor    = 2 * time.Second  // how long it counts as alive beyond doubt
	spareEvery = 8 * time.Second  // pings on proven routes over relays that are not in use
)

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

// watch pings the chosen path and gives it up after some misses, or after the first if another direct path is alive.
func (c *Pair) watch(now time.Time) time.Time {
	t := c.chosen
	every := pingIdle
	if c.busy(now) {
		every = pingBusy
	}
	patience := t.patience()
	if t.waiting {
		deadline := t.checked.Add(patience)
		if now.Before(deadline) {
			return deadline
		}
		t.waiting = false
		if t.misses++; t.misses == 1 {
			t.doubted = now
			c.pingSpares()
		}
		if t.misses >= maxMisses || c.surer(t, now) {
			t.ponged, t.heard, t.rtt, t.width = time.Time{}, false, 0, width{}
			c.lose(now, t.doubted)
			return now
		}
		every = 0 // after a miss there is no pause
	}
	if due := t.checked.Add(every); now.Before(due) {
		if soon := now.Add(pingBusy); soon.Before(due) {
			return soon // to look again whether traffic flows
		}
		return due
	}
	for range 1 + t.misses { // a lost packet is no dead path: after a miss more than one has to be lost
		c.ping(t)
	}
	t.checked, t.waiting = now, true
	return now.Add(patience)
}

// patience is how long a pong is waited for.
func (t *route) patience() time.Duration { return max(pongWithin, 2*t.rtt) }

// surer tells that another path is alive beyond doubt while the chosen one missed. For a direct path that is another direct one: a
// lost packet is no reason to change to a relay.
func (c *Pair) surer(t *route, now time.Time) bool {
	if t.rank >= relayRank {
		return c.spare(now, t.doubted) != nil
	}
	spare := c.spare(now, now.Add(-sureFor))
	return spare != nil && spare.rank < relayRank
}

// pingSpares asks the other proven routes whether they live.
func (c *Pair) pingSpares() {
	for _, r := range c.remotes {
		for _, t := range r.routes {
			if t != c.chosen && t.proven() && c.allowed(t) {
				c.ping(t)
			}
		}
	}
}

// spare is the best proven path but the chosen one that answered after since, or nil.
func (c *Pair) spare(now, since time.Time) (best *route) {
	for _, r := range c.remotes {
		for _, t := range r.routes {
			if t != c.chosen && t.proven() && c.allowed(t) && now.Sub(t.ponged) < trustFor && t.ponged.After(since) && (best == nil || better(t, best)) {
				best = t
			}
		}
	}
	return best
}

// lose gives up the chosen path: a spare one that answered after since takes over, and a new try begins at once.
func (c *Pair) lose(now, since time.Time) {
	if c.direct() {
		c.lost = now
	}
	spare := c.spare(now, since)
	c.chosen = spare
	if spare == nil {
		c.gone = now
	} else {
		spare.misses, spare.waiting, spare.checked = 0, false, time.Time{}
		spare.width.begin(c.size())
	}
	c.search.at(now)
	c.publish()
}
