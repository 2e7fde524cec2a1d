package mpc

import "sync"

// Progress says how far a run is.
type Progress struct {
	Phase string // setup, shares, input, triples, garble, eval or output; every chunk goes from shares to eval
	Done  int    // AND gates evaluated and checked
	Total int    // AND gates
}

// A tracker knows where a run is, and tells the caller when that changes.
type tracker struct {
	report func(Progress) // or nil; called under mu, so one call at a time

	mu  sync.Mutex
	now Progress
}

// enter notes the phase of what the run waits for.
func (t *tracker) enter(phase string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Phase != phase {
		t.now.Phase = phase
		t.tell()
	}
}

// finish notes that more AND gates are done.
func (t *tracker) finish(ands int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now.Done += ands
	t.tell()
}

func (t *tracker) tell() {
	if t.report != nil {
		t.report(t.now)
	}
}

// phase is the present phase.
func (t *tracker) phase() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now.Phase
}
