package mpc

import (
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// walk calls free for every gate of a chunk but the AND gates, and and for these with their number in the chunk, in order and with
// the slots of their wires.
func (e *engine) walk(c chunk, free func(op circuit.Op, z, a, b int), and func(g, z, a, b int)) {
	g := 0
	for i := c.first; i < c.end; i++ {
		gate := e.plan.circ.Gate(i)
		z := e.slots.Of(circuit.Wire(e.plan.circ.NumInputs() + i))
		a, b := e.slots.Of(gate.A), e.slots.Of(gate.B)
		if gate.Op != circuit.And {
			free(gate.Op, z, a, b)
			continue
		}
		and(g, z, a, b)
		g++
	}
}

// walkTogether is walk for work on AND gates that is done for many at once: add takes the inputs of a gate, and flush computes the
// outputs of all gates added since, at most most of them. A gate that needs such an output, or its slot, waits for the flush.
func (e *engine) walkTogether(c chunk, most int, free func(op circuit.Op, z, a, b int), add func(g, z, a, b int), flush func()) {
	busy := block.NewBits(e.slots.Len()) // slots of outputs to be computed
	var waiting []int
	settle := func() {
		if len(waiting) > 0 {
			flush()
		}
		for _, z := range waiting {
			busy.Set(z, 0)
		}
		waiting = waiting[:0]
	}
	ready := func(op circuit.Op, z, a, b int) {
		n := operands(op)
		if busy.Get(z) == 1 || n > 0 && busy.Get(a) == 1 || n > 1 && busy.Get(b) == 1 {
			settle()
		}
	}
	e.walk(c, func(op circuit.Op, z, a, b int) {
		ready(op, z, a, b)
		free(op, z, a, b)
	}, func(g, z, a, b int) {
		if ready(circuit.And, z, a, b); len(waiting) == most {
			settle()
		}
		add(g, z, a, b)
		busy.Set(z, 1)
		waiting = append(waiting, z)
	})
	settle()
}

// hashesTogether is about how many hashes are computed at once.
const hashesTogether = 4096

// gatesTogether is how many gates with that many hashes each are computed at once.
func gatesTogether(hashes int) int { return max(1, hashesTogether/hashes) }

// inParts runs f on ranges that cover n hashes, on all processors if it is worth it.
func inParts(n int, f func(from, to int)) {
	const part = 256
	if n <= part {
		f(0, n)
		return
	}
	parallel((n+part-1)/part, func(i int) error {
		f(part*i, min(n, part*(i+1)))
		return nil
	})
}
