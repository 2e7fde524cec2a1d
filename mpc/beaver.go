package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/internal/block"
)

// work is what a party keeps of a chunk between preparing it and disclosing it; rows are its AND gates.
type work struct {
	chunk
	mem *arena

	// Both roles, only while preparing; shares of the masks of left input, right input, output and of lambda_a & lambda_b.
	left, right, out, product *shares

	// Garbler: MACs under the evaluator's key of lambda_a, lambda_b and lambda_ab ^ lambda_z, and the zero labels.
	macLeft, macRight, macOut []block.Block
	label                     []block.Block

	eval *evaluation // evaluator
}

// prepare preprocesses chunk t, opens what is needed for the products of its masks, and garbles it (protocol 10 to 17).
func (e *engine) prepare(ctx context.Context, t uint32) (*work, error) {
	w := &work{chunk: e.plan.chunks[t-1], mem: e.s.vault.arena()}
	if w.ands == 0 {
		e.walkMasks(w.chunk, nil, nil, nil)
		return w, e.garble(ctx, t, w)
	}
	tr, err := e.ahead.chunk(ctx, t)
	if err != nil {
		return nil, err
	}
	defer tr.mem.erase()
	tmp := e.s.vault.arena()
	defer tmp.erase()
	w.left, w.right = e.s.newShares(tmp, w.ands), e.s.newShares(tmp, w.ands)
	w.out = tr.mask
	e.walkMasks(w.chunk, w.out, w.left, w.right)
	if w.product, err = e.multiply(ctx, t, w, tr, tmp); err != nil {
		return nil, err
	}
	e.s.watch("masks", t, w)
	if e.garbles() {
		err = e.garble(ctx, t, w)
	} else {
		e.keepForEvaluation(w)
		err = e.receiveTables(ctx, t, w)
	}
	w.left, w.right, w.out, w.product = nil, nil, nil, nil
	return w, err
}

// multiply opens f, d and e in OP1 and returns the shares of lambda_a & lambda_b (protocol 15).
func (e *engine) multiply(ctx context.Context, t uint32, w *work, tr *triples, tmp *arena) (*shares, error) {
	g, f := w.ands, (e.plan.buckets-1)*w.ands
	open := e.s.newShares(tmp, f+2*g)
	for r := range f {
		open.set(r, tr.f, r)
	}
	for r := range g {
		open.xor(f+2*r, w.left, r, tr.a, r)
		open.xor(f+2*r+1, w.right, r, tr.b, r)
	}
	for _, j := range e.plan.peers(e.s.self) {
		if err := e.s.openTo(ctx, open, stepOP1, t, j); err != nil {
			return nil, err
		}
	}
	bits, err := e.s.opened(ctx, open, stepOP1, t)
	if err != nil {
		return nil, err
	}
	dBits, eBits, both := block.NewBits(g), block.NewBits(g), block.NewBits(g)
	for r := range g {
		d, e := bits.Get(f+2*r), bits.Get(f+2*r+1)
		dBits.Set(r, d)
		eBits.Set(r, e)
		both.Set(r, d&e)
	}
	c := tr.product(bits.Slice(0, f)).rows(0, g)
	tmp.keep(c.x)
	c.addMasked(dBits, tr.b)
	c.addMasked(eBits, tr.a)
	e.s.addPublic(c, both)
	return c, nil
}

// keySum XORs KS_i[x] = x^i*Delta_i ^ XOR over j of K_i[x^j] onto dst, row by row (protocol 17).
func (s *session) keySum(dst []block.Block, sh *shares) {
	for _, k := range sh.key {
		if k != nil {
			block.XorInto(dst, k)
		}
	}
	block.MulAdd(dst, sh.x, s.delta)
}
