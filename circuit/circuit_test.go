package circuit

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name    string
		inputs  []int
		gates   []Gate
		outputs []Wire
		want    string
	}{
		{"negative width", []int{1, -1}, nil, nil, "party 1: impossible"},
		{"huge width", []int{1 << 30, 1 << 29, 1 << 29}, nil, nil, "party 2: impossible"},
		{"too many wires", []int{MaxWires}, []Gate{{Op: Zero}}, nil, "exceeds"},
		{"unknown operation", []int{1}, []Gate{{Op: 5}}, nil, "gate 0: unknown"},
		{"own output", []int{1}, []Gate{{Op: Not, A: 1}}, nil, "gate 0: operand 1 does not precede"},
		{"later wire", []int{2}, []Gate{{Op: Xor, A: 0, B: 1}, {Op: And, A: 0, B: 4}}, nil, "gate 1: operand 4"},
		{"operand of NOT", []int{2}, []Gate{{Op: Not, A: 0, B: 1}}, nil, "gate 0: Not has an operand too many"},
		{"operand of a constant", []int{2}, []Gate{{Op: One, A: 1}}, nil, "gate 0: One has an operand too many"},
		{"output", []int{2}, []Gate{{Op: Zero}}, []Wire{0, 3}, "output 1: wire 3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := New(test.inputs, test.gates, test.outputs)
			if err == nil || c != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New = %v, %v; want an error with %q", c, err, test.want)
			}
		})
	}
}

func TestEvalRefusesWrongInputs(t *testing.T) {
	c, err := New([]int{2, 0}, nil, []Wire{1, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.Eval([][]bool{{false, true}, nil}); err != nil || !out[0] || !out[1] || out[2] {
		t.Errorf("Eval = %v, %v", out, err)
	}
	for _, in := range [][][]bool{nil, {{true, true}}, {{true}, {}}, {{true, true}, {true}}, {{true, true}, nil, nil}} {
		if out, err := c.Eval(in); err == nil {
			t.Errorf("Eval(%v) = %v", in, out)
		}
	}
}

func TestStats(t *testing.T) {
	c, err := New([]int{2}, []Gate{
		{Op: And, A: 0, B: 1}, // 2
		{Op: Not, A: 2},       // 3
		{Op: Xor, A: 3, B: 0}, // 4
		{Op: And, A: 4, B: 4}, // 5
		{Op: One},             // 6
		{Op: And, A: 5, B: 5}, // 7, dead
	}, []Wire{5, 6, 0})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Stats(), (Stats{And: 3, Xor: 1, Not: 1, Depth: 2, Wires: 8}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
}

func TestDigest(t *testing.T) {
	base := func() ([]int, []Gate, []Wire) {
		return []int{1, 1}, []Gate{{Op: Xor, A: 0, B: 1}, {Op: And, A: 2, B: 0}, {Op: Not, A: 3}, {Op: Zero}, {Op: One}}, []Wire{4, 5}
	}
	seen := make(map[[32]byte]string)
	add := func(name string, change func(in *[]int, g []Gate, out []Wire)) [32]byte {
		in, gates, out := base()
		change(&in, gates, out)
		c, err := New(in, gates, out)
		if err != nil {
			t.Fatal(err)
		}
		d := c.Digest()
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[d] = name
		return d
	}
	d := add("base", func(*[]int, []Gate, []Wire) {})
	add("inputs", func(in *[]int, _ []Gate, _ []Wire) { *in = []int{2, 0} })
	add("party", func(in *[]int, _ []Gate, _ []Wire) { *in = []int{1, 1, 0} })
	add("operation", func(_ *[]int, g []Gate, _ []Wire) { g[0].Op = And })
	add("operand order", func(_ *[]int, g []Gate, _ []Wire) { g[0].A, g[0].B = 1, 0 })
	add("constant", func(_ *[]int, g []Gate, _ []Wire) { g[3].Op = One })
	add("outputs", func(_ *[]int, _ []Gate, out []Wire) { out[0], out[1] = 5, 4 })
	// The known answer holds the serialisation of the doc comment.
	const want = "c34ebb3f82694e3b448831a75036d1e12470a7b0f68fe5b19db2767479255a8e"
	if got := hex.EncodeToString(d[:]); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// TestBuildIsDeterministic builds large circuits twice, with and without a table that forgets.
func TestBuildIsDeterministic(t *testing.T) {
	for _, sharing := range []int{0, 1024, defaultSharing} {
		var digests [2][32]byte
		for i := range digests {
			b := NewBuilder([]int{3, 3})
			b.SetSharing(sharing)
			rng := rand.New(rand.NewPCG(7, 7))
			wires, _ := grow(b, rng, 30000)
			c, err := b.Build(wires[len(wires)-100:])
			if err != nil {
				t.Fatal(err)
			}
			digests[i] = c.Digest()
		}
		if digests[0] != digests[1] {
			t.Errorf("sharing %d: digests differ", sharing)
		}
	}
}

func TestBuilderRefuses(t *testing.T) {
	b := NewBuilder([]int{-1})
	if _, err := b.Build(nil); err == nil {
		t.Error("built a circuit with a negative width")
	}
	b = NewBuilder([]int{9})
	b.SetMaxGates(3)
	x := b.Input(0, 0)
	for i := range 9 {
		x = b.And(x, b.Input(0, i))
	}
	if _, err := b.Build([]Wire{x}); err == nil || b.Err() == nil || b.NumGates() > 3 {
		t.Errorf("built %d gates of at most 3: %v", b.NumGates(), err)
	}
	b = NewBuilder([]int{1})
	if _, err := b.Build([]Wire{1 << 20}); err == nil {
		t.Error("built with an output that does not exist")
	}
	b = NewBuilder([]int{1})
	if _, err := b.Build([]Wire{b.Input(0, 0), b.One(), b.Not(b.Input(0, 0))}); err != nil {
		t.Error(err)
	}
	if b.Xor(b.Input(0, 0), b.One()); b.Err() == nil {
		t.Error("built twice")
	}
	if _, err := b.Build(nil); err == nil {
		t.Error("built twice")
	}
}
