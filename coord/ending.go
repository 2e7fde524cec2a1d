package coord

import (
	"fmt"
	"slices"
	"time"
)

// broadcast tells everybody.
func (s *session) broadcast(m message) {
	for i := range s.seats {
		if l := s.seats[i].link; l != nil {
			l.send(m)
		}
	}
}

// event is the state of a seat as others see it.
func (s *session) event(i int) Event {
	me := &s.seats[i]
	e := Event{Seat: i, State: me.state, Key: me.owner, Name: me.join.name}
	if me.away() && (!me.unheard || me.cause == Silent) {
		e.State = Lost
	}
	if e.State == Lost || e.State == Failed {
		e.Cause, e.Reason, e.Closed = me.cause, me.reason, e.State == Lost && me.closed
	}
	return e
}

// announce tells everybody, and the host, the state of a seat.
func (s *session) announce(i int) {
	e := s.event(i)
	s.broadcast(event{e})
	if s.cfg.Events != nil {
		s.cfg.Events(e)
	}
}

// reach moves a seat on.
func (s *session) reach(i int, state State) {
	s.seats[i].state = state
	s.announce(i)
}

// lose notes that contact to a party was lost. It may come back; what that changes is decided in onTime.
func (s *session) lose(i int, closed bool, reason string) {
	me := &s.seats[i]
	me.link, me.closed = nil, closed
	if me.ended() || s.phase == over {
		return
	}
	me.until = time.Now().Add(returnWithin)
	s.note(me, Silent, reason)
	s.announce(i)
}

// fail gives a party up for the trouble that was noted.
func (s *session) fail(i int) {
	s.seats[i].during = s.seats[i].state
	s.reach(i, Failed)
}

func (s *session) note(me *seat, cause Cause, reason string) {
	s.troubles++
	me.cause, me.reason, me.trouble = cause, reason, s.troubles
}

// returns tells whether a party that is away is still waited for, and until when; zero means as long as seats are open, since a
// party that keeps its key may have left on purpose.
func (s *session) returns(me *seat, now time.Time) (bool, time.Time) {
	if s.phase == gathering && me.join.kept {
		return true, time.Time{}
	}
	return now.Before(me.until), me.until
}

// onTime ends what has waited long enough, and the session when nothing is left to wait for.
func (s *session) onTime(now time.Time) {
	if s.phase == over {
		return
	}
	s.onSignals(now)
	waiting, failed := false, false
	for i := range s.seats {
		me := &s.seats[i]
		back, _ := s.returns(me, now)
		if me.away() && !back {
			s.overdue(i)
			if s.phase != running {
				s.fail(i)
			}
		}
		waiting = waiting || !me.ended() && (!me.away() || back)
		failed = failed || me.state == Failed
	}
	switch {
	case !waiting || failed && s.phase != running:
		s.end(s.worst())
	case s.phase == running || now.Before(s.deadline):
	case s.phase == gathering:
		s.end(&EmptyError{Seats: s.missing()})
	default:
		i, reason := s.laggard()
		s.note(&s.seats[i], Silent, reason)
		s.fail(i)
		s.end(s.worst())
	}
}

// laggard is the first party that the phase waits for.
func (s *session) laggard() (int, string) {
	for i := range s.seats {
		if s.phase == opening && !s.seats[i].opened {
			return i, fmt.Sprintf("it did not confirm the roster within %v", openWithin)
		}
	}
	i := slices.IndexFunc(s.seats, func(me seat) bool { return !me.ready })
	return i, fmt.Sprintf("it was not ready within %v", startWithin)
}

// missing are the seats that nobody sits in.
func (s *session) missing() []int {
	var out []int
	for i := range s.seats {
		if s.seats[i].link == nil {
			out = append(out, i)
		}
	}
	return out
}

// nextDeadline is when onTime has something to do; at the latest in an hour.
func (s *session) nextDeadline(now time.Time) time.Time {
	next := now.Add(time.Hour)
	if !s.deadline.IsZero() && s.deadline.Before(next) {
		next = s.deadline
	}
	if !s.wakeAt.IsZero() && s.wakeAt.Before(next) {
		next = s.wakeAt
	}
	for i := range s.seats {
		me := &s.seats[i]
		if me.link != nil && !me.renew.IsZero() && me.renew.Before(next) {
			next = me.renew
		}
		if back, until := s.returns(me, now); me.away() && back && !until.IsZero() && until.Before(next) {
			next = until
		}
	}
	return next
}

// worst is the failure that explains the others: an abort before somebody who left or was lost before somebody who lost a
// party, and the first of equals. It is nil if all are done; a party that was not heard after a restart was done before it if
// another is and none failed.
func (s *session) worst() error {
	in := func(state State) bool {
		return slices.ContainsFunc(s.seats, func(me seat) bool { return me.state == state })
	}
	forgiven := in(Done) && !in(Failed)
	var found *PartyError
	var rank, first int
	for i := range s.seats {
		me := &s.seats[i]
		if me.state != Failed && (!me.away() || me.unheard && forgiven) {
			continue
		}
		r := 2
		switch me.cause {
		case ProtocolAbort:
			r = 3
		case PeerLost:
			r = 1
		}
		if r < rank || r == rank && me.trouble > first {
			continue
		}
		rank, first = r, me.trouble
		found = &PartyError{Seat: i, Name: me.join.name, During: me.state, Cause: me.cause, Reason: me.reason}
		if me.state == Failed {
			found.During = me.during
		}
	}
	if found == nil {
		return nil
	}
	return found
}

// end tells everybody how the session ended. Seats that nobody has taken yet may still come, and are told for a while, so that
// two parties with different programs do not leave the third to find nobody.
func (s *session) end(outcome error) {
	s.phase, s.outcome, s.deadline = over, outcome, time.Now()
	s.forget()
	for i := range s.seats {
		me := &s.seats[i]
		if me.link != nil {
			me.link.finish(end{outcome})
			me.link = nil
		}
		if _, expired := outcome.(*EmptyError); me.state == Empty && outcome != nil && outcome != error(ErrStopped) && !expired {
			s.deadline = time.Now().Add(lateWithin)
		}
	}
}

// late is what a party is told that comes after the end. When all have been told nobody is waited for any more.
func (s *session) late(i int) error {
	if s.seats[i].state == Empty {
		s.seats[i].state = Failed
	}
	if !slices.ContainsFunc(s.seats, func(me seat) bool { return me.state == Empty }) {
		s.deadline = time.Now()
	}
	return s.outcome
}
