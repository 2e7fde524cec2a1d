package mesh

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
)

// A Reason is why a party left.
type Reason uint8

const (
	Done        Reason = iota // it closed its Mesh and had nothing more to say
	Interrupted               // its user stopped it
	LostPeer                  // it lost another party
	Aborted                   // a check of the protocol failed
	Failed                    // anything else went wrong on its side
)

func (r Reason) String() string {
	switch r {
	case Done:
		return "done"
	case Interrupted:
		return "interrupted"
	case LostPeer:
		return "lost another party"
	case Aborted:
		return "aborted"
	}
	return "failed"
}

// A LeftError says that the peer ended the connection itself and why. It is the Err of a *channel.PeerError.
type LeftError struct {
	Reason Reason
	Text   string // in the peer's words, made printable; may be empty

	refused bool // it never took the connection
}

func (e *LeftError) Error() string {
	if e.Text != "" {
		return "it left: " + e.Text
	}
	return "it left: " + e.Reason.String()
}

// A LostError says that the peer is gone without a word: killed, cut off, or known from elsewhere to be dead. It is the Err of a
// *channel.PeerError.
type LostError struct {
	Why   string    // for example "nothing heard from it for 1m0s"
	Since time.Time // when it was last heard from, to a second
	Err   error     // the cause, if the connection gave one
}

func (e *LostError) Error() string {
	return fmt.Sprintf("lost it: %s (last heard from at %s)", e.Why, e.Since.Format(time.TimeOnly))
}

func (e *LostError) Unwrap() error { return e.Err }

// A ViolationError says that the peer sent what is not this protocol. It is the Err of a *channel.PeerError.
type ViolationError struct{ What string }

func (e *ViolationError) Error() string { return "it broke the mesh protocol: " + e.What }

// A ConnectError says which parties could not be reached, and what was tried. Join returns it when time is over.
type ConnectError struct {
	After   time.Duration
	Missing []Missing
	Err     error // the context's
}

// Missing is a party that is not connected.
type Missing struct {
	Peer  Peer
	Tried []Attempt // empty for a lower seat, which is to dial us
	Why   string    // of a lower seat: what its last try ended with, if it made one

	Theirs string // why it finds no path to us, in its words, if it said so
}

// An Attempt is what became of the tries to reach one address.
type Attempt struct {
	Addr  netip.AddrPort
	Tries int
	Why   string // of the last try
}

func (e *ConnectError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "connect to the parties: gave up after %s", e.After.Round(time.Millisecond))
	for _, m := range e.Missing {
		fmt.Fprintf(&b, "; party %d", m.Peer.Seat)
		if m.Peer.Name != "" {
			fmt.Fprintf(&b, " (%s)", m.Peer.Name)
		}
		b.WriteString(" is missing")
		switch {
		case m.Why != "":
			b.WriteString(": " + m.Why)
		case len(m.Tried) == 0:
			b.WriteString(": it did not connect to us")
		}
		for i, a := range m.Tried {
			sep := ", "
			if i == 0 {
				sep = ": tried "
			}
			fmt.Fprintf(&b, "%s%s (%d times, %s)", sep, a.Addr, a.Tries, a.Why)
		}
		if m.Theirs != "" {
			fmt.Fprintf(&b, "; it says of us: %s", printable(m.Theirs))
		}
	}
	return b.String()
}

func (e *ConnectError) Unwrap() error { return e.Err }

// endOf turns the cause with which a connection ended into the error for its pair.
func endOf(cause error, lastHeard time.Time) error {
	var app *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	var reset *quic.StatelessResetError
	var transport *quic.TransportError
	lost := func(why string) error { return &LostError{Why: why, Since: lastHeard, Err: cause} }
	switch {
	case errors.As(cause, &app) && app.Remote:
		return endOfCode(app)
	case errors.As(cause, &app):
		return channel.ErrClosed
	case errors.As(cause, &idle):
		return lost(fmt.Sprintf("nothing heard from it for %s", time.Since(lastHeard).Round(time.Second)))
	case errors.As(cause, &reset):
		return lost("it does not know the connection any more")
	case errors.As(cause, &transport) && !transport.Remote && transport.ErrorCode != quic.InternalError:
		return &ViolationError{What: transport.Error()}
	case errors.Is(cause, quic.ErrTransportClosed):
		return lost("our socket was closed")
	}
	return lost(cause.Error())
}

func endOfCode(app *quic.ApplicationError) error {
	switch app.ErrorCode {
	case codeTooLarge:
		return fmt.Errorf("the peer refused it: %w", channel.ErrTooLarge)
	case codeViolation:
		return &LeftError{Reason: Failed, Text: "it says that we broke the mesh protocol"}
	case codeGivenUp:
		return &LeftError{Reason: LostPeer, Text: "it gave us up as lost"}
	}
	if app.ErrorCode <= quic.ApplicationErrorCode(Failed) {
		return &LeftError{Reason: Reason(app.ErrorCode), Text: printable(app.ErrorMessage)}
	}
	return &LeftError{Reason: Failed, Text: refusal(app.ErrorCode), refused: true}
}

// refused tells the end of a pair that the peer had not agreed to: while Join works it may come to be in another try.
func refused(err error) bool {
	var left *LeftError
	return errors.As(err, &left) && left.refused
}

// refusal words the codes with which a party turns a connection down.
func refusal(code quic.ApplicationErrorCode) string {
	switch code {
	case codeStranger:
		return "it does not know our key"
	case codeSession:
		return "it is in another session or seat"
	case codeTaken:
		return "it is connected with our key already"
	case codeSilent:
		return "our hello did not reach it in time"
	case codeBusy:
		return "it is handling too many connections"
	case codeRaced:
		return "it gave this connection up"
	}
	return fmt.Sprintf("it closed the connection with code %#x", uint64(code))
}

// printable makes text from a peer safe to show: bounded, one line, no control characters.
func printable(s string) string {
	if len(s) > maxReasonText {
		s = s[:maxReasonText]
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s))
}

// isContext tells an error that is only the caller's own context.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
