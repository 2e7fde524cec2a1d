package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// An engine walks the circuit for one party. It keeps state for the live wires alone, in the slots that the circuit allocates:
// the mask shares (all parties), the zero labels (a garbler) or active labels (the evaluator), and the masked values. Each of
// the three is filled by its own walk over the gates of a chunk, in order, so that each is ready when it may be.
type engine struct {
	s     *session
	plan  *plan
	slots *circuit.Slots
	from  source
	ahead *prefetcher // of from

	inputMasks *shares         // <lambda_w> of the input wires
	inputZero  []block.Block   // garbler: L_{w,0} of the input wires
	masks      *shares         // by slot: <lambda_w>
	zero       []block.Block   // garbler, by slot: L_{w,0}
	active     [][]block.Block // evaluator, by garbler and slot: L^i_w
	values     block.Bits      // by slot: Lambda_w

	proof block.Block // Z of protocol 20, so far
}

func newEngine(s *session, from source) *engine {
	e := &engine{s: s, plan: s.plan, slots: s.plan.circ.Slots(), from: from, ahead: newPrefetcher(s, from)}
	n := e.slots.Len()
	e.masks = s.newShares(s.mem, n)
	e.values = s.mem.newBits(n)
	if e.garbles() {
		e.zero = s.mem.newBlocks(n)
	} else {
		e.active = make([][]block.Block, s.plan.n)
		for _, i := range s.plan.peers(s.self) {
			e.active[i] = s.mem.newBlocks(n)
		}
	}
	return e
}

func (e *engine) garbles() bool { return e.plan.garbler(e.s.self) }

// walkMasks carries the mask shares through a chunk (protocol 16). It collects the masks of the input wires of AND gate g in row
// g of left and right.
func (e *engine) walkMasks(c chunk, fresh, left, right *shares) {
	m := e.masks
	e.walk(c, func(op circuit.Op, z, a, b int) {
		switch op {
		case circuit.Xor:
			m.xor(z, m, a, m, b)
		case circuit.Not:
			m.set(z, m, a)
		default:
			m.zero(z)
		}
	}, func(g, z, a, b int) {
		left.set(g, m, a)
		right.set(g, m, b)
		m.set(z, fresh, g)
	})
}

// walkValues carries the masked values through a chunk, given those of the outputs of its AND gates. It collects those of the
// inputs of AND gate g in bit g of left and right.
func (e *engine) walkValues(c chunk, outputs, left, right block.Bits) {
	e.walk(c, e.freeValue, func(g, z, a, b int) {
		left.Set(g, e.values.Get(a))
		right.Set(g, e.values.Get(b))
		e.values.Set(z, outputs.Get(g))
	})
}

func (e *engine) freeValue(op circuit.Op, z, a, b int) {
	switch op {
	case circuit.Xor:
		e.values.Set(z, e.values.Get(a)^e.values.Get(b))
	case circuit.Not:
		e.values.Set(z, e.values.Get(a)^1)
	case circuit.Zero:
		e.values.Set(z, 0)
	case circuit.One:
		e.values.Set(z, 1)
	}
}

// run does everything behind the session start and returns this party's outputs.
func (e *engine) run(ctx context.Context, in []bool) (block.Bits, error) {
	if err := e.prepareInputs(ctx); err != nil {
		return nil, err
	}
	e.ahead.begin(ctx, 1)
	var err error
	if e.plan.two {
		err = e.runTwo(ctx, in)
	} else {
		err = e.runStream(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return e.output(ctx)
}

// runStream takes the chunks one after the other (protocol 12.3, order=stream).
func (e *engine) runStream(ctx context.Context, in []bool) error {
	if err := e.input(ctx, in); err != nil {
		return err
	}
	for t := uint32(1); int(t) <= len(e.plan.chunks); t++ {
		w, err := e.prepare(ctx, t)
		if err != nil {
			return err
		}
		e.evaluate(t, w)
		if err := e.disclose(ctx, t, w); err != nil {
			return err
		}
	}
	return nil
}

// runTwo prepares all chunks before the input and discloses after all are evaluated (order=two).
func (e *engine) runTwo(ctx context.Context, in []bool) error {
	list := make([]*work, len(e.plan.chunks))
	for i := range list {
		w, err := e.prepare(ctx, uint32(i+1))
		if err != nil {
			return err
		}
		list[i] = w
	}
	if err := e.input(ctx, in); err != nil {
		return err
	}
	for i, w := range list {
		e.evaluate(uint32(i+1), w)
	}
	for i, w := range list {
		if err := e.disclose(ctx, uint32(i+1), w); err != nil {
			return err
		}
	}
	return nil
}
