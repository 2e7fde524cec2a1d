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
		return e.walk(w.chunk, e.freeLabel, nil)
	}
	e.keepForDisclosure(w)
	return e.s.stream(ctx, e.plan.evaluator, stepGB1, t, func(out *fragmenter) error {
		g := newGarbling(e, t, w)
		defer g.mem.erase()
		colour := block.NewBits(w.ands)
		err := e.walk(w.chunk, e.freeLabel, func(k, z, a, b int) error {
			e.zero[z] = g.gate(k, e.zero[a], e.zero[b])
			w.label[k] = e.zero[z]
			colour.Set(k, e.zero[z].LSB())
			_, err := out.Write(g.table)
			return err
		})
		if err == nil && e.s.self == e.plan.colour {
			_, err = out.Write(colour)
		}
		return err
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

// A garbling makes the tables of the AND gates of one chunk.
type garbling struct {
	s       *session
	chunk   uint32
	mem     *arena
	targets []int // ourselves, then the other garblers in increasing order

	left, right, out []block.Block // KS_i of lambda_a, lambda_b, lambda_ab ^ lambda_z
	work             *work

	x, tweak, h0, h1 []block.Block // two for each target: left and right input
	table            []byte        // of the last gate
}

func newGarbling(e *engine, t uint32, w *work) *garbling {
	g := &garbling{s: e.s, chunk: t, mem: e.s.vault.arena(), work: w, targets: []int{e.s.self}}
	for _, j := range e.plan.peers(e.s.self) {
		if e.plan.garbler(j) {
			g.targets = append(g.targets, j)
		}
	}
	g.left, g.right, g.out = g.mem.newBlocks(w.ands), g.mem.newBlocks(w.ands), g.mem.newBlocks(w.ands)
	e.s.keySum(g.left, w.left)
	e.s.keySum(g.right, w.right)
	e.s.keySum(g.out, w.out)
	e.s.keySum(g.out, w.product)
	n := 2 * len(g.targets)
	g.x, g.tweak, g.h0, g.h1 = g.mem.newBlocks(n), g.mem.newBlocks(n), g.mem.newBlocks(n), g.mem.newBlocks(n)
	g.table = g.mem.newBytes(int(e.plan.tableSize()))
	return g
}

// gate garbles AND gate k with the zero labels a and b of its inputs, and returns that of its output.
func (g *garbling) gate(k int, a, b block.Block) block.Block {
	i := byte(g.s.self)
	for q, j := range g.targets {
		g.x[2*q], g.x[2*q+1] = a, b
		g.tweak[2*q] = block.Tweak(g.s.base, block.TweakGarble, i, byte(j), 0, g.chunk, uint32(k))
		g.tweak[2*q+1] = block.Tweak(g.s.base, block.TweakGarble, i, byte(j), 1, g.chunk, uint32(k))
	}
	if g.s.observe != nil {
		g.s.watch("tweaks", g.chunk, g.tweak)
	}
	block.Hash2(g.h0, g.h1, g.x, g.tweak, g.s.delta)
	row := g.table[:0]
	for q, j := range g.targets {
		both0 := g.h0[2*q].Xor(g.h1[2*q])
		both1 := g.h0[2*q+1].Xor(g.h1[2*q+1])
		if q == 0 {
			row = block.Append(row, both0.Xor(g.right[k]), both1.Xor(a).Xor(g.left[k]))
			continue
		}
		row = block.Append(row,
			both0.Xor(g.work.right.mac[j][k]),
			both1.Xor(g.work.left.mac[j][k]),
			g.h0[2*q].Xor(g.h0[2*q+1]).Xor(g.work.out.mac[j][k]).Xor(g.work.product.mac[j][k]))
	}
	return g.h0[0].Xor(g.h0[1]).Xor(g.out[k])
}
