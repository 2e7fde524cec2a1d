package coord

import (
	"errors"
	"fmt"
	"time"
)

// How the session passes on what parties say about their paths. Whatever a party says, the others hear it no faster than they
// can take.
const (
	spreadBurst   = 16                     // announcements of one party that are passed on at once
	spreadEvery   = 250 * time.Millisecond // and afterwards; the latest counts
	signalEvery   = time.Second            // between two launches of a pair, or two troubles of one party with another
	mostOneWay    = time.Second            // that a launch compensates
	shortestOffer = 10 * time.Second       // between two renewals of relay offers
)

// A signal is what passes between two seats: a launch to both, from the lower one, or the trouble of one with the other.
type signal struct {
	trouble  bool
	from, to int
}

// A slot paces something of which only the latest counts.
type slot struct {
	last   time.Time
	due    time.Time // zero: nothing to do
	reason string    // of a trouble
}

// announceFrom takes where a party may be reached. Others are told once the roster is known.
func (s *session) announceFrom(i int, m announce) error {
	me := &s.seats[i]
	if m.version > me.announced.version {
		me.announced = announce{m.version, m.filtered(me.link.addr.Addr().IsLoopback())}
		if s.pathsOpen() && me.spread.due.IsZero() {
			s.wake(&me.spread, time.Now().Add(me.pace.take(time.Now())))
		}
	}
	if !me.placed {
		me.placed = true
		s.pairUp(i)
	}
	return nil
}

func (s *session) repunch(i int, m repunch) error {
	if err := s.checkOther(i, m.seat); err != nil {
		return err
	}
	s.request(signal{false, min(i, m.seat), max(i, m.seat)}, "")
	return nil
}

func (s *session) troubleFrom(i int, m trouble) error {
	if err := s.checkOther(i, m.seat); err != nil {
		return err
	}
	s.request(signal{true, i, m.seat}, m.reason)
	return nil
}

func (s *session) checkOther(i, other int) error {
	if !s.pathsOpen() {
		return errors.New("about a path before the roster was sealed")
	}
	if other == i || other >= len(s.seats) {
		return fmt.Errorf("about a path to seat %d", other)
	}
	return nil
}

// pathsOpen tells that parties hear about each other's addresses.
func (s *session) pathsOpen() bool { return s.phase == connecting || s.phase == running }

// openPaths tells everybody everything that was announced so far, and starts all pairs that can start.
func (s *session) openPaths() {
	for i := range s.seats {
		s.tellPlace(i)
	}
	for i := range s.seats {
		s.pairUp(i)
	}
}

// catchUp tells a party that has come back what the others announced.
func (s *session) catchUp(i int) {
	for k := range s.seats {
		if k != i && s.pathsOpen() {
			s.sendPlace(k, i)
		}
	}
}

func (s *session) tellPlace(i int) {
	for k := range s.seats {
		if k != i {
			s.sendPlace(i, k)
		}
	}
}

// sendPlace tells party k where party i is, with loopback addresses only if k reached us over loopback itself.
func (s *session) sendPlace(i, k int) {
	a, l := s.seats[i].announced, s.seats[k].link
	if a.version > 0 && l != nil {
		l.send(update{i, a.version, a.filtered(l.addr.Addr().IsLoopback())})
	}
}

// pairUp starts a party with all that can be told to start, too.
func (s *session) pairUp(i int) {
	for k := range s.seats {
		if k != i && s.pathsOpen() && s.seats[i].placed && s.seats[k].placed {
			s.request(signal{false, min(i, k), max(i, k)}, "")
		}
	}
}

func (s *session) request(sig signal, reason string) {
	at := s.signals[sig]
	if at == nil {
		at = &slot{}
		s.signals[sig] = at
	}
	at.reason = reason
	if now := time.Now(); at.due.IsZero() {
		due := at.last.Add(signalEvery)
		if due.Before(now) {
			due = now
		}
		s.wake(at, due)
	}
}

func (s *session) wake(at *slot, due time.Time) {
	at.due = due
	if s.wakeAt.IsZero() || due.Before(s.wakeAt) {
		s.wakeAt = due
	}
}

// onSignals passes on what is due, and renews offers.
func (s *session) onSignals(now time.Time) {
	for i := range s.seats {
		me := &s.seats[i]
		if me.link != nil && !me.renew.IsZero() && !now.Before(me.renew) {
			me.link.send(offers{s.mint(i)})
		}
	}
	if s.wakeAt.IsZero() || now.Before(s.wakeAt) {
		return
	}
	s.wakeAt = time.Time{}
	pass := func(at *slot) bool {
		if at.due.IsZero() {
			return false
		}
		if now.Before(at.due) {
			s.wake(at, at.due)
			return false
		}
		at.last, at.due = now, time.Time{}
		return true
	}
	for i := range s.seats {
		if pass(&s.seats[i].spread) {
			s.tellPlace(i)
		}
	}
	for sig, at := range s.signals {
		if pass(at) {
			s.pass(sig, at.reason)
		}
	}
}

// pass sends a signal, unless it has become pointless: a launch is for two.
func (s *session) pass(sig signal, reason string) {
	from, to := &s.seats[sig.from], &s.seats[sig.to]
	switch {
	case sig.trouble:
		if to.link != nil {
			to.link.send(troubled{sig.from, reason})
		}
	case from.link != nil && to.link != nil && from.placed && to.placed:
		a, b := min(from.link.oneWay(), mostOneWay), min(to.link.oneWay(), mostOneWay)
		from.link.send(launch{sig.to, max(a, b) - a})
		to.link.send(launch{sig.from, max(a, b) - b})
	}
}

// mint makes the relay offers for a party, and notes when to renew them: when half of the shortest life has passed.
func (s *session) mint(i int) []grant {
	me := &s.seats[i]
	me.renew = time.Time{}
	if s.cfg.Relays == nil {
		return nil
	}
	now := time.Now()
	var list []grant
	for _, o := range s.cfg.Relays(s.id, i) {
		g := grantOf(o, now)
		if len(list) == maxOffers || !g.valid() {
			continue
		}
		list = append(list, g)
		if g.seconds == 0 {
			continue
		}
		renew := now.Add(max(time.Duration(g.seconds)*time.Second/2, shortestOffer))
		if me.renew.IsZero() || renew.Before(me.renew) {
			me.renew = renew
		}
	}
	return list
}

func (s *session) welcomeFor(i int) welcome {
	l := s.seats[i].link
	return welcome{session: s.id, seat: i, seats: len(s.seats), observed: l.addr, keeps: s.store != nil, stun: s.stun, ports: s.ports, relays: s.mint(i)}
}
