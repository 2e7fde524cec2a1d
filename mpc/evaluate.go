package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// evaluation is what the evaluator keeps of a chunk.
type evaluation struct {
	// By garbler: our MACs under its key of our bits of lambda_a, lambda_b and lambda_ab ^ lambda_z.
	macLeft, macRight, macOut [][]block.Block
	// XOR over the garblers of our keys for their bits of the same three, and our own bits.
	keyLeft, keyRight, keyOut []block.Block
	bitLeft, bitRight, bitOut block.Bits

	tables [][]byte        // by garbler: GB1
	colour block.Bits      // of the outputs
	label  [][]block.Block // by garbler: active labels of the outputs
	left   block.Bits      // masked values of the left inputs, the right inputs and the outputs
	right  block.Bits
	out    block.Bits
}

// keepForEvaluation keeps what the evaluator needs of its shares.
func (e *engine) keepForEvaluation(w *work) {
	n, g := e.plan.n, w.ands
	v := &evaluation{}
	lists := func(of *shares, plus *shares) (mac [][]block.Block, key []block.Block, bit block.Bits) {
		mac, key, bit = make([][]block.Block, n), w.mem.newBlocks(g), of.x.Slice(0, g)
		w.mem.keep(bit)
		for _, i := range e.plan.peers(e.s.self) {
			mac[i] = w.mem.newBlocks(g)
			copy(mac[i], of.mac[i])
			block.XorInto(key, of.key[i])
			if plus != nil {
				block.XorInto(mac[i], plus.mac[i])
				block.XorInto(key, plus.key[i])
			}
		}
		return mac, key, bit
	}
	v.macLeft, v.keyLeft, v.bitLeft = lists(w.left, nil)
	v.macRight, v.keyRight, v.bitRight = lists(w.right, nil)
	v.macOut, v.keyOut, v.bitOut = lists(w.out, w.product)
	for i := range v.bitOut {
		v.bitOut[i] ^= w.product.x[i]
	}
	v.left, v.right, v.out = w.mem.newBits(g), w.mem.newBits(g), w.mem.newBits(g)
	v.label = make([][]block.Block, n)
	for _, i := range e.plan.peers(e.s.self) {
		v.label[i] = w.mem.newBlocks(g)
	}
	w.eval = v
}

// evaluate computes the active labels and masked values of a chunk (protocol 19). Garblers wait for the disclosure instead.
func (e *engine) evaluate(t uint32, w *work) error {
	if e.garbles() {
		return nil
	}
	if w.ands == 0 {
		return e.walk(w.chunk, e.freeActive, nil)
	}
	ev := newEvaluator(e, t, w)
	return e.walk(w.chunk, e.freeActive, func(k, z, a, b int) error {
		va, vb := e.values.Get(a), e.values.Get(b)
		ev.gate(k, z, a, b, block.Mask(va), block.Mask(vb))
		vz := w.eval.colour.Get(k) ^ e.active[e.plan.colour][z].LSB()
		e.values.Set(z, vz)
		w.eval.left.Set(k, va)
		w.eval.right.Set(k, vb)
		w.eval.out.Set(k, vz)
		return nil
	})
}

// receiveTables takes the tables of all garblers, and the colour bits behind those of one of them.
func (e *engine) receiveTables(ctx context.Context, t uint32, w *work) error {
	v := w.eval
	var err error
	if v.tables, err = e.s.gather(ctx, stepGB1, t); err != nil {
		return err
	}
	return e.s.verify(stepGB1, t, func(from int) (err error) {
		if from == e.plan.colour {
			v.colour, err = block.ParseBits(v.tables[from][int(e.plan.tableSize())*w.ands:], w.ands)
		}
		return err
	})
}

func (e *engine) freeActive(op circuit.Op, z, a, b int) {
	e.freeValue(op, z, a, b)
	for _, l := range e.active {
		switch {
		case l == nil:
		case op == circuit.Xor:
			l[z] = l[a].Xor(l[b])
		case op == circuit.Not:
			l[z] = l[a]
		default:
			l[z] = block.Block{}
		}
	}
}

// An evaluator evaluates the AND gates of one chunk.
type evaluator struct {
	e        *engine
	chunk    uint32
	w        *evaluation
	garblers []int
	rowSize  int

	x, tweak, h []block.Block // by garbler and target: left and right input
	sum         []block.Block // by garbler: its output label so far
}

func newEvaluator(e *engine, t uint32, w *work) *evaluator {
	v := &evaluator{e: e, chunk: t, w: w.eval, garblers: e.plan.peers(e.s.self), rowSize: int(e.plan.tableSize())}
	n := 2 * len(v.garblers) * len(v.garblers)
	v.x, v.tweak, v.h = w.mem.newBlocks(n), w.mem.newBlocks(n), w.mem.newBlocks(n)
	v.sum = w.mem.newBlocks(e.plan.n)
	return v
}

// gate computes the active labels of the output z of AND gate k, given the masked values of its inputs a and b as masks.
func (v *evaluator) gate(k, z, a, b int, va, vb uint64) {
	e := v.e
	q := 0
	for _, i := range v.garblers {
		la, lb := e.active[i][a], e.active[i][b]
		for _, j := range v.garblers {
			v.x[q], v.x[q+1] = la, lb
			v.tweak[q] = block.Tweak(e.s.base, block.TweakGarble, byte(i), byte(j), 0, v.chunk, uint32(k))
			v.tweak[q+1] = block.Tweak(e.s.base, block.TweakGarble, byte(i), byte(j), 1, v.chunk, uint32(k))
			q += 2
		}
		v.sum[i] = v.w.macRight[i][k].And(va).Xor(v.w.macLeft[i][k].And(vb)).Xor(v.w.macOut[i][k])
	}
	block.Hash(v.h, v.x, v.tweak)
	q = 0
	for _, i := range v.garblers {
		row := v.w.tables[i][k*v.rowSize:][:v.rowSize]
		g0, g1, rest := block.Load(row), block.Load(row[block.Size:]), row[2*block.Size:]
		for _, j := range v.garblers {
			h := v.h[q].Xor(v.h[q+1])
			q += 2
			if j == i {
				h = h.Xor(g0.And(va)).Xor(g1.Xor(e.active[i][a]).And(vb))
			} else {
				s0, s1, s2 := block.Load(rest), block.Load(rest[block.Size:]), block.Load(rest[2*block.Size:])
				h = h.Xor(s0.And(va)).Xor(s1.And(vb)).Xor(s2)
				rest = rest[3*block.Size:]
			}
			v.sum[j] = v.sum[j].Xor(h)
		}
	}
	for _, i := range v.garblers {
		e.active[i][z] = v.sum[i]
		v.w.label[i][k] = v.sum[i]
	}
}
