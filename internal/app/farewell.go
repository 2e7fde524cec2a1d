package app

import (
	"errors"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
)

// farewell is what others are told when we leave with err: the same words at the coordinator and at the parties. They hold
// nothing of our input, and after a failed check nothing but that (protocol 23).
func farewell(err error) (mesh.Reason, coord.Cause, string) {
	var e *Error
	if err == nil || errors.As(err, &e) && e.Reason == Panicked {
		return mesh.Done, coord.NoCause, "" // that the program panicked is part of the result
	}
	if e == nil {
		return mesh.Failed, coord.LocalFailure, "it had a local failure"
	}
	switch e.Reason {
	case Interrupted:
		return mesh.Interrupted, coord.Interrupted, "it was interrupted"
	case Abort:
		return mesh.Aborted, coord.ProtocolAbort, "the run was aborted"
	case PartyLost, PartyLeft, PartyMissing, NoPath:
		return mesh.LostPeer, coord.PeerLost, oneLine(e.Err.Error())
	case PeerKey, OutputsDiffer:
		return mesh.Failed, coord.Rejected, "it refused the roster: " + oneLine(e.Err.Error())
	case BadProgram:
		return mesh.Failed, coord.Rejected, "its program does not fit: " + oneLine(e.Err.Error())
	case BadInput, NoInput:
		return mesh.Failed, coord.Rejected, "its input was rejected"
	}
	return mesh.Failed, coord.LocalFailure, "it had a local failure"
}

func coordFarewell(err error) (coord.Cause, string) {
	_, cause, text := farewell(err)
	return cause, text
}

func meshFarewell(err error) (mesh.Reason, string) {
	reason, _, text := farewell(explain("", err))
	return reason, text
}
