package natpunch

import (
	"math/rand/v2"
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
	birthdayAfter   = 500 * time.Millisecond
	birthdaySockets = 256
	socketsPerStep  = 64
	birthdayStep    = 20 * time.Millisecond
	guessesPerStep  = 15 // 750 a second
	maxGuesses      = 1400
	repeatAfter     = time.Second // the hard side's pings, in case one was lost
	birthdayEvery   = time.Minute
	maxTargets      = 2 // addresses of the easy side that the hard side pings from every socket
	lowestPort      = 1024
)

// A birthday is the state of either side.
type birthday struct {
	began   time.Time // the last one
	over    bool      // it was ended
	due     time.Time
	sockets []Outlet
	pinged  time.Time
	guesses int
	steps   int // of the guesses, predicted ones
	tried   int // guesses and sockets of the last one, for the report
}

// sides tells whether birthday punching can help, and which side is ours.
func (c *Pair) sides() (hard, easy bool) {
	fixed := func(m Mapping) bool { return m == NoNAT || m == EndpointIndependent || m == UnknownMapping }
	if c.puncher.cfg.Open == nil {
		return false, false
	}
	hard = c.ours.Mapping == EndpointDependent && fixed(c.theirs.Mapping)
	easy = c.theirs.Mapping == EndpointDependent && fixed(c.ours.Mapping)
	return hard, easy
}

// stepBirthday does what is due of prediction and birthday punching in the current try.
func (c *Pair) stepBirthday(now time.Time) time.Time {
	b, try := &c.party, c.search.began
	never := now.Add(punchFor)
	hard, easy := c.sides()
	targets := c.targets()
	if !hard && !easy || len(targets) == 0 {
		return never
	}
	begin := try.Add(birthdayAfter)
	if easy && c.theirs.Step != 0 {
		begin = try.Add(predictAfter)
	}
	if now.Before(begin) {
		return begin
	}
	if b.began.Before(try) {
		if !b.began.IsZero() && now.Sub(b.began) < birthdayEvery {
			return never
		}
		*b = birthday{began: now, due: now, sockets: b.sockets}
	}
	if b.over {
		return never
	}
	if now.Before(b.due) {
		return b.due
	}
	b.due = now.Add(birthdayStep)
	if hard {
		c.openSockets(now, targets)
	} else {
		c.guess(now, targets[0].Addr)
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

// guess is the easy side. While only plain punching is under way at the peer it keeps to predictions.
func (c *Pair) guess(now time.Time, target netip.AddrPort) {
	b := &c.party
	early := now.Before(c.search.began.Add(birthdayAfter))
	for n := range guessesPerStep {
		if b.guesses >= maxGuesses {
			return
		}
		port := uint16(lowestPort + rand.IntN(1<<16-lowestPort))
		if step := c.theirs.Step; step != 0 && (early || n%2 == 0) {
			b.steps++
			port = predict(target.Port(), step, b.steps)
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
