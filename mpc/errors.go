package mpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-mpc/tacit/channel"
)

// An AbortError reports that a check of the protocol failed, here or at another party: somebody cheated, or data was
// corrupted. The run is over; it must not be repeated automatically. The peers are only told that the run was aborted, so
// the fields are local knowledge.
type AbortError struct {
	Phase string        // setup, shares, input, triples, garble, eval or output
	Check string        // what failed, without secrets
	Party channel.Party // whose message failed the check, or who aborted; -1 where no single party can be blamed
}

func (e *AbortError) Error() string {
	if e.Party < 0 {
		return fmt.Sprintf("protocol aborted in phase %s: %s", e.Phase, e.Check)
	}
	return fmt.Sprintf("protocol aborted in phase %s: party %d: %s", e.Phase, e.Party, e.Check)
}

// A LostError reports that the run ended because of a party although no check failed: its link broke, it left, or it was
// silent for longer than Config.Patience.
type LostError struct {
	Party channel.Party
	Phase string // as in AbortError
	Err   error  // why: a *channel.PeerError, ErrSilent, or the reason the party gave
}

func (e *LostError) Error() string {
	return fmt.Sprintf("lost party %d in phase %s: %v", e.Party, e.Phase, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// ErrSilent is wrapped by a LostError about a party that sent nothing, or took nothing, for Config.Patience.
var ErrSilent = errors.New("silent for too long")

// The reasons a party gives when it leaves (protocol 5.1). A LostError about a party that left wraps one of the first four.
var (
	ErrPeerInterrupted = errors.New("it was interrupted")
	ErrPeerLostParty   = errors.New("it lost a party")
	ErrPeerTimedOut    = errors.New("it timed out")
	ErrPeerFailed      = errors.New("it had a local failure")
)

// The bytes of a leave frame.
const (
	leaveInterrupted = 1
	leaveLost        = 2
	leaveTimedOut    = 3
	leaveFailed      = 4
)

// leaveError is the meaning of the byte of a leave frame.
func leaveError(b byte) error {
	switch b {
	case leaveInterrupted:
		return ErrPeerInterrupted
	case leaveLost:
		return ErrPeerLostParty
	case leaveTimedOut:
		return ErrPeerTimedOut
	case leaveFailed:
		return ErrPeerFailed
	}
	return nil
}

// closingFrame is the last frame of a run that ended with err: abort if a check failed, else leave (protocol 23).
func closingFrame(err error) []byte {
	var abort *AbortError
	if errors.As(err, &abort) {
		return appendHeader(nil, stepAbort, 0, 0, true)
	}
	reason := byte(leaveFailed)
	var lost *LostError
	switch {
	case errors.Is(err, ErrSilent), errors.Is(err, context.DeadlineExceeded):
		reason = leaveTimedOut
	case errors.As(err, &lost):
		reason = leaveLost
	case errors.Is(err, context.Canceled):
		reason = leaveInterrupted
	}
	return append(appendHeader(nil, stepLeave, 0, 0, true), reason)
}
