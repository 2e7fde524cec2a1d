package natpunch

import (
	"net/netip"
	"slices"
	"time"
)

// Birthday punching (design D10): a NAT that picks a new port for every peer is met by many sockets behind it and many guesses
// before it. The hard side opens sockets and pings the peer's address from each, which opens as many ports; the easy side
// pings ports of the hard side's address until one of them is open: those that are predicted if the NAT goes in steps, and
// random ones.
const (
	predictAfter    = 150 * time.Millisecond // of plain punching
	maxPredicted    = 64                     // guesses before birthday punching proper
	birthdayAfter   = 500 * time.Millisecond // of plain punching
	birthdayFor     = 2500 * time.Millisecond
	birthdayEvery   = time.Minute
	birthdayStep    = 20 * time.Millisecond
	birthdaySockets = 300
	socketsPerStep  = 75
	guessAfter      = 100 * time.Millisecond // when the other side has its sockets
	guessesPerStep  = 16                     // 800 a second
	maxGuesses      = 1500
	repeatAfter     = time.Second // the hard side's pings, in case one was lost
	maxTargets      = 2           // addresses of the easy side that the hard side pings from every socket
	pairsAtOnce     = 4           // of one party, on average
	maxAtATime      = 8           // and at most
	lowestPort      = 1024
)

// A birthday is the state of either side.
type birthday struct {
	try     time.Time // the one that the rest belongs to
	began   time.Time // when sockets were last opened or random ports guessed
	over    bool
	counted bool // as one of those that the Puncher has at a time
	due     time.Time
	sockets []Outlet
	pinged  time.Time
	guesses int // in all
	steps   int // of them predicted
	random  sweep
	tried   int // guesses and sockets of the last one, for the report
}

// sides tells whether birthday punching can help, and which side is ours.
func (c *Pair) sides() (hard, easy bool) {
	if c.puncher.cfg.Open == nil || c.policy == RelayOnly {
		return false, false
	}
	fixed := func(m Mapping) bool { return m == NoNAT || m == EndpointIndependent || m == UnknownMapping }
	hard = c.ours.Mapping == EndpointDependent && fixed(c.theirs.Mapping)
	easy = c.theirs.Mapping == EndpointDependent && fixed(c.ours.Mapping)
	return hard, easy
}

// birthdayAt is when the current try comes to birthday punching. A party with many pairs takes a few at a time, once the plain ones have
// had theirs; both ends of a pair have the same number of pairs and so agree on the turn.
func (c *Pair) birthdayAt() time.Time {
	turns := c.search.turns
	turn := int(c.tag[0]) % turns
	return c.search.began.Add(time.Duration(turns)*birthdayAfter + time.Duration(turn)*birthdayFor)
}

// stepBirthday does what is due of prediction and birthday punching in the current try. It is called as long as there is no direct
// path.
func (c *Pair) stepBirthday(now time.Time) time.Time {
	b, try := &c.party, c.search.began
	never := now.Add(time.Hour)
	hard, easy := c.sides()
	targets := c.targets()
	if !hard && !easy || len(targets) == 0 {
		return never
	}
	if !b.try.Equal(try) {
		c.endBirthday(now)
		*b = birthday{try: try, began: b.began, sockets: b.sockets, random: newSweep()}
	}
	begin := c.birthdayAt()
	end := begin.Add(birthdayFor)
	if b.over || !now.Before(end) {
		return never
	}
	if c.search.until.Before(end) {
		c.search.until = end
	}
	if now.Before(b.due) {
		return b.due
	}
	b.due = now.Add(birthdayStep)
	if easy {
		early := try.Add(predictAfter)
		switch {
		case c.theirs.Step != 0 && b.steps < maxPredicted && !now.Before(early):
			c.guess(now, targets[0].Addr, true)
			return b.due
		case c.theirs.Step != 0 && now.Before(early):
			b.due = early
			return early
		}
		begin = begin.Add(guessAfter)
	}
	if now.Before(begin) {
		b.due = begin
		return begin
	}
	if !b.counted {
		if now.Sub(b.began) < birthdayEvery || !c.puncher.beginBirthday() {
			b.over = true // too soon, or too many pairs at a time: a later try may do
			return never
		}
		b.counted, b.began = true, now
	}
	if hard {
		c.openSockets(now, targets)
	} else {
		c.guess(now, targets[0].Addr, false)
	}
	return b.due
}

// targets lists the peer's IPv4 addresses in the open, those first that a server saw.
func (c *Pair) targets() []*remote {
	open := slices.DeleteFunc(c.ordered(), func(r *remote) bool {
		a := r.Addr.Addr()
		return r.Kind == Relayed || !a.Is4() || a.IsPrivate() || a.IsLoopback()
	})
	worth := func(r *remote) int {
		return slices.Index([]Kind{Host, PeerReflexive, Static, Mapped, Reflexive}, r.Kind)
	}
	slices.SortStableFunc(open, func(a, b *remote) int { return worth(b) - worth(a) })
	return open
}

// openSockets is the hard side.
func (c *Pair) openSockets(now time.Time, targets []*remote) {
	b := &c.party
	targets = targets[:min(len(targets), maxTargets)]
	for range socketsPerStep {
		if len(b.sockets) >= birthdaySockets {
			break
		}
		o, err := c.puncher.cfg.Open()
		if err != nil {
			break // as many as the system gives
		}
		b.sockets = append(b.sockets, o)
		b.tried++
		for _, r := range targets {
			c.ping(c.route(r, o))
		}
		b.pinged = now
	}
	if now.Sub(b.pinged) >= repeatAfter {
		b.pinged = now
		for _, o := range b.sockets {
			for _, r := range targets {
				c.ping(c.route(r, o))
			}
		}
	}
}

// guess is the easy side. If the NAT goes in steps, predictions come first, and then every other guess is one.
func (c *Pair) guess(now time.Time, target netip.AddrPort, predicted bool) {
	b := &c.party
	for n := range guessesPerStep {
		if b.guesses >= maxGuesses {
			return
		}
		var port uint16
		if step := c.theirs.Step; step != 0 && (predicted || n%2 == 0) {
			b.steps++
			port = predict(target.Port(), step, b.steps)
		} else {
			port = b.random.next()
		}
		b.guesses++
		b.tried++
		// The pong comes from an address that is no candidate yet; the peer's triggered ping makes it one, and the route is
		// proven by the ping that this triggers in turn.
		to := netip.AddrPortFrom(target.Addr(), port)
		c.puncher.cfg.Main.Send(c.out.seal(ping{tag: c.tag, transaction: c.newTransaction(now)}), to)
	}
}

// endBirthday closes the sockets over which nothing came.
func (c *Pair) endBirthday(now time.Time) {
	c.party.over = true
	if c.party.counted {
		c.party.counted = false
		c.puncher.endBirthday()
	}
	c.closeSockets(func(o Outlet) bool {
		for _, r := range c.remotes {
			if t := r.routes[o]; t != nil && (t == c.chosen || t.heard && now.Sub(t.pinged) < trustFor) {
				return false
			}
		}
		return true
	})
}

func (c *Pair) closeSockets(unused func(Outlet) bool) {
	c.party.sockets = slices.DeleteFunc(c.party.sockets, func(o Outlet) bool {
		if !unused(o) {
			return false
		}
		for _, r := range c.remotes {
			delete(r.routes, o)
		}
		o.Close()
		return true
	})
}
