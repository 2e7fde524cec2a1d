package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/internal/block"
)

// output checks the proof that the circuit was garbled and evaluated rightly (OU1, protocol 20.3), then opens the masks of the
// outputs to those who learn them (OU2, protocol 21). It returns our outputs.
func (e *engine) output(ctx context.Context) (block.Bits, error) {
	s, p := e.s, e.plan
	s.watch("done", 0, e)
	if e.garbles() {
		z := e.proof.Bytes()
		if err := s.send(ctx, p.evaluator, stepOU1, 0, z[:]); err != nil {
			return nil, err
		}
	} else if err := e.checkProof(ctx); err != nil {
		return nil, err
	}
	for _, to := range p.peers(s.self) {
		if len(p.outputs[to]) == 0 {
			continue
		}
		mem := s.vault.arena()
		err := s.openTo(ctx, e.outputMasks(mem, to), stepOU2, 0, to)
		mem.erase()
		if err != nil {
			return nil, err
		}
	}
	if len(p.outputs[s.self]) == 0 {
		return nil, nil
	}
	out, err := s.opened(ctx, e.outputMasks(s.mem, s.self), stepOU2, 0)
	if err != nil {
		return nil, err
	}
	for k, w := range p.outputs[s.self] {
		out.Flip(k, e.values.Get(e.slots.Of(w)))
	}
	return out, nil
}

// checkProof is the evaluator's check that all parts of the proof XOR to zero.
func (e *engine) checkProof(ctx context.Context) error {
	msgs, err := e.s.gather(ctx, stepOU1, 0)
	if err != nil {
		return err
	}
	sum := e.proof
	for _, m := range msgs {
		if m != nil {
			sum = sum.Xor(block.Load(m))
		}
	}
	if !sum.IsZero() {
		return e.s.abort(stepOU1, -1, "the garbled circuit was not right")
	}
	return e.s.verify(stepOU1, 0, nil)
}

// outputMasks are the shares of the masks of the wires that a party learns, in its order.
func (e *engine) outputMasks(mem *arena, to int) *shares {
	list := e.plan.outputs[to]
	sh := e.s.newShares(mem, len(list))
	for k, w := range list {
		sh.set(k, e.masks, e.slots.Of(w))
	}
	return sh
}
