package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// testPlan is a plan for a circuit of one AND gate a chunk.
func testPlan(t testing.TB, n, chunks int, dealer, two bool) *plan {
	t.Helper()
	widths := make([]int, n)
	for i := range widths {
		widths[i] = 1
	}
	gates := make([]circuit.Gate, chunks)
	for i := range gates {
		gates[i] = circuit.Gate{Op: circuit.And, A: 0, B: 1}
	}
	c, err := circuit.New(widths, gates, []circuit.Wire{0, circuit.Wire(n + chunks - 1)})
	if err != nil {
		t.Fatal(err)
	}
	job := Job{Circuit: c, Params: tinyParams(3, 1)}
	job.Params.TwoPhase = two
	p, err := newPlan(n, &job, dealer)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything is a ledger in which all has happened but, if skip is not nil, what it selects.
func everything(p *plan, self int, skip func(m name, peer int, lv level) bool) *ledger {
	l := newLedger(p, self)
	for st := range numSteps {
		for t := range uint32(p.batches + 1) {
			m := name{st, t}
			for j := range p.n {
				if p.sends(st, t, j, self) {
					for _, lv := range []level{received, verified} {
						if skip == nil || !skip(m, j, lv) {
							l.mark(m, j, lv)
						}
					}
				}
				if p.sends(st, t, self, j) && (skip == nil || !skip(m, j, sent)) {
					l.mark(m, j, sent)
				}
			}
		}
	}
	return l
}

// TestSendConditions states section 22 once more, by hand: no party may send the step while the needed message of any
// single peer, or its check, is missing.
func TestSendConditions(t *testing.T) {
	const evaluator, garbler = 0, 1
	type cond struct {
		send       step
		batch      uint32
		need       step
		needBatch  uint32
		level      level
		self       int // the sender, if it matters
		min        int // parties, at least
		theirsOnly bool
	}
	var conds []cond
	add := func(send step, batch uint32, need step, needBatch uint32, lv level) *cond {
		conds = append(conds, cond{send: send, batch: batch, need: need, needBatch: needBatch, level: lv, self: -1, min: 2})
		return &conds[len(conds)-1]
	}
	add(stepAck, 0, stepHello, 0, verified)
	add(stepOT, 0, stepAck, 0, verified)
	add(stepPPRF, 0, stepOT, 0, verified).theirsOnly = true
	for _, b := range []uint32{0, 2} {
		add(stepXT2e, b, stepXT1, b, received).min = 3
		add(stepXT2, b, stepPPRF, 0, verified).theirsOnly = true
		add(stepXT2, b, stepXT1, b, received).theirsOnly = true
		add(stepXT3, b, stepXT2, b, received).theirsOnly = true
		add(stepXT3, b, stepXT1, b, received)
		add(stepXT3, b, stepXT2e, b, verified).min = 3
		add(stepXT4, b, stepXT3, b, verified).min = 3
		add(stepXT5, b, stepXT4, b, verified).min = 3
	}
	add(stepDC1, 0, stepXT5, 0, verified).min = 3
	add(stepDC2, 0, stepDC1, 0, received).min = 3
	add(stepDC3, 0, stepDC2, 0, verified).min = 3
	for _, send := range []struct {
		st step
		b  uint32
	}{{stepLA1, 2}, {stepIN1, 0}} {
		add(send.st, send.b, stepXT3, 0, verified)
		add(send.st, send.b, stepXT5, 0, verified).min = 3
		add(send.st, send.b, stepDC3, 0, verified).min = 3
	}
	add(stepLA1, 2, stepXT3, 2, verified)
	add(stepLA1, 2, stepXT5, 2, verified).min = 3
	add(stepLA2, 2, stepLA1, 2, received)
	add(stepLA3, 2, stepLA2, 2, received).min = 3
	add(stepLA4, 2, stepLA2, 2, received)
	add(stepLA4, 2, stepLA3, 2, verified).min = 3
	add(stepLA5, 2, stepLA4, 2, verified)
	add(stepLA6, 2, stepLA5, 2, verified)
	add(stepLA7, 2, stepLA6, 2, received).min = 3
	add(stepLA8, 2, stepLA6, 2, received)
	add(stepLA8, 2, stepLA7, 2, verified).min = 3
	add(stepBK1, 2, stepLA8, 2, verified)
	add(stepOP1, 2, stepBK1, 2, verified)
	add(stepGB1, 2, stepOP1, 2, verified).self = garbler
	add(stepIN2, 0, stepIN1, 0, verified)
	add(stepIN3, 0, stepIN2, 0, received).min = 3
	add(stepIN4, 0, stepIN2, 0, received).self = garbler
	last := add(stepIN4, 0, stepIN3, 0, verified)
	last.min, last.self = 3, garbler
	add(stepEV1, 2, stepGB1, 2, received).self = evaluator
	add(stepEV1, 2, stepIN4, 0, received).self = evaluator
	add(stepEV1, 2, stepEV1, 1, sent).self = evaluator
	for _, b := range []uint32{1, 2, 3} {
		add(stepOU1, 0, stepEV1, b, verified).self = garbler
		add(stepOU2, 0, stepEV1, b, verified).self = garbler
	}
	add(stepOU2, 0, stepOU1, 0, verified).self = evaluator

	for _, c := range conds {
		for n := c.min; n <= 4; n++ {
			p := testPlan(t, n, 3, false, false)
			t.Run(fmt.Sprintf("%v/%d needs %v/%d n=%d", c.send, c.batch, c.need, c.needBatch, n), func(t *testing.T) {
				for self := range n {
					if c.self >= 0 && (c.self == evaluator) != (self == evaluator) {
						continue
					}
					checkCondition(t, p, self, name{c.send, c.batch}, name{c.need, c.needBatch}, c.level, c.theirsOnly)
				}
			})
		}
	}
}

func checkCondition(t *testing.T, p *plan, self int, send, need name, lv level, theirsOnly bool) {
	t.Helper()
	full := everything(p, self, nil)
	for to := range p.n {
		if !p.sends(send.step, send.batch, self, to) {
			continue
		}
		if err := full.allowed(send, to); err != nil {
			t.Fatalf("party %d with all conditions met: %v", self, err)
		}
		for missing := range p.n {
			from, into := missing, self
			if lv == sent {
				from, into = self, missing
			}
			if !p.sends(need.step, need.batch, from, into) {
				continue
			}
			l := everything(p, self, func(m name, peer int, x level) bool {
				return m == need && peer == missing && (x == lv || lv == received && x == verified)
			})
			err := l.allowed(send, to)
			if wantErr := !theirsOnly || missing == to; (err != nil) != wantErr {
				t.Fatalf("party %d to %d without that of %d: %v", self, to, missing, err)
			}
		}
	}
}

// TestConditionsOfAllSteps checks that nothing but S0 may leave a party for which nothing has happened, and everything may when all
// has, in each kind of run.
func TestConditionsOfAllSteps(t *testing.T) {
	for _, dealer := range []bool{false, true} {
		for n := 2; n <= 4; n++ {
			p := testPlan(t, n, 2, dealer, false)
			for self := range n {
				none, full := newLedger(p, self), everything(p, self, nil)
				for st := range numSteps {
					for b := range uint32(3) {
						for to := range n {
							if !p.sends(st, b, self, to) {
								continue
							}
							if err := none.allowed(name{st, b}, to); (err == nil) != (st == stepHello) {
								t.Errorf("n=%d dealer=%v %v/%d from %d: %v", n, dealer, st, b, self, err)
							}
							if err := full.allowed(name{st, b}, to); err != nil {
								t.Error(err)
							}
						}
					}
				}
			}
		}
	}
}
