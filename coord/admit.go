package coord

import (
	"crypto/subtle"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// admit seats a party, or tells it why not.
func (s *session) admit(l *link, j join) {
	i, err := s.entitled(l.peer, j)
	if err != nil {
		l.finish(end{err})
		if s.cfg.Refused != nil {
			s.cfg.Refused(l.addr, l.peer, err)
		}
		return
	}
	if l.settle != nil {
		l.settle()
	}
	me := &s.seats[i]
	if me.link != nil {
		me.link.finish(end{ErrReplaced})
	}
	me.link, me.owner, me.unheard = l, l.peer, false
	me.placed = false
	if s.phase == gathering {
		me.join, me.state = j, Joined
		me.join.addrs = candidates(j.addrs, l)
		me.announced = announce{}
	}
	s.greet(i)
	s.announce(i)
	if s.phase == gathering {
		s.gathered(i)
	}
}

// entitled is the seat that a join gets.
func (s *session) entitled(key identity.ID, j join) (int, error) {
	i, err := s.assign(key, j)
	if err != nil {
		return 0, err
	}
	if j.parties != 0 && j.parties != len(s.seats) {
		return 0, refuse(ErrParties, "%d, and %d are needed", len(s.seats), j.parties)
	}
	if err := s.require(i, j); err != nil {
		return 0, err
	}
	me := &s.seats[i]
	if s.phase == over {
		if err := s.late(i); err != nil {
			return 0, err
		}
	}
	// Once the roster is fixed, only the same join comes back, after a lost connection.
	if s.phase > gathering && (me.join.commitment != j.commitment || me.ended()) {
		return 0, refuse(ErrStarted, "party %d can no longer come back", i)
	}
	if !me.joins.allow(time.Now()) {
		return 0, refuse(ErrBusy, "party %d came back too often", i)
	}
	return i, nil
}

// assign finds the seat that a join may take: one by ticket, one or any by token. A seat belongs to the first key that takes it,
// and a key has one seat.
func (s *session) assign(key identity.ID, j join) (int, error) {
	if err := s.credential(j); err != nil {
		return 0, err
	}
	free := -1
	for i := range s.seats {
		if s.seats[i].owner == key && s.seats[i].state != Empty {
			if j.seat != AnySeat && j.seat != i {
				return 0, refuse(ErrSeatTaken, "the same key holds seat %d", i)
			}
			return i, nil
		}
		if s.seats[i].owner.IsZero() && free < 0 {
			free = i
		}
	}
	switch {
	case j.seat == AnySeat && free < 0:
		return 0, refuse(ErrFull, "the session has %d", len(s.seats))
	case j.seat == AnySeat:
		return free, nil
	case !s.seats[j.seat].owner.IsZero():
		return 0, refuse(ErrSeatTaken, "seat %d belongs to another key", j.seat)
	}
	return j.seat, nil
}

// credential checks the right to a seat. Secrets are compared in constant time.
func (s *session) credential(j join) error {
	if j.by == byTicket && j.session != s.id {
		return refuse(ErrExpired, "the ticket is for session %v, this is session %v", j.session, s.id)
	}
	if j.seat >= len(s.seats) {
		return refuse(ErrSeatRange, "there are seats 0 to %d", len(s.seats)-1)
	}
	want := s.token
	switch {
	case j.by == byTicket:
		want = s.seats[j.seat].secret
	case j.by == byNothing && s.cfg.Open:
		return nil
	case j.by == byNothing:
		return ErrNoSecret
	}
	if subtle.ConstantTimeCompare(want.b[:], j.secret.b[:]) != 1 {
		return ErrSecret
	}
	return nil
}

// require compares a join with what the coordinator itself insists on. Whoever differs is refused alone; the others wait on.
func (s *session) require(i int, j join) error {
	for _, f := range s.cfg.Require {
		if got := value(j.fields, f.Name); got != f.Value {
			return &MismatchError{Field: f.Name, Seats: [2]int{Coordinator, i}, Values: [2]string{f.Value, got}}
		}
	}
	return mismatchOutputs(s.cfg.Outputs, i, j.outputs)
}

// gathered compares a new party with those that are there, which ends the session for all if they differ, and goes on when
// all are there. Who is away is compared when it comes back, since it may have left in order to change.
func (s *session) gathered(i int) {
	all := true
	for k := range s.seats {
		other := &s.seats[k]
		all = all && other.link != nil
		if k != i && other.link != nil {
			if err := mismatch(k, other.join.fields, i, s.seats[i].join.fields); err != nil {
				s.end(err)
				return
			}
		}
	}
	if all {
		s.fixRoster()
	}
}

// greet tells a party all that was said before it came, or came back.
func (s *session) greet(i int) {
	l := s.seats[i].link
	l.send(s.welcomeFor(i))
	for k := range s.seats {
		if k != i && s.seats[k].state != Empty {
			l.send(event{s.event(k)})
		}
	}
	if s.phase >= opening {
		l.send(s.rosterFor(i))
	}
	if s.phase >= connecting {
		l.send(s.nonces)
	}
	if s.phase >= running {
		l.send(start{})
	}
	s.catchUp(i)
}

// rosterFor is the roster as party i gets it: loopback addresses only if it reached us over loopback itself.
func (s *session) rosterFor(i int) rosterMessage {
	r := &Roster{Session: s.id, Evaluator: s.cfg.Evaluator, Outputs: s.cfg.Outputs, Fields: s.seats[0].join.fields}
	for k := range s.seats {
		j := &s.seats[k].join
		addrs := slices.Clone(j.addrs)
		if !s.seats[i].link.addr.Addr().IsLoopback() {
			addrs = slices.DeleteFunc(addrs, func(a netip.AddrPort) bool { return a.Addr().IsLoopback() })
		}
		r.Members = append(r.Members, Member{Seat: k, Key: s.seats[k].owner, Name: j.name, Consts: j.consts, Addrs: addrs,
			PunchKey: j.punchKey, commitment: j.commitment})
	}
	return rosterMessage{r}
}

// candidates are the addresses to hand out for a party: those it offered that can be meant for others, and the one we see if that
// is of its UDP socket.
func candidates(offered []netip.AddrPort, l *link) []netip.AddrPort {
	var out []netip.AddrPort
	if transportOf(l.conn) == QUIC {
		offered = append([]netip.AddrPort{l.addr}, offered...)
	}
	for _, a := range offered {
		if usable(a, l.addr.Addr().IsLoopback()) && !slices.Contains(out, a) && len(out) < maxAddrs {
			out = append(out, a)
		}
	}
	return out
}

// usable tells an address that a peer on another machine could send to; on this machine, too, if loopback is true.
func usable(a netip.AddrPort, loopback bool) bool {
	ip := a.Addr()
	if a.Port() == 0 || !ip.IsValid() || ip.Is4In6() || ip.Zone() != "" {
		return false
	}
	if ip.IsLoopback() {
		return loopback
	}
	reserved := ip.Is4() && (ip.As4()[0] == 0 || ip.As4()[0] >= 240) // "this network" and class E (RFC 6890)
	return ip.IsGlobalUnicast() && !reserved
}
