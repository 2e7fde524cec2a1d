package mpc

import (
	"fmt"
	"sync"
)

// A ledger remembers what one party has received, verified and sent, and answers whether a step may be sent. Parties are
// bits of a word: n is at most 64.
type ledger struct {
	plan *plan
	self int

	mu    sync.Mutex
	marks map[name]*[3]uint64 // by level
	full  [numSteps]int       // batches in which the step was verified from all its senders
}

func newLedger(p *plan, self int) *ledger {
	return &ledger{plan: p, self: self, marks: make(map[name]*[3]uint64)}
}

// mark notes that something happened with a peer. Verified implies received.
func (l *ledger) mark(m name, peer int, lv level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.marks[m]
	if w == nil {
		w = new([3]uint64)
		l.marks[m] = w
	}
	bit := uint64(1) << peer
	if lv == verified {
		w[received] |= bit
		if w[verified]&bit == 0 && w[verified]|bit == l.senders(m) {
			l.full[m.step]++
		}
	}
	w[lv] |= bit
}

// senders is the set of parties that send us m, receivers the set that we send it to.
func (l *ledger) senders(m name) (set uint64) {
	for i := range l.plan.n {
		if l.plan.sends(m.step, m.batch, i, l.self) {
			set |= 1 << i
		}
	}
	return set
}

func (l *ledger) receivers(m name) (set uint64) {
	for i := range l.plan.n {
		if l.plan.sends(m.step, m.batch, l.self, i) {
			set |= 1 << i
		}
	}
	return set
}

// An orderError is a bug of this program that the step machine caught: a step was about to be sent before its conditions
// were met, out of order, or with a wrong length.
type orderError struct {
	sending name
	to      int
	why     string
}

func (e *orderError) Error() string {
	return fmt.Sprintf("internal error: sending %v of batch %d to party %d: %s", e.sending.step, e.sending.batch, e.to, e.why)
}

// allowed checks the send conditions of m towards a party.
func (l *ledger) allowed(m name, to int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, nd := range rows[m.step].needs {
		if !l.met(nd, m.batch, to) {
			return &orderError{m, to, fmt.Sprintf("condition on %v is not met", nd.step)}
		}
	}
	return nil
}

func (l *ledger) met(nd need, batch uint32, to int) bool {
	self := l.plan.garbler(l.self)
	if nd.whom == garbler && !self || nd.whom == eval && self {
		return true
	}
	switch nd.when {
	case first:
		batch = 0
	case before:
		if batch <= 1 {
			return true
		}
		batch--
	case every:
		return l.senders(name{nd.step, 1}) == 0 || l.full[nd.step] == l.plan.batches
	}
	m := name{nd.step, batch}
	var want uint64
	if nd.level == sent {
		want = l.receivers(m)
	} else {
		want = l.senders(m)
	}
	if nd.whom == theirs {
		want &= 1 << to
	}
	if want == 0 {
		return true
	}
	w := l.marks[m]
	return w != nil && w[nd.level]&want == want
}

// retire forgets batch t, once nothing of it or of the batch behind it will be asked any more.
func (l *ledger) retire(t uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for st := range numSteps {
		delete(l.marks, name{st, t})
	}
}
