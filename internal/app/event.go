package app

import "time"

// An Event is something that happened in a use case: a plain struct, ready for JSON. Events carry no input, no result and no
// secret. They come one at a time, in order.
type Event interface{ Type() string }

// Listening: a session is open and its seats are free (pre).
type Listening struct {
	Session string    `json:"session"`
	NodeID  string    `json:"node_id"`
	Addrs   []string  `json:"addrs"`
	Parties int       `json:"parties"`
	Until   time.Time `json:"until"`             // seats stay open until then
	Resumed bool      `json:"resumed,omitempty"` // pre was restarted, and the session goes on
}

// Joining: we look for the coordinator (party).
type Joining struct {
	NodeID string    `json:"node_id"`
	Addrs  []string  `json:"addrs"`
	Until  time.Time `json:"until"`
}

// Warning: something is less than it should be, and works.
type Warning struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Seated: we own a seat now (party).
type Seated struct {
	Session string `json:"session"`
	Party   int    `json:"party"`
	Parties int    `json:"parties"`
	Key     string `json:"key"`
}

// Waiting: nothing happens until these parties come, or until a time.
type Waiting struct {
	Parties []int     `json:"parties"`
	Until   time.Time `json:"until,omitzero"`
}

// Roster: all seats are taken and the parties agree on the computation. It comes before any input is used.
type Roster struct {
	Session   string   `json:"session"`
	Program   string   `json:"program"` // SHA-256 of the file, hex
	Parties   []Member `json:"parties"`
	Outputs   []int    `json:"outputs"` // who learns the result
	Evaluator int      `json:"evaluator"`
	Words     string   `json:"words"` // equal at all parties, unless somebody sits in between
}

// A Member is one seat of a roster.
type Member struct {
	Party int    `json:"party"`
	Key   string `json:"key"`
	Self  bool   `json:"self,omitempty"`

	Consts []NamedConst `json:"consts,omitempty"` // that it supplies
}

// A NamedConst is a constant that a party supplies to the program, for all to see.
type NamedConst struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Path: how a peer is reached, or that this changed.
type Path struct {
	Party  int     `json:"party"`
	Kind   string  `json:"kind"` // "direct" or "relay"
	Local  string  `json:"local"`
	Remote string  `json:"remote"`
	RTTms  float64 `json:"rtt_ms"`
	Why    string  `json:"why"`
	Probes int     `json:"probes"` // packets that the search for it cost
	Tried  []Tried `json:"tried"`
}

// Tried is an address of a peer, and what came of trying it.
type Tried struct {
	Addr  string `json:"addr"`
	Kind  string `json:"kind"`
	Pings int    `json:"pings"`
	Why   string `json:"why"`
}

// Phase: a part of the work begins: "connect", "preprocess", "garble", "evaluate".
type Phase struct {
	Phase string `json:"phase"`
}

// Progress: how far a phase is, in AND gates.
type Progress struct {
	Phase string `json:"phase"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// CoordinatorState: contact to the coordinator is "lost", or "joined" again.
type CoordinatorState struct {
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// PartyState: how a party is: "empty", "joined", "connecting", "running", "done", "failed" or "lost" as the coordinator knows it,
// "unreached", "quiet" or "heard" as we see it.
type PartyState struct {
	Party int    `json:"party"`
	Key   string `json:"key,omitempty"`
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// Cost is what a run took, and the last event of one that went well (party, party local).
type Cost struct {
	AndGates      int     `json:"and_gates"`
	SentBytes     int64   `json:"sent_bytes"`
	ReceivedBytes int64   `json:"received_bytes"`
	Messages      int64   `json:"messages"`
	Seconds       Seconds `json:"seconds"`
}

// Seconds is where the time of a run went.
type Seconds struct {
	Connect    float64 `json:"connect"`
	Preprocess float64 `json:"preprocess"`
	Garble     float64 `json:"garble"`
	Evaluate   float64 `json:"evaluate"`
	Total      float64 `json:"total"`
}

// Ended: the session is over (pre).
type Ended struct {
	Session string `json:"session"`
	Reason  Reason `json:"reason,omitempty"` // empty if it ended well
	Why     string `json:"why,omitempty"`
}

func (Listening) Type() string        { return "listening" }
func (Joining) Type() string          { return "joining" }
func (Warning) Type() string          { return "warning" }
func (Seated) Type() string           { return "seated" }
func (Waiting) Type() string          { return "waiting" }
func (Roster) Type() string           { return "roster" }
func (Path) Type() string             { return "path" }
func (Phase) Type() string            { return "phase" }
func (Progress) Type() string         { return "progress" }
func (CoordinatorState) Type() string { return "coordinator-state" }
func (PartyState) Type() string       { return "party-state" }
func (Cost) Type() string             { return "cost" }
func (Ended) Type() string            { return "ended" }
