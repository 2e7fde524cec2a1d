package mpc

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/circuit"
)

// A play is one run of all parties in memory.
type play struct {
	job     Job
	in      [][]bool
	dealer  bool
	mesh    memory.Options
	config  func(p int) *Config // nil means the defaults
	observe observer
}

// A result is what one party's Run returned.
type result struct {
	out []bool
	err error
}

// run runs all parties, and the dealer, to their end.
func (p *play) run(t testing.TB) []result {
	t.Helper()
	n := len(p.job.Circuit.Inputs())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var dealer sync.WaitGroup
	var links []channel.Channel
	if p.dealer {
		links = memory.NewMesh(n+1, memory.Options{Buffer: 16 << 20}).Channels()
		dealer.Go(func() {
			if err := Deal(ctx, links[n], p.job, nil); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("dealer: %v", err)
			}
		})
	}
	chs := memory.NewMesh(n, p.mesh).Channels()
	results := make([]result, n)
	var parties sync.WaitGroup
	for i := range n {
		cfg := &Config{}
		if p.config != nil {
			cfg = p.config(i)
		}
		cfg.observe = p.observe
		if p.dealer {
			cfg.Pre = TrustDealer(links[i])
		}
		parties.Go(func() {
			results[i].out, results[i].err = Run(ctx, chs[i], p.job, p.in[i], cfg)
		})
	}
	parties.Wait()
	for _, ch := range chs {
		ch.Close()
	}
	cancel()
	dealer.Wait()
	return results
}

// want is what each party should learn, by the clear evaluator; nil for a party without outputs.
func (p *play) want(t testing.TB) [][]bool {
	t.Helper()
	clear, err := p.job.Circuit.Eval(p.in)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]bool, len(p.in))
	for i := range out {
		if p.job.Outputs == nil {
			out[i] = clear
			continue
		}
		for _, k := range p.job.Outputs[i] {
			out[i] = append(out[i], clear[k])
		}
	}
	return out
}

// mustAgree runs the play and fails unless every party gets what the clear evaluator says.
func (p *play) mustAgree(t testing.TB) {
	t.Helper()
	want := p.want(t)
	for i, r := range p.run(t) {
		if r.err != nil {
			t.Fatalf("party %d: %v", i, r.err)
		}
		if !slices.Equal(r.out, want[i]) {
			t.Fatalf("party %d: got %v, want %v", i, r.out, want[i])
		}
	}
}

// tinyParams are parameters for tests: far below the bound that production demands.
func tinyParams(buckets, size int) Params { return Params{tiny: &bucketing{buckets, size}} }

// everyOutput gives every party in set all outputs of c, and the others none.
func everyOutput(c *circuit.Circuit, n int, set uint) [][]int {
	lists := make([][]int, n)
	for p := range lists {
		for k := range c.Outputs() {
			if set>>p&1 == 1 {
				lists[p] = append(lists[p], k)
			}
		}
	}
	return lists
}

// A shape says what a random circuit consists of.
type shape struct {
	parties, inputs, ands, free int
	owners                      []int // who has inputs; nil means everyone may
	plain                       bool  // without the special patterns
}

// randomCircuit makes a circuit with the patterns that broke protocols before: constants, NOT chains, a AND a, a AND NOT a,
// x XOR x, repeated operands, duplicate outputs, and inputs and constants as outputs.
func randomCircuit(t testing.TB, seed uint64, sh shape) *circuit.Circuit {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	widths := make([]int, sh.parties)
	for range sh.inputs {
		if sh.owners != nil {
			widths[sh.owners[r.IntN(len(sh.owners))]]++
		} else {
			widths[r.IntN(sh.parties)]++
		}
	}
	var gates []circuit.Gate
	w := sh.inputs
	add := func(op circuit.Op, a, b int) int {
		gates = append(gates, circuit.Gate{Op: op, A: circuit.Wire(a), B: circuit.Wire(b)})
		w++
		return w - 1
	}
	if !sh.plain || sh.inputs == 0 {
		add(circuit.Zero, 0, 0)
		add(circuit.One, 0, 0)
	}
	ops := slices.Repeat([]circuit.Op{circuit.And}, sh.ands)
	for range sh.free {
		ops = append(ops, []circuit.Op{circuit.Xor, circuit.Xor, circuit.Not}[r.IntN(3)])
	}
	r.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
	for _, op := range ops {
		a, b := r.IntN(w), r.IntN(w)
		if op == circuit.Not {
			b = 0
		}
		add(op, a, b)
	}
	if !sh.plain && sh.ands > 0 {
		a := r.IntN(w)
		same := add(circuit.And, a, a)
		not := add(circuit.Not, a, 0)
		contra := add(circuit.And, a, not)
		zero := add(circuit.Xor, a, a)
		add(circuit.And, zero, a)
		mixed := add(circuit.Xor, same, contra)
		again := add(circuit.Xor, add(circuit.Xor, a, mixed), mixed) // the labels of a once more
		add(circuit.And, a, again)
		add(circuit.And, min(1, w-1), mixed)
	}
	var outs []circuit.Wire
	for range 4 {
		outs = append(outs, circuit.Wire(r.IntN(w)))
	}
	outs = append(outs, circuit.Wire(w-1), outs[0])
	if sh.inputs > 0 {
		outs = append(outs, 0)
	}
	if !sh.plain {
		outs = append(outs, circuit.Wire(sh.inputs), circuit.Wire(sh.inputs+1))
	}
	c, err := circuit.New(widths, gates, outs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// randomInputs draws input bits for every party.
func randomInputs(c *circuit.Circuit, seed uint64) [][]bool {
	r := rand.New(rand.NewPCG(seed, 2))
	in := make([][]bool, len(c.Inputs()))
	for p, width := range c.Inputs() {
		for range width {
			in[p] = append(in[p], r.IntN(2) == 1)
		}
	}
	return in
}
