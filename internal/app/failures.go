package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/mpc"
)

// explain turns an error of a lower package into an *Error: what was being done is op.
func explain(op string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{Reason: Bug, Op: op, Err: err}
	for _, by := range []func(*Error, error) bool{byContext, byCoordinator, byProtocol, byMesh, byDeadline} {
		if by(e, err) {
			break
		}
	}
	return e
}

func byContext(e *Error, err error) bool {
	if !errors.Is(err, context.Canceled) {
		return false
	}
	*e = *errInterrupted()
	return true
}

func errInterrupted() *Error { return &Error{Reason: Interrupted, Err: errors.New("interrupted")} }

// joinFailed explains why there is no seat for us.
func joinFailed(addrs []string, err error) error {
	op := fmt.Sprintf("joining the session at %s", list(addrs))
	if known := (*Error)(nil); errors.As(err, &known) {
		return err
	}
	if key := (*identity.KeyError)(nil); errors.As(err, &key) {
		return &Error{Reason: CoordinatorKey, Op: op, Err: fmt.Errorf("who answers has the key %s, and we expected %s", key.Got, key.Want),
			Hint: "ask the host for a fresh ticket; if it names the same key, somebody sits in between"}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Reason: Unreachable, Op: op, Err: errors.New("no answer in time"), Hint: unreachableHint}
	}
	return explain(op, err)
}

const unreachableHint = "is pre still running, and can this machine reach its address over UDP?"

// byCoordinator explains what package coord says.
func byCoordinator(e *Error, err error) bool {
	var key *identity.KeyError
	var unreachable *coord.UnreachableError
	var mismatch *coord.MismatchError
	var empty *coord.EmptyError
	var party *coord.PartyError
	var refusal coord.Refusal
	switch {
	case errors.As(err, &unreachable):
		e.Reason, e.Hint = Unreachable, unreachableHint
	case errors.As(err, &key):
		e.Reason, e.Hint = PeerKey, "ask that party for its key (party id FILE), and do not go on before it is the same"
	case errors.As(err, &mismatch):
		e.Reason, e.Hint = mismatchReason(mismatch.Field)
	case errors.As(err, &empty):
		e.Reason, e.Hint = SeatsEmpty, "host the session again, with a longer --timeout"
	case errors.As(err, &party):
		e.Reason, e.Hint = partyReason(party)
	case errors.As(err, &refusal):
		e.Reason, e.Hint = refusalReason(refusal)
	case errors.Is(err, coord.ErrLost):
		e.Reason, e.Hint = Unreachable, unreachableHint
	case errors.Is(err, coord.ErrInconsistent):
		e.Reason, e.Hint = CoordinatorCheats, "the coordinator is broken or cheats: do not use it again"
	default:
		return false
	}
	return true
}

func mismatchReason(field string) (Reason, string) {
	switch field {
	case fieldProgram:
		return ProgramDiffers, "all parties need the same file: compare its SHA-256"
	case fieldVersion:
		return VersionDiffers, "all parties need the same version: party version"
	case "outputs":
		return OutputsDiffer, "agree with the host on who learns the result: --outputs"
	}
	return ParametersDiffer, "all parties need the same settings"
}

func partyReason(p *coord.PartyError) (Reason, string) {
	switch p.Cause {
	case coord.ProtocolAbort:
		return Abort, "somebody cheated or data was corrupted: do not simply try again"
	case coord.Silent:
		return PartyLost, "start the session again when that party is back"
	}
	return PartyLeft, "start the session again when that party is ready"
}

func refusalReason(r coord.Refusal) (Reason, string) {
	const ask = "ask the host for a free seat's ticket"
	switch r {
	case coord.ErrFull:
		return SessionFull, ask
	case coord.ErrSeatTaken, coord.ErrReplaced:
		return SeatTaken, ask + "; the first key that uses a ticket owns its seat (--identity keeps a key)"
	case coord.ErrSeatRange:
		return SeatOutOfRange, "seats are counted from 0"
	case coord.ErrExpired:
		return SessionExpired, "ask the host for a ticket of a session that is open"
	case coord.ErrStarted:
		return SessionStarted, "ask the host for a ticket of a session that is open"
	case coord.ErrSecret, coord.ErrNoSecret:
		return BadToken, "ask the host for the session's token or a ticket"
	case coord.ErrParties:
		return BadProgram, "take the program that this session is for (party check shows a program's parties), or ask the host for a session of that size"
	case coord.ErrVersion:
		return VersionDiffers, "all parties and the host need the same version: party version"
	case coord.ErrStopped:
		return CoordinatorStopped, "ask the host to start a new session"
	}
	return SessionRefused, "ask the host for a fresh ticket"
}

// byProtocol explains what package mpc says.
func byProtocol(e *Error, err error) bool {
	var abort *mpc.AbortError
	var lost *mpc.LostError
	switch {
	case errors.As(err, &abort):
		e.Reason, e.Hint = Abort, "somebody cheated or data was corrupted: do not simply try again"
	case errors.As(err, &lost):
		e.Reason, e.Hint = PartyLost, "start the session again when that party is back"
		for _, left := range []error{mpc.ErrPeerInterrupted, mpc.ErrPeerLostParty, mpc.ErrPeerTimedOut, mpc.ErrPeerFailed} {
			if errors.Is(err, left) {
				e.Reason = PartyLeft
			}
		}
		var left *mesh.LeftError
		if errors.As(err, &left) {
			e.Reason = PartyLeft
			if left.Reason == mesh.Aborted {
				e.Reason, e.Hint = Abort, "somebody cheated or data was corrupted: do not simply try again"
			}
		}
	default:
		return false
	}
	return true
}

// byMesh explains what package mesh says.
func byMesh(e *Error, err error) bool {
	var connect *mesh.ConnectError
	var peer *channel.PeerError
	switch {
	case errors.As(err, &connect):
		e.Reason, e.Hint = NoPath, "can these machines reach each other over UDP? --advertise hands out further addresses"
		if nobodyTried(connect) {
			e.Reason = PartyMissing
		}
	case errors.As(err, &peer):
		e.Reason, e.Hint = PartyLost, "start the session again when that party is back"
		var left *mesh.LeftError
		if errors.As(err, &left) {
			e.Reason = PartyLeft
		}
	default:
		return false
	}
	return true
}

// byDeadline explains a wait that nobody above knows better.
func byDeadline(e *Error, err error) bool {
	if !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	e.Reason, e.Hint = PartyLost, "start the session again when all parties are back"
	return true
}

// nobodyTried says that the missing parties never made a try, so that it is not the network.
func nobodyTried(c *mesh.ConnectError) bool {
	for _, m := range c.Missing {
		if len(m.Tried) > 0 || m.Why != "" {
			return false
		}
	}
	return true
}

// usage is an error in what the caller asked for.
func usage(hint, format string, args ...any) error {
	return &Error{Reason: Usage, Err: fmt.Errorf(format, args...), Hint: hint}
}

// oneLine keeps a foreign text on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
