package coord

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// A phase is how far the session is.
type phase uint8

const (
	gathering  phase = iota // seats are open
	opening                 // the roster is out, nonces come in
	connecting              // the nonces are out, the parties connect to each other
	running                 // all were ready
	over
)

// A seat is what the coordinator knows about one party.
type seat struct {
	secret Secret // of its ticket

	owner identity.ID // the first key that took it; zero while state is Empty
	join  join
	link  *link     // nil while away or gone
	state State     // what it reached: never Lost
	until time.Time // while away: when that is final
	joins pace

	nonce  [32]byte
	opened bool
	ready  bool
	agreed []Field // of its ready

	announced announce  // its latest; version 0 if there is none
	placed    bool      // it announced something on this link
	spread    slot      // of its announcement to the others
	pace      pace      // of that
	renew     time.Time // when its relay offers are; zero for never

	cause   Cause // with Failed and while away
	reason  string
	during  State // what it did before it failed
	closed  bool  // while away: its connection was closed
	unheard bool  // since the coordinator was restarted
	trouble int   // the how many-th trouble of the session that was
}

func (s *seat) ended() bool { return s.state == Done || s.state == Failed }

// away tells a party that is not connected and may come back.
func (s *seat) away() bool { return s.state != Empty && !s.ended() && s.link == nil }

// A session is the coordinator's state. One goroutine owns it: run.
type session struct {
	cfg          ServerConfig
	store        StateStore // nil for none
	saved        []byte     // what it has
	resumed      bool
	resumedUntil time.Time // the saved deadline of the open seats
	id           SessionID
	token        Secret
	stun         []netip.AddrPort
	ports        []uint16
	seats        []seat
	phase        phase
	deadline     time.Time // of the phase
	nonces       nonces
	troubles     int // parties that failed or were lost so far
	signals      map[signal]*slot
	wakeAt       time.Time // of the first slot that is due; zero if none is
	outcome      error

	in   chan delivery
	done chan struct{} // closed when run has returned
}

// How often one seat's party may come back: at once, and then each joinEvery.
const (
	maxJoins  = 100
	joinEvery = 10 * time.Second
)

// run serves deliveries until the session is over. It returns how it ended.
func (s *session) run(ctx context.Context) error {
	defer close(s.done)
	s.begin(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.onTime(time.Now())
		s.persist()
		if s.phase == over && !time.Now().Before(s.deadline) {
			return s.outcome
		}
		timer.Reset(time.Until(s.nextDeadline(time.Now())))
		select {
		case d := <-s.in:
			s.handle(d)
		case <-timer.C:
		case <-ctx.Done():
			if s.phase == over {
				return s.outcome
			}
			s.end(ErrStopped)
			return context.Cause(ctx)
		}
	}
}

// deliver hands a delivery to run, unless that has returned.
func (s *session) deliver(d delivery) bool {
	select {
	case s.in <- d:
		return true
	case <-s.done:
		return false
	}
}

func (s *session) handle(d delivery) {
	if d.from.finished.Load() {
		return
	}
	i := s.seatOf(d.from)
	var err error
	switch m := d.m.(type) {
	case nil:
		if i >= 0 {
			s.lose(i, closedByPeer(d.err), whyLost(d.err))
		}
		return
	case garbage:
		err = m.err
	case join:
		if i < 0 {
			s.admit(d.from, m)
			return
		}
		err = errors.New("a second join")
	default:
		if i < 0 {
			err = errors.New("a join must come first")
		} else {
			err = s.step(i, d.m)
		}
	}
	if err == nil {
		return
	}
	if special := (*refusal)(nil); !errors.As(err, &special) {
		err = refuse(ErrMalformed, "%s", clean(err.Error(), maxReason))
	}
	d.from.finish(end{err})
	if i >= 0 {
		s.lose(i, false, "it broke the protocol of the coordinator")
	}
}

// step is what the party in a seat said. An error is its fault.
func (s *session) step(i int, m message) error {
	switch m := m.(type) {
	case open:
		return s.open(i, m)
	case ready:
		return s.ready(i, m)
	case bye:
		return s.bye(i, m)
	case announce:
		return s.announceFrom(i, m)
	case repunch:
		return s.repunch(i, m)
	case trouble:
		return s.troubleFrom(i, m)
	}
	return fmt.Errorf("unexpected frame %#x", uint8(m.frame()))
}

func (s *session) seatOf(l *link) int {
	for i := range s.seats {
		if s.seats[i].link == l {
			return i
		}
	}
	return -1
}

// fixRoster starts the session when all seats are live: from here on nobody can join or change.
func (s *session) fixRoster() {
	s.phase, s.deadline = opening, time.Now().Add(openWithin)
	for i := range s.seats {
		s.seats[i].link.send(s.rosterFor(i))
	}
}

func (s *session) open(i int, m open) error {
	me := &s.seats[i]
	want := commitmentTo(me.owner, m.nonce)
	if s.phase < opening || subtle.ConstantTimeCompare(want[:], me.join.commitment[:]) != 1 {
		return errors.New("a nonce that was not committed to")
	}
	me.nonce, me.opened = m.nonce, true
	if s.phase != opening {
		return nil // said again after coming back
	}
	for j := range s.seats {
		if !s.seats[j].opened {
			return nil
		}
	}
	s.phase, s.deadline = connecting, time.Now().Add(startWithin)
	for j := range s.seats {
		s.nonces.list = append(s.nonces.list, s.seats[j].nonce)
	}
	s.broadcast(s.nonces)
	for j := range s.seats {
		s.reach(j, Connecting)
	}
	s.openPaths()
	return nil
}

func (s *session) ready(i int, m ready) error {
	if s.phase < connecting {
		return errors.New("ready before the roster was sealed")
	}
	me := &s.seats[i]
	if me.ready {
		return nil // said again after coming back
	}
	me.ready, me.agreed = true, m.fields
	all := true
	for j := range s.seats {
		all = all && s.seats[j].ready
		if s.seats[j].ready {
			if err := mismatch(j, s.seats[j].agreed, i, m.fields); err != nil {
				s.end(err)
				return nil
			}
		}
	}
	if all && s.phase == connecting {
		s.phase, s.deadline = running, time.Time{}
		for j := range s.seats {
			s.reach(j, Running)
		}
		s.persist()
		s.broadcast(start{})
	}
	return nil
}

// bye takes a party's last word: it is done, or it failed. A kept key that leaves while seats are open may come back.
func (s *session) bye(i int, m bye) error {
	me := &s.seats[i]
	if m.cause == NoCause && s.phase != running {
		return errors.New("done before the start")
	}
	me.link.conn.Close()
	me.link, me.closed = nil, false
	if m.cause == NoCause {
		s.reach(i, Done)
		return nil
	}
	s.note(me, m.cause, m.reason)
	if s.phase == gathering && me.join.kept {
		s.announce(i)
	} else {
		s.fail(i)
	}
	return nil
}
