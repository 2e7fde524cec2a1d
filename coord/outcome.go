package coord

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"
)

// Kinds of an end frame: how the session ended, or why a join was refused.
const (
	endedWell     = 0
	endedRefusal  = 1
	endedMismatch = 2
	endedParty    = 3
	endedEmpty    = 4
)

// append writes the error as its type, so that both ends hold the same one. An error of another type is ErrStopped: what goes
// wrong inside the coordinator is nobody else's business.
func (e end) append(b *cryptobyte.Builder) {
	var special *refusal
	var why Refusal
	var mismatch *MismatchError
	var party *PartyError
	var empty *EmptyError
	switch {
	case e.err == nil:
		b.AddUint8(endedWell)
	case errors.As(e.err, &mismatch):
		b.AddUint8(endedMismatch)
		addText(b, mismatch.Field)
		for i := range 2 {
			addSeat(b, mismatch.Seats[i])
			addText(b, mismatch.Values[i])
		}
	case errors.As(e.err, &party):
		b.AddUint8(endedParty)
		addSeat(b, party.Seat)
		addText(b, party.Name)
		b.AddUint8(uint8(party.During))
		b.AddUint8(uint8(party.Cause))
		addText(b, party.Reason)
	case errors.As(e.err, &empty):
		b.AddUint8(endedEmpty)
		addSeats(b, empty.Seats)
	default:
		if !errors.As(e.err, &why) {
			why = ErrStopped
		}
		detail := ""
		if errors.As(e.err, &special) {
			detail = special.detail
		}
		b.AddUint8(endedRefusal)
		b.AddUint8(uint8(why))
		addText(b, detail)
	}
}

func readEnd(s *cryptobyte.String) (end, bool) {
	var kind uint8
	if !s.ReadUint8(&kind) {
		return end{}, false
	}
	switch kind {
	case endedWell:
		return end{}, true
	case endedMismatch:
		var m MismatchError
		ok := readText(s, maxField, &m.Field)
		for i := range 2 {
			ok = ok && readSeat(s, true, &m.Seats[i]) && readText(s, maxValue, &m.Values[i])
		}
		return end{&m}, ok
	case endedParty:
		var p PartyError
		ok := readSeat(s, false, &p.Seat) && readText(s, maxName, &p.Name) && readState(s, &p.During) && readCause(s, &p.Cause) &&
			readText(s, maxReason, &p.Reason)
		return end{&p}, ok && p.Cause != NoCause
	case endedEmpty:
		var e EmptyError
		return end{&e}, readSeats(s, &e.Seats) && len(e.Seats) > 0
	case endedRefusal:
		var why uint8
		var detail string
		if !s.ReadUint8(&why) || !readText(s, maxReason, &detail) || why == 0 || why >= uint8(refusals) {
			return end{}, false
		}
		if detail == "" {
			return end{Refusal(why)}, true
		}
		return end{&refusal{Refusal(why), detail}}, true
	}
	return end{}, false
}
