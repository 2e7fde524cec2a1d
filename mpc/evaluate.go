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
func (e *engine) evaluate(t uint32, w *work) {
	switch {
	case e.garbles():
	case w.ands == 0:
		e.walk(w.chunk, e.freeActive, nil)
	default:
		v := newEvaluator(e, t, w)
		e.walkTogether(w.chunk, len(v.gates), e.freeActive, v.add, v.flush)
	}
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

// An evaluator evaluates the AND gates of one chunk, many at once.
type evaluator struct {
	e        *engine
	chunk    uint32
	w        *evaluation
	garblers []int
	rowSize  int

	gates       []andGate     // room for the gates that are evaluated together
	n           int           // those added
	x, tweak, h []block.Block // by gate, garbler and target: left and right input
	sum         []block.Block // by garbler: the output label so far of one gate
}

func newEvaluator(e *engine, t uint32, w *work) *evaluator {
	v := &evaluator{e: e, chunk: t, w: w.eval, garblers: e.plan.peers(e.s.self), rowSize: int(e.plan.tableSize())}
	v.gates = make([]andGate, gatesTogether(v.hashes()))
	n := v.hashes() * len(v.gates)
	v.x, v.tweak, v.h = w.mem.newBlocks(n), w.mem.newBlocks(n), w.mem.newBlocks(n)
	v.sum = w.mem.newBlocks(e.plan.n)
	return v
}

// hashes is the number of hashes for a gate.
func (v *evaluator) hashes() int { return 2 * len(v.garblers) * len(v.garblers) }

// add takes AND gate k.
func (v *evaluator) add(k, z, a, b int) {
	e, at := v.e, v.hashes()*v.n
	for _, i := range v.garblers {
		la, lb := e.active[i][a], e.active[i][b]
		for _, j := range v.garblers {
			v.x[at], v.x[at+1] = la, lb
			v.tweak[at] = block.Tweak(e.s.base, block.TweakGarble, byte(i), byte(j), 0, v.chunk, uint32(k))
			v.tweak[at+1] = block.Tweak(e.s.base, block.TweakGarble, byte(i), byte(j), 1, v.chunk, uint32(k))
			at += 2
		}
	}
	v.w.left.Set(k, e.values.Get(a))
	v.w.right.Set(k, e.values.Get(b))
	v.gates[v.n] = andGate{k, z}
	v.n++
}

// flush evaluates the gates added.
func (v *evaluator) flush() {
	hashes := v.hashes()
	inParts(hashes*v.n, func(from, to int) { block.Hash(v.h[from:to], v.x[from:to], v.tweak[from:to]) })
	for q, gate := range v.gates[:v.n] {
		v.evaluate(gate, v.x[q*hashes:][:hashes], v.h[q*hashes:][:hashes])
	}
	v.n = 0
}

// evaluate computes the active labels and the masked value of the output of one gate from its hashes h; x are the labels hashed.
func (v *evaluator) evaluate(gate andGate, x, h []block.Block) {
	k, w := gate.k, v.w
	a, b := block.Mask(w.left.Get(k)), block.Mask(w.right.Get(k))
	for _, i := range v.garblers {
		v.sum[i] = w.macRight[i][k].And(a).Xor(w.macLeft[i][k].And(b)).Xor(w.macOut[i][k])
	}
	for _, i := range v.garblers {
		row := w.tables[i][k*v.rowSize:][:v.rowSize]
		g0, g1, rest := block.Load(row), block.Load(row[block.Size:]), row[2*block.Size:]
		for _, j := range v.garblers {
			part := h[0].Xor(h[1])
			if j == i {
				part = part.Xor(g0.And(a)).Xor(g1.Xor(x[0]).And(b))
			} else {
				s0, s1, s2 := block.Load(rest), block.Load(rest[block.Size:]), block.Load(rest[2*block.Size:])
				part = part.Xor(s0.And(a)).Xor(s1.And(b)).Xor(s2)
				rest = rest[3*block.Size:]
			}
			v.sum[j] = v.sum[j].Xor(part)
			x, h = x[2:], h[2:]
		}
	}
	for _, i := range v.garblers {
		v.e.active[i][gate.z] = v.sum[i]
		w.label[i][k] = v.sum[i]
	}
	value := w.colour.Get(k) ^ v.sum[v.e.plan.colour].LSB()
	w.out.Set(k, value)
	v.e.values.Set(gate.z, value)
}
