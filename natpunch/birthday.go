package natpunch

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Birthday punching (design D10): a NAT that picks a new port for every peer is met by many sockets behind it and many guesses
// before it. The hard side opens sockets and pings the peer's address from each, which opens as many ports; the easy side
// pings random ports of the hard side's address until one of them is open.
const (
	birthdayAfter   = 800 * time.Millisecond // of plain punching
	birthdaySockets = 256
	socketsPerStep  = 64
	birthdayStep    = 20 * time.Millisecond
	guessesPerStep  = 12 // 600 a second
	maxGuesses      = 1500
	repeatAfter     = time.Second // the hard side's pings, in case a NAT forgets
	birthdayEvery   = time.Minute
	window          = 32 // guesses around a predicted port
)

// A birthday is one try of either side.
type birthday struct {
	last    time.Time // when the last try began
	due     time.Time
	sockets []Outlet
	pinged  time.Time
	guesses int
	tried   int // guesses and sockets of the last try, for the report
}

// endBirthday closes the sockets of the try but the one that won, if one did.
func (c *Pair) endBirthday() {
	b := &c.birthday
	b.guesses = 0
	b.sockets = slices.DeleteFunc(b.sockets, func(o Outlet) bool {
		if c.chosen != nil && c.chosen.out == o {
			return false
		}
		for _, r := range c.remotes {
			delete(r.routes, o)
		}
		o.Close()
		return true
	})
}

// stepBirthday does what is due of birthday punching in the current try.
func (c *Pair) stepBirthday(now time.Time) time.Time {
	hard := c.ours.Mapping == EndpointDependent && c.theirs.Mapping != EndpointDependent && c.puncher.cfg.Open != nil
	easy := c.theirs.Mapping == EndpointDependent && c.ours.Mapping != EndpointDependent
	begin := c.try.Add(birthdayAfter)
	if !hard && !easy || len(c.reflexive()) == 0 {
		return now.Add(punchFor)
	}
	if now.Before(begin) {
		return begin
	}
	b := &c.birthday
	if b.last.Before(c.try) {
		if !b.last.IsZero() && now.Sub(b.last) < birthdayEvery {
			return now.Add(punchFor)
		}
		b.last, b.due, b.guesses, b.tried = now, now, 0, 0
	}
	if now.Before(b.due) {
		return b.due
	}
	b.due = now.Add(birthdayStep)
	if hard {
		c.openSockets(now)
	} else {
		c.guess()
	}
	return b.due
}

// reflexive lists the peer's addresses in the open.
func (c *Pair) reflexive() []*remote {
	return slices.DeleteFunc(c.ordered(), func(r *remote) bool {
		a := r.Addr.Addr()
		return r.Kind == Relayed || a.IsPrivate() || a.IsLoopback() || r.Kind == Host && !a.IsGlobalUnicast()
	})
}

// openSockets is the hard side.
func (c *Pair) openSockets(now time.Time) {
	b := &c.birthday
	targets := c.reflexive()
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
		for _, r := range targets[:min(len(targets), 2)] {
			c.ping(c.route(r, o))
		}
		b.pinged = now
	}
	if now.Sub(b.pinged) >= repeatAfter {
		b.pinged = now
		for _, o := range b.sockets {
			for _, r := range targets[:min(len(targets), 2)] {
				c.ping(c.route(r, o))
			}
		}
	}
}

// guess is the easy side: predicted ports first if the steps are constant, then random ones.
func (c *Pair) guess() {
	b := &c.birthday
	target := c.reflexive()[0]
	main := c.puncher.cfg.Main
	t := c.route(target, main)
	for range guessesPerStep {
		if b.guesses >= maxGuesses {
			return
		}
		port := uint16(1024 + rand.IntN(1<<16-1024))
		if step := int(c.theirs.Step); step != 0 && b.guesses < window {
			port = uint16(int(target.Addr.Port()) + step*(b.guesses+1))
		}
		b.guesses++
		b.tried++
		// The pong comes from an address that is no candidate yet; the peer's triggered ping makes it one, and the route is
		// proven by the ping that this triggers in turn.
		c.pingPort(t, netip.AddrPortFrom(target.Addr.Addr(), port))
	}
}

// pingPort sends a ping that need not be answered.
func (c *Pair) pingPort(t *route, to netip.AddrPort) {
	t.remote.pings++
	t.out.Send(c.out.seal(ping{tag: c.tag, transaction: newTransaction()}), to)
}
