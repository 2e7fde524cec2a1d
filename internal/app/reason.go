package app

// A Reason is the stable id of a way to fail. Scripts branch on it and the exit code follows from it, so a Reason keeps its
// name and meaning; docs/cli.md lists them.
type Reason string

// The reasons.
const (
	Bug Reason = "bug" // unexpected: report it

	Usage       Reason = "usage"          // unknown or missing flag, malformed value
	BadTicket   Reason = "ticket-invalid" // a ticket that is not one, or mistyped
	PortInUse   Reason = "port-in-use"
	BadKeyFile  Reason = "key-file" // a key file that cannot be read or written
	BadFile     Reason = "file"     // any other file of a flag that cannot be read or written
	BadAddress  Reason = "address"  // an address that is none, or not of this machine
	NoProgram   Reason = "program-unreadable"
	BadProgram  Reason = "program-invalid" // it does not compile, or not for these parties
	NoInput     Reason = "input-missing"
	BadInput    Reason = "input-invalid"
	Unreachable Reason = "coordinator-unreachable"

	CoordinatorStopped Reason = "coordinator-stopped" // its host interrupted it

	SessionFull       Reason = "session-full"
	SeatTaken         Reason = "seat-taken"
	SeatOutOfRange    Reason = "seat-out-of-range"
	SessionExpired    Reason = "session-expired"
	BadToken          Reason = "token-wrong"
	CoordinatorKey    Reason = "coordinator-key-differs"
	PeerKey           Reason = "peer-key-differs"
	VersionDiffers    Reason = "version-differs"
	ProgramDiffers    Reason = "program-differs"
	ParametersDiffer  Reason = "parameters-differ"
	OutputsDiffer     Reason = "outputs-differ"
	SeatsEmpty        Reason = "seats-empty" // seats stayed empty until the timeout
	SessionStarted    Reason = "session-started"
	SessionRefused    Reason = "session-refused"
	CoordinatorCheats Reason = "coordinator-cheats" // a commitment of the roster does not open

	PartyMissing Reason = "party-missing" // it never came
	PartyLost    Reason = "party-lost"    // it died, or its path did
	PartyLeft    Reason = "party-left"    // it said goodbye, with its reason

	Abort       Reason = "protocol-abort" // cheating or corruption detected
	Panicked    Reason = "program-panic"
	NoPath      Reason = "no-path"
	Interrupted Reason = "interrupted"
)

// Reasons lists every Reason, in the order of the documentation.
func Reasons() []Reason {
	return []Reason{
		Bug, Usage, BadTicket, PortInUse, BadKeyFile, BadFile, BadAddress, NoProgram, BadProgram, NoInput, BadInput, Unreachable, CoordinatorStopped,
		SessionFull, SeatTaken, SeatOutOfRange, SessionExpired, BadToken, CoordinatorKey, PeerKey, VersionDiffers, ProgramDiffers,
		ParametersDiffer, OutputsDiffer, SeatsEmpty, SessionStarted, SessionRefused, CoordinatorCheats, PartyMissing, PartyLost, PartyLeft, Abort,
		Panicked, NoPath, Interrupted,
	}
}
