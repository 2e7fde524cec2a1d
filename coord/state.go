package coord

import (
	"fmt"

	"github.com/tacit-mpc/tacit/identity"
)

// A State is how far the party in a seat is.
type State uint8

const (
	Empty      State = iota // nobody has taken the seat
	Joined                  // seated; the session waits for the others
	Connecting              // the roster is known; the parties connect to each other
	Running                 // computing
	Done                    // finished well
	Failed                  // gave up, and said why
	Lost                    // the coordinator lost contact without a word
	states
)

func (s State) String() string {
	switch s {
	case Empty:
		return "empty"
	case Joined:
		return "joined"
	case Connecting:
		return "connecting"
	case Running:
		return "running"
	case Done:
		return "done"
	case Failed:
		return "failed"
	case Lost:
		return "lost"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// A Cause classifies why a party Failed or is Lost. The Reason that comes with it says it in words.
type Cause uint8

const (
	NoCause       Cause = iota
	PeerLost            // it lost another party, or found no path to it
	Silent              // the coordinator heard nothing more of it
	Interrupted         // somebody stopped it
	Rejected            // its program, input or settings turned out unusable, or it refused the roster
	LocalFailure        // anything else on its side
	ProtocolAbort       // a check of the protocol failed; the reason never says which
	causes
)

func (c Cause) String() string {
	switch c {
	case NoCause:
		return "none"
	case PeerLost:
		return "lost a party"
	case Silent:
		return "silent"
	case Interrupted:
		return "interrupted"
	case Rejected:
		return "rejected"
	case LocalFailure:
		return "failed"
	case ProtocolAbort:
		return "aborted"
	}
	return fmt.Sprintf("cause %d", uint8(c))
}

// An Event is a change that the coordinator told everybody, or, with Seat Coordinator, a change in the contact to it: Lost
// while the client tries to reach it again, Joined when it is back, Done or Failed when it ended the session (Err says why).
type Event struct {
	Seat   int
	State  State
	Key    identity.ID // who is in the seat; zero if Empty
	Name   string
	Cause  Cause  // with Failed and Lost
	Closed bool   // with Lost: its connection was closed without a word, as when its program was killed, instead of being silent
	Reason string // with Failed and Lost, in the words of whoever noticed
	Err    error  // with Seat Coordinator and Failed: a *PartyError, *MismatchError, *EmptyError or Refusal
}
