package app

import (
	"time"

	"github.com/tacit-mpc/tacit/mpc"
)

// phaseOf names what a person sees of the protocol's phases.
func phaseOf(protocol string) string {
	switch protocol {
	case "garble":
		return "garble"
	case "eval", "output":
		return "evaluate"
	}
	return "preprocess"
}

// stopwatch follows a run through its phases, which take turns when the circuit is streamed chunk by chunk. It is used from one
// goroutine at a time.
type stopwatch struct {
	events func(Event)
	begun  time.Time // of the run
	since  time.Time // of the phase
	phase  string
	told   map[string]bool // phases that were an event
	spent  map[string]time.Duration
	done   int // AND gates, as last told
}

func newStopwatch(events func(Event)) *stopwatch {
	now := time.Now()
	return &stopwatch{events: events, begun: now, since: now, told: map[string]bool{}, spent: map[string]time.Duration{}}
}

// enter begins a phase. The first time it is an event.
func (w *stopwatch) enter(phase string) {
	now := time.Now()
	w.spent[w.phase] += now.Sub(w.since)
	w.phase, w.since = phase, now
	if phase != "" && !w.told[phase] {
		w.told[phase] = true
		w.events(Phase{Phase: phase})
	}
}

// progress is mpc.Config.Progress.
func (w *stopwatch) progress(p mpc.Progress) {
	if phase := phaseOf(p.Phase); phase != w.phase {
		w.enter(phase)
	}
	if p.Done != w.done {
		w.done = p.Done
		w.events(Progress{Phase: w.phase, Done: int64(p.Done), Total: int64(p.Total)})
	}
}

// seconds ends the last phase.
func (w *stopwatch) seconds() Seconds {
	w.enter("")
	s := func(phase string) float64 { return w.spent[phase].Seconds() }
	return Seconds{
		Connect: s("connect"), Preprocess: s("preprocess"), Garble: s("garble"), Evaluate: s("evaluate"),
		Total: time.Since(w.begun).Seconds(),
	}
}
