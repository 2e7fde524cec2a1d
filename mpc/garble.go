package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// garble computes the zero labels of a chunk and sends its tables to the evaluator (GB1, protocol 17). The evaluator has no labels
// to compute.
func (e *engine) garble(ctx context.Context, t uint32, w *work) error {
	if !e.garbles() {
		return nil
	}
	if w.ands == 0 {
		e.walk(w.chunk, e.freeLabel, nil)
		return nil
	}
	e.keepForDisclosure(w)
	return e.s.stream(ctx, e.plan.evaluator, stepGB1, t, func(out *fragmenter) error {
		g := newGarbling(e, t, w, out)
		defer g.mem.erase()
		e.walkTogether(w.chunk, len(g.gates), e.freeLabel, g.add, g.flush)
		if g.err == nil && e.s.self == e.plan.colour {
			_, g.err = out.Write(g.colour)
		}
		return g.err
	})
}

func (e *engine) freeLabel(op circuit.Op, z, a, b int) {
	switch op {
	case circuit.Xor:
		e.zero[z] = e.zero[a].Xor(e.zero[b])
	case circuit.Not:
		e.zero[z] = e.zero[a].Xor(e.s.delta)
	case circuit.Zero:
		e.zero[z] = block.Block{}
	case circuit.One:
		// NOT of constant 0: its active label is 0, never Delta.
		e.zero[z] = e.s.delta
	}
}

// keepForDisclosure keeps what a garbler needs after its tables are sent.
func (e *engine) keepForDisclosure(w *work) {
	ev := e.plan.evaluator
	w.macLeft, w.macRight, w.macOut = w.mem.newBlocks(w.ands), w.mem.newBlocks(w.ands), w.mem.newBlocks(w.ands)
	w.label = w.mem.newBlocks(w.ands)
	copy(w.macLeft, w.left.mac[ev])
	copy(w.macRight, w.right.mac[ev])
	copy(w.macOut, w.out.mac[ev])
	block.XorInto(w.macOut, w.product.mac[ev])
}

// A garbling makes the tables of the AND gates of one chunk, many at once.
type garbling struct {
	e       *engine
	chunk   uint32
	work    *work
	out     *fragmenter
	err     error
	mem     *arena
	targets []int // ourselves, then the other garblers in increasing order

	left, right, product []block.Block // KS_i of lambda_a, lambda_b, lambda_ab ^ lambda_z
	colour               block.Bits

	gates            []andGate     // room for the gates that are garbled together
	n                int           // those added
	x, tweak, h0, h1 []block.Block // by gate and target: left and right input
	table            []byte        // of one gate
}

// An andGate is number k of its chunk, with its output in slot z.
type andGate struct{ k, z int }

func newGarbling(e *engine, t uint32, w *work, out *fragmenter) *garbling {
	g := &garbling{e: e, chunk: t, work: w, out: out, mem: e.s.vault.arena(), targets: []int{e.s.self}, colour: block.NewBits(w.ands)}
	for _, j := range e.plan.peers(e.s.self) {
		if e.plan.garbler(j) {
			g.targets = append(g.targets, j)
		}
	}
	g.left, g.right, g.product = g.mem.newBlocks(w.ands), g.mem.newBlocks(w.ands), g.mem.newBlocks(w.ands)
	e.s.keySum(g.left, w.left)
	e.s.keySum(g.right, w.right)
	e.s.keySum(g.product, w.out)
	e.s.keySum(g.product, w.product)
	hashes := 2 * len(g.targets)
	g.gates = make([]andGate, gatesTogether(hashes))
	n := hashes * len(g.gates)
	g.x, g.tweak, g.h0, g.h1 = g.mem.newBlocks(n), g.mem.newBlocks(n), g.mem.newBlocks(n), g.mem.newBlocks(n)
	g.table = make([]byte, 0, e.plan.tableSize())
	return g
}

// add takes AND gate k.
func (g *garbling) add(k, z, a, b int) {
	s := g.e.s
	at := 2 * len(g.targets) * g.n
	for _, j := range g.targets {
		g.x[at], g.x[at+1] = g.e.zero[a], g.e.zero[b]
		g.tweak[at] = block.Tweak(s.base, block.TweakGarble, byte(s.self), byte(j), 0, g.chunk, uint32(k))
		g.tweak[at+1] = block.Tweak(s.base, block.TweakGarble, byte(s.self), byte(j), 1, g.chunk, uint32(k))
		at += 2
	}
	g.gates[g.n] = andGate{k, z}
	g.n++
}

// flush garbles the gates added.
func (g *garbling) flush() {
	hashes := 2 * len(g.targets)
	n := hashes * g.n
	g.e.s.watch("tweaks", g.chunk, g.tweak[:n])
	inParts(n, func(from, to int) {
		block.Hash2(g.h0[from:to], g.h1[from:to], g.x[from:to], g.tweak[from:to], g.e.s.delta)
	})
	for q, gate := range g.gates[:g.n] {
		g.garble(gate, g.x[q*hashes], g.h0[q*hashes:][:hashes], g.h1[q*hashes:][:hashes])
	}
	g.n = 0
}

// garble makes the table and the zero label of one gate from its hashes; a is the zero label of its left input.
func (g *garbling) garble(gate andGate, a block.Block, h0, h1 []block.Block) {
	k, w := gate.k, g.work
	table := g.table
	for q, j := range g.targets {
		both0, both1 := h0[2*q].Xor(h1[2*q]), h0[2*q+1].Xor(h1[2*q+1])
		if q == 0 {
			table = block.Append(table, both0.Xor(g.right[k]), both1.Xor(a).Xor(g.left[k]))
			continue
		}
		table = block.Append(table,
			both0.Xor(w.right.mac[j][k]),
			both1.Xor(w.left.mac[j][k]),
			h0[2*q].Xor(h0[2*q+1]).Xor(w.out.mac[j][k]).Xor(w.product.mac[j][k]))
	}
	if g.err == nil {
		_, g.err = g.out.Write(table)
	}
	label := h0[0].Xor(h0[1]).Xor(g.product[k])
	g.e.zero[gate.z] = label
	w.label[k] = label
	g.colour.Set(k, label.LSB())
}
