package coord

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// What a coordinator has to remember is little, since parties say everything again when they come back: who owns which seat,
// and how far the session was. State that is a little old does no harm, but for the start, which nobody is told before it is
// saved.
//
//	"tacit coord state" | version 1 | coordinator's key | session | token | seats-1 | evaluator | outputs | open | required fields
//	phase | its deadline in Unix milliseconds, 0 for none | troubles 4, then for each seat:
//	secret | state | and unless it is empty: owner | join as in its frame | away
//	       | opened, nonce | ready, fields | if it failed or is away: cause | reason | during | trouble 4
const (
	stateMagic   = "tacit coord state"
	stateVersion = 1
	maxState     = 4 << 20
)

func (s *session) appendState(b *cryptobyte.Builder) {
	s.appendSettings(b)
	b.AddUint8(uint8(s.phase))
	deadline := int64(0)
	if s.phase == gathering && !s.deadline.IsZero() {
		deadline = s.deadline.UnixMilli()
	}
	b.AddUint64(uint64(deadline))
	b.AddUint32(uint32(s.troubles))
	for i := range s.seats {
		s.seats[i].appendState(b)
	}
}

// appendSettings writes what a coordinator must be started with again.
func (s *session) appendSettings(b *cryptobyte.Builder) {
	b.AddBytes([]byte(stateMagic))
	b.AddUint8(stateVersion)
	key := s.cfg.Key.ID()
	b.AddBytes(key[:])
	b.AddBytes(s.id[:])
	b.AddBytes(s.token.b[:])
	addSeat(b, len(s.seats)-1)
	addSeat(b, s.cfg.Evaluator)
	addSeats(b, s.cfg.Outputs)
	addBool(b, s.cfg.Open)
	addFields(b, s.cfg.Require)
}

func (me *seat) appendState(b *cryptobyte.Builder) {
	b.AddBytes(me.secret.b[:])
	b.AddUint8(uint8(me.state))
	if me.state == Empty {
		return
	}
	b.AddBytes(me.owner[:])
	b.AddUint24LengthPrefixed(me.join.append)
	addBool(b, me.away() && !me.unheard)
	addBool(b, me.opened)
	if me.opened {
		b.AddBytes(me.nonce[:])
	}
	addBool(b, me.ready)
	if me.ready {
		addFields(b, me.agreed)
	}
	if me.state == Failed || me.away() && !me.unheard {
		b.AddUint8(uint8(me.cause))
		addText(b, me.reason)
		b.AddUint8(uint8(me.during))
		b.AddUint32(uint32(me.trouble))
	}
}

// restore takes up the session that was saved.
func (s *session) restore(state []byte) error {
	if len(state) > maxState {
		return fmt.Errorf("%d bytes, at most %d belong to it", len(state), maxState)
	}
	in := cryptobyte.String(state)
	if err := s.readSettings(&in); err != nil {
		return err
	}
	var step uint8
	var deadline uint64
	var troubles uint32
	if !in.ReadUint8(&step) || !in.ReadUint64(&deadline) || deadline >= 1<<62 || !in.ReadUint32(&troubles) {
		return errShape
	}
	s.phase, s.troubles = phase(step), int(troubles)
	if deadline > 0 {
		s.deadline = time.UnixMilli(int64(deadline))
		s.resumedUntil = s.deadline
	}
	for i := range s.seats {
		if !s.seats[i].readState(&in) {
			return fmt.Errorf("seat %d: %w", i, errShape)
		}
	}
	if !in.Empty() || !s.plausible() {
		return errShape
	}
	for i := range s.seats {
		if s.phase >= connecting {
			s.nonces.list = append(s.nonces.list, s.seats[i].nonce)
		}
	}
	s.resumed = true
	return nil
}

// readSettings takes session and token, and compares the rest.
func (s *session) readSettings(in *cryptobyte.String) error {
	var magic []byte
	var version uint8
	var key identity.ID
	if !in.ReadBytes(&magic, len(stateMagic)) || string(magic) != stateMagic || !in.ReadUint8(&version) || version != stateVersion {
		return errors.New("not the state of a session, or of another version")
	}
	if !in.CopyBytes(key[:]) || !in.CopyBytes(s.id[:]) || !in.CopyBytes(s.token.b[:]) {
		return errShape
	}
	if want := s.cfg.Key.ID(); key != want {
		return fmt.Errorf("it is of a coordinator with %w", &identity.KeyError{Want: want, Got: key})
	}
	var seats, evaluator int
	var outputs []int
	var open bool
	var require []Field
	if !readSeat(in, false, &seats) || !readSeat(in, false, &evaluator) || !readSeats(in, &outputs) || !readBool(in, &open) ||
		!readFields(in, &require) {
		return errShape
	}
	if seats+1 != len(s.seats) || evaluator != s.cfg.Evaluator || !slices.Equal(outputs, s.cfg.Outputs) || open != s.cfg.Open ||
		!slices.Equal(require, s.cfg.Require) {
		return errors.New("it is of a session with other settings")
	}
	return nil
}

func (me *seat) readState(in *cryptobyte.String) bool {
	if !in.CopyBytes(me.secret.b[:]) || !readState(in, &me.state) || me.state == Lost {
		return false
	}
	if me.state == Empty {
		return true
	}
	var raw cryptobyte.String
	var away, ok bool
	if !in.CopyBytes(me.owner[:]) || !in.ReadUint24LengthPrefixed(&raw) || len(raw) > maxJoin {
		return false
	}
	if me.join, ok = readJoin(&raw); !ok || !raw.Empty() || me.owner.IsZero() {
		return false
	}
	if !readBool(in, &away) || !readBool(in, &me.opened) || me.opened && !in.CopyBytes(me.nonce[:]) ||
		!readBool(in, &me.ready) || me.ready && !readFields(in, &me.agreed) {
		return false
	}
	me.unheard = !me.ended() && !away
	if away && me.ended() {
		return false
	}
	if me.state != Failed && !away {
		return true
	}
	var trouble uint32
	if !readCause(in, &me.cause) || !readText(in, maxReason, &me.reason) || !readState(in, &me.during) || !in.ReadUint32(&trouble) {
		return false
	}
	me.trouble = int(trouble)
	return me.cause != NoCause
}

// plausible tells a state that a session can be in.
func (s *session) plausible() bool {
	owners := make(map[identity.ID]bool)
	for i := range s.seats {
		me := &s.seats[i]
		if me.state != Empty && owners[me.owner] {
			return false
		}
		owners[me.owner] = true
		if me.opened && commitmentTo(me.owner, me.nonce) != me.join.commitment {
			return false
		}
		var ok bool
		switch s.phase {
		case gathering:
			ok = (me.state == Empty || me.state == Joined) && !me.opened && !me.ready
		case opening:
			ok = me.state == Joined && !me.ready
		case connecting:
			ok = me.state == Connecting && me.opened
		case running:
			ok = (me.state == Running || me.ended()) && me.opened && me.ready
		}
		if !ok {
			return false
		}
	}
	return true
}
