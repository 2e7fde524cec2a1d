package coord

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/identity"
)

// A Refusal is why a coordinator did not let a party in. The errors of Join wrap it.
type Refusal uint8

const (
	ErrFull      Refusal = iota + 1 // every seat is owned by another key
	ErrSeatTaken                    // this seat is owned by another key, or this key owns another seat
	ErrSeatRange                    // the session has no such seat
	ErrExpired                      // the session of this ticket has ended
	ErrStarted                      // the roster is fixed; who left cannot come back with a new join
	ErrSecret                       // wrong session token, or not the secret of this seat
	ErrNoSecret                     // neither ticket nor token, and the session is not open
	ErrVersion                      // the coordinator speaks another version of this protocol
	ErrBusy                         // too many connections
	ErrMalformed                    // the coordinator could not make sense of what we sent
	ErrStopped                      // the coordinator was interrupted
	ErrReplaced                     // this key connected again from elsewhere
	ErrParties                      // the session has another number of seats than we need
	refusals
)

func (r Refusal) Error() string {
	switch r {
	case ErrFull:
		return "all seats are taken"
	case ErrSeatTaken:
		return "the seat is taken"
	case ErrSeatRange:
		return "no such seat"
	case ErrExpired:
		return "the session has ended"
	case ErrStarted:
		return "the session has already started"
	case ErrSecret:
		return "wrong ticket or token"
	case ErrNoSecret:
		return "a ticket or token is required"
	case ErrVersion:
		return "the coordinator speaks another version of the protocol"
	case ErrBusy:
		return "the coordinator has too many connections"
	case ErrMalformed:
		return "the coordinator did not understand the request"
	case ErrStopped:
		return "the coordinator was stopped"
	case ErrReplaced:
		return "the same key connected again from elsewhere"
	case ErrParties:
		return "the session has another number of parties"
	}
	return fmt.Sprintf("refused with code %d", uint8(r))
}

// A refusal is a Refusal with what is particular to this case.
type refusal struct {
	why    Refusal
	detail string
}

func refuse(why Refusal, format string, args ...any) error {
	return &refusal{why, fmt.Sprintf(format, args...)}
}

func (e *refusal) Error() string { return e.why.Error() + ": " + e.detail }

func (e *refusal) Unwrap() error { return e.why }

// A MismatchError says that two parties, or a party and the coordinator, disagree about something all must agree on.
type MismatchError struct {
	Field  string    // "program", "outputs" or whatever the application calls it
	Seats  [2]int    // Coordinator for a value that `pre` requires
	Values [2]string // "(none)" where one side does not have the field
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s differs: %s has %s, %s has %s",
		e.Field, seatName(e.Seats[0]), e.Values[0], seatName(e.Seats[1]), e.Values[1])
}

// An EmptyError says that seats stayed empty until the session's timeout.
type EmptyError struct{ Seats []int }

func (e *EmptyError) Error() string {
	if len(e.Seats) == 1 {
		return fmt.Sprintf("seat %d stayed empty", e.Seats[0])
	}
	return "seats " + strings.Trim(strings.ReplaceAll(fmt.Sprint(e.Seats), " ", ", "), "[]") + " stayed empty"
}

// A PartyError says which party ended the session, and why: it failed, left or was lost. With Cause ProtocolAbort the run was
// aborted by a check of the protocol, and must not be retried automatically.
type PartyError struct {
	Seat   int
	Name   string
	During State  // what it was doing: Joined, Connecting or Running
	Cause  Cause  // never NoCause
	Reason string // the words of whoever noticed
}

func (e *PartyError) Error() string {
	who := seatName(e.Seat)
	if e.Name != "" {
		who += fmt.Sprintf(" (%s)", e.Name)
	}
	verb := "left"
	switch e.Cause {
	case Silent:
		verb = "was lost"
	case ProtocolAbort:
		verb = "aborted"
	case Rejected, LocalFailure:
		verb = "failed"
	}
	return fmt.Sprintf("%s %s while %s: %s", who, verb, e.During, e.Reason)
}

// An UnreachableError says that no address of the coordinator answered.
type UnreachableError struct {
	Tried []string // addresses
	Errs  []error  // one for each
}

func (e *UnreachableError) Error() string {
	var b strings.Builder
	b.WriteString("no answer from the coordinator")
	for i, addr := range e.Tried {
		fmt.Fprintf(&b, "; %s: %v", addr, e.Errs[i])
	}
	return b.String()
}

func (e *UnreachableError) Unwrap() []error { return e.Errs }

var (
	// ErrLost says that the coordinator was reached and then lost before the start, and did not come back.
	ErrLost = errors.New("the coordinator was lost")
	// ErrInconsistent says that what the coordinator sent contradicts itself or what we sent: a roster without us, a nonce
	// that does not fit its commitment. It is cheating or broken.
	ErrInconsistent = errors.New("the coordinator contradicts itself")
	// ErrClosed is returned by the methods of a Client after Close.
	ErrClosed = errors.New("left the session")
)

// keyMismatch is the error for a seat whose key is not the one the caller expects. It wraps *identity.KeyError.
func keyMismatch(seat int, want, got identity.ID) error {
	return fmt.Errorf("party %d: %w", seat, &identity.KeyError{Want: want, Got: got})
}

func seatName(seat int) string {
	if seat == Coordinator {
		return "the coordinator"
	}
	return fmt.Sprintf("party %d", seat)
}
