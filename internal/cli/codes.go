package cli

import "github.com/tacit-mpc/tacit/internal/app"

// The exit codes of pre and party.
const (
	exitDone        = 0
	exitBug         = 1
	exitUsage       = 2
	exitProgram     = 3
	exitUnreachable = 4
	exitRefused     = 5
	exitParty       = 6
	exitAbort       = 7
	exitPanic       = 8
	exitNoPath      = 9
	exitInterrupted = 130
)

// exitCode is the one place where a reason becomes an exit code.
func exitCode(r app.Reason) int {
	switch r {
	case app.Usage, app.BadTicket, app.PortInUse, app.BadKeyFile, app.BadFile, app.BadAddress:
		return exitUsage
	case app.NoProgram, app.BadProgram, app.NoInput, app.BadInput:
		return exitProgram
	case app.Unreachable, app.CoordinatorStopped:
		return exitUnreachable
	case app.SessionFull, app.SeatTaken, app.SeatOutOfRange, app.SessionExpired, app.BadToken, app.CoordinatorKey, app.PeerKey,
		app.VersionDiffers, app.ProgramDiffers, app.ParametersDiffer, app.OutputsDiffer, app.SeatsEmpty, app.SessionStarted, app.SessionRefused,
		app.CoordinatorCheats:
		return exitRefused
	case app.PartyMissing, app.PartyLost, app.PartyLeft:
		return exitParty
	case app.Abort:
		return exitAbort
	case app.Panicked:
		return exitPanic
	case app.NoPath:
		return exitNoPath
	case app.Interrupted:
		return exitInterrupted
	}
	return exitBug
}

type exitText struct {
	code int
	when string
}

// exitTexts is the table of exit codes for people.
func exitTexts() []exitText {
	return []exitText{
		{exitDone, "done"},
		{exitBug, "unexpected, a bug: says how to report it"},
		{exitUsage, "usage: unknown or missing flag, malformed value (ticket, address, seat number, token form), port in use, unreadable key or ticket file"},
		{exitProgram, "program or input rejected: file missing or unreadable, does not compile, input missing, ill-typed or out of range"},
		{exitUnreachable, "coordinator unreachable"},
		{exitRefused, "session refused: full, seat taken or out of range, expired, token, coordinator's or a peer's key differs, version, program, parameters or outputs differ, seats stayed empty"},
		{exitParty, "a party is missing, was lost, or left"},
		{exitAbort, "protocol abort: cheating or corruption detected; do not retry automatically"},
		{exitPanic, "the program panicked"},
		{exitNoPath, "no network path"},
		{exitInterrupted, "interrupted"},
	}
}
