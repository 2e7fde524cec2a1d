package coord

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// handle follows what the coordinator says. It says each thing again on a new link, so all of this may be heard twice, but never
// differently.
func (m *membership) handle(d delivery) {
	if d.m == nil {
		m.lost(d.err)
		return
	}
	if m.leaving != nil {
		return
	}
	var err error
	if w, ok := d.m.(welcome); ok != !m.greeted && d.m.frame() != frameEnd {
		err = fmt.Errorf("%w: it did not begin with a welcome", ErrInconsistent)
	} else if ok {
		err = m.greet(w)
	} else {
		err = m.follow(d.m)
	}
	if err != nil {
		m.reject(err)
	}
}

func (m *membership) follow(msg message) error {
	switch msg := msg.(type) {
	case event:
		if msg.Seat >= m.welcome.seats {
			return fmt.Errorf("%w: there is no seat %d", ErrInconsistent, msg.Seat)
		}
		m.tell(msg.Event)
	case rosterMessage:
		return m.rosterCame(msg.Roster)
	case nonces:
		return m.seal(msg)
	case start:
		if m.said == nil || !isClosed(m.sealed) {
			return fmt.Errorf("%w: it starts before we are ready", ErrInconsistent)
		}
		if !isClosed(m.started) {
			close(m.started)
		}
	case update:
		return m.aboutPeer(msg.seat, msg)
	case launch:
		return m.aboutPeer(msg.seat, msg)
	case troubled:
		return m.aboutPeer(msg.seat, msg)
	case offers:
		m.offered(msg.list)
	case end:
		m.ended(msg.err)
	case garbage:
		return fmt.Errorf("%w: %w", ErrInconsistent, msg.err)
	}
	return nil
}

// greet takes a welcome: the first fixes session and seat, a later one means that the coordinator is back.
func (m *membership) greet(w welcome) error {
	if isClosed(m.welcomed) {
		if w.session != m.welcome.session || w.seat != m.welcome.seat || w.seats != m.welcome.seats {
			return fmt.Errorf("%w: it is back with another session or seat", ErrInconsistent)
		}
		m.greeted, m.greetedAt, m.pause = true, time.Now(), 0
		m.learn(w)
		m.tell(Event{Seat: Coordinator, State: Joined})
		if m.pending != nil {
			m.link.send(open{m.nonce})
		}
		m.sayReady()
		m.flush()
		return nil
	}
	if m.hello.by == byTicket && w.session != m.hello.session || m.hello.seat != AnySeat && w.seat != m.hello.seat {
		return fmt.Errorf("%w: it offers seat %d of session %v", ErrInconsistent, w.seat, w.session)
	}
	m.welcome, m.greeted, m.greetedAt = w, true, time.Now()
	m.learn(w)
	close(m.welcomed)
	return nil
}

// rosterCame checks a roster before anything follows from it; then nonces may be opened.
func (m *membership) rosterCame(r *Roster) error {
	r.Coordinator = m.coordinator
	if m.pending != nil {
		if !reflect.DeepEqual(stripped(r), stripped(m.pending)) {
			return fmt.Errorf("%w: it changed the roster", ErrInconsistent)
		}
		return nil
	}
	if err := m.check(r); err != nil {
		return err
	}
	for i := range r.Members {
		r.Members[i].Addrs = slices.DeleteFunc(r.Members[i].Addrs, func(a netip.AddrPort) bool {
			return !usable(a, m.link.addr.Addr().IsLoopback())
		})
	}
	m.pending = r
	m.link.send(open{m.nonce})
	return nil
}

// stripped is what must never change in a roster.
func stripped(r *Roster) Roster {
	fixed := *r
	fixed.Words, fixed.Digest, fixed.Members = nil, [32]byte{}, nil
	for _, member := range r.Members {
		member.Addrs = nil
		fixed.Members = append(fixed.Members, member)
	}
	return fixed
}

// check holds a roster to what we said and what the caller expects.
func (m *membership) check(r *Roster) error {
	self := m.welcome.seat
	if r.Session != m.welcome.session || len(r.Members) != m.welcome.seats {
		return fmt.Errorf("%w: its roster is for another session", ErrInconsistent)
	}
	me := r.Members[self]
	if me.Key != m.cfg.Key.ID() || me.Name != m.hello.name || me.commitment != m.hello.commitment ||
		me.PunchKey != m.hello.punchKey || mismatch(self, me.Consts, self, m.hello.consts) != nil {
		return fmt.Errorf("%w: its roster misquotes us", ErrInconsistent)
	}
	for _, member := range r.Members {
		if want, ok := m.cfg.Expect[member.Seat]; ok && want != member.Key {
			return keyMismatch(member.Seat, want, member.Key)
		}
	}
	for seat := range m.cfg.Expect {
		if seat < 0 || seat >= len(r.Members) {
			return refuse(ErrSeatRange, "a key is expected in seat %d of %d", seat, len(r.Members))
		}
	}
	if err := mismatch(Coordinator, r.Fields, self, m.hello.fields); err != nil {
		return err
	}
	return mismatchOutputs(r.Outputs, self, m.hello.outputs)
}

func (m *membership) seal(n nonces) error {
	if m.pending == nil {
		return fmt.Errorf("%w: nonces come before the roster", ErrInconsistent)
	}
	sealed := *m.pending
	if err := sealed.seal(n.list); err != nil {
		return err
	}
	if !isClosed(m.sealed) {
		m.roster = &sealed
		close(m.sealed)
		m.sayReady()
		m.flush()
	} else if sealed.Digest != m.roster.Digest {
		return fmt.Errorf("%w: it changed the nonces", ErrInconsistent)
	}
	return nil
}

// ended is the coordinator's last word, unless it has too much to do now to take us back.
func (m *membership) ended(err error) {
	if errors.Is(err, ErrBusy) && isClosed(m.welcomed) {
		return // it closes the link, and we try again
	}
	if err == nil && !isClosed(m.started) {
		m.err = fmt.Errorf("%w: it says that all are done before the start", ErrInconsistent)
		return
	}
	e := Event{Seat: Coordinator, State: Done}
	if m.err = ErrClosed; err != nil {
		e.State, e.Cause, e.Reason, e.Err = Failed, LocalFailure, clean(err.Error(), maxReason), err
		m.err = err
	}
	m.tell(e)
}
