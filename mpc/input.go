package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/internal/block"
)

// prepareInputs gets the masks of the input wires, and draws their zero labels at a garbler.
func (e *engine) prepareInputs(ctx context.Context) error {
	var err error
	if e.inputMasks, err = e.from.inputs(ctx); err != nil {
		return err
	}
	e.s.watch("inputs", 0, e.inputMasks)
	n := e.plan.circ.NumInputs()
	for w := range n {
		e.masks.set(w, e.inputMasks, w)
	}
	if !e.garbles() {
		return nil
	}
	e.inputZero = e.s.mem.newBlocks(n)
	buf := e.s.mem.newBytes(n * block.Size)
	if err := e.s.random(buf); err != nil {
		return err
	}
	if err := block.Parse(e.inputZero, buf); err != nil {
		return err
	}
	clear(buf)
	copy(e.zero, e.inputZero)
	return nil
}

// masksOf are the masks of the input wires of a party, which are consecutive.
func (e *engine) masksOf(owner int) *shares {
	w := 0
	for _, width := range e.plan.circ.Inputs()[:owner] {
		w += width
	}
	sh := e.inputMasks.rows(w, e.plan.inputs(owner))
	e.s.mem.keep(sh.x)
	return sh
}

// input runs protocol 18: every owner learns the masks of its inputs (IN1) and broadcasts the masked values (IN2, IN3), then the
// garblers send the active labels (IN4).
func (e *engine) input(ctx context.Context, in []bool) error {
	s, p := e.s, e.plan
	for _, o := range p.peers(s.self) {
		if p.inputs(o) == 0 {
			continue
		}
		if err := s.openTo(ctx, e.masksOf(o), stepIN1, 0, o); err != nil {
			return err
		}
	}
	masked, err := e.maskInput(ctx, in)
	if err != nil {
		return err
	}
	if err := s.broadcast(ctx, stepIN2, 0, masked); err != nil {
		return err
	}
	fields, err := s.gather(ctx, stepIN2, 0)
	if err != nil {
		return err
	}
	fields[s.self] = masked
	err = s.verify(stepIN2, 0, func(from int) error {
		_, err := block.ParseBits(fields[from], p.inputs(from))
		return err
	})
	if err != nil {
		return err
	}
	if err := s.echo(ctx, stepIN3, 0, fields); err != nil {
		return err
	}
	w := 0
	for o, f := range fields {
		for k := range p.inputs(o) {
			e.values.Set(w, block.Bits(f).Get(k))
			w++
		}
	}
	return e.inputLabels(ctx)
}

// maskInput learns the masks of our own inputs and returns x ^ lambda.
func (e *engine) maskInput(ctx context.Context, in []bool) (block.Bits, error) {
	s, p := e.s, e.plan
	if p.inputs(s.self) == 0 {
		return nil, nil
	}
	masked, err := s.opened(ctx, e.masksOf(s.self), stepIN1, 0)
	if err != nil {
		return nil, err
	}
	for k, x := range in {
		masked.Flip(k, bit(x))
	}
	return masked, nil
}

// bit is 1 if x and 0 if not. The compiler makes it a move, not a branch.
func bit(x bool) uint64 {
	var b uint64
	if x {
		b = 1
	}
	return b
}

// inputLabels gives the evaluator the active labels of all inputs (IN4).
func (e *engine) inputLabels(ctx context.Context) error {
	s, n := e.s, e.plan.circ.NumInputs()
	if e.garbles() {
		active := s.vault.arena()
		defer active.erase()
		labels := active.newBlocks(n)
		copy(labels, e.inputZero)
		block.MulAdd(labels, e.values, s.delta)
		return s.stream(ctx, e.plan.evaluator, stepIN4, 0, func(w *fragmenter) error {
			for _, l := range labels {
				p := l.Bytes()
				if _, err := w.Write(p[:]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	msgs, err := s.gather(ctx, stepIN4, 0)
	if err != nil {
		return err
	}
	return s.verify(stepIN4, 0, func(from int) error { return block.Parse(e.active[from][:n], msgs[from]) })
}
