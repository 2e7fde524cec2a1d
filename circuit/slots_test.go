package circuit

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// evalSlots evaluates like Eval, but in the slots.
func evalSlots(t *testing.T, c *Circuit, in []bool) []bool {
	t.Helper()
	s := c.Slots()
	v := make([]bool, s.Len())
	copy(v, in)
	for i := range c.NumGates() {
		g, out := c.Gate(i), s.Of(Wire(c.NumInputs()+i))
		if g.Op.operands() > 0 && out == s.Of(g.A) || g.Op.operands() > 1 && out == s.Of(g.B) {
			t.Fatalf("gate %d %v writes over its operand", i, g)
		}
		switch g.Op {
		case Xor:
			v[out] = v[s.Of(g.A)] != v[s.Of(g.B)]
		case And:
			v[out] = v[s.Of(g.A)] && v[s.Of(g.B)]
		case Not:
			v[out] = !v[s.Of(g.A)]
		default:
			v[out] = g.Op == One
		}
	}
	var res []bool
	for _, w := range c.Outputs() {
		res = append(res, v[s.Of(w)])
	}
	return res
}

// randomCircuit has everything that New allows: dead gates, equal operands, constants, repeated outputs, unused inputs.
func randomCircuit(t *testing.T, rng *rand.Rand, gates int) *Circuit {
	t.Helper()
	in := []int{rng.IntN(4), 1 + rng.IntN(4), 0, rng.IntN(3)}
	n := in[0] + in[1] + in[3]
	var list []Gate
	for range gates {
		pick := func() Wire {
			if rng.IntN(2) == 0 {
				return Wire(max(0, n-1-rng.IntN(6)))
			}
			return Wire(rng.IntN(n))
		}
		g := Gate{Op: Op(rng.IntN(5))}
		if g.Op.operands() > 0 {
			g.A = pick()
		}
		if g.Op.operands() > 1 {
			g.B = pick()
		}
		list = append(list, g)
		n++
	}
	var outputs []Wire
	for range rng.IntN(6) {
		outputs = append(outputs, Wire(rng.IntN(n)))
	}
	c, err := New(in, list, outputs)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(gatesOf(c), list) {
		t.Fatalf("gates %v were stored as %v", list, gatesOf(c))
	}
	return c
}

func randomInput(c *Circuit, rng *rand.Rand) (in [][]bool, flat []bool) {
	for _, n := range c.Inputs() {
		var bits []bool
		for range n {
			bits = append(bits, rng.IntN(2) == 1)
		}
		in, flat = append(in, bits), append(flat, bits...)
	}
	return in, flat
}

func checkSlots(t *testing.T, seed uint64, gates int) {
	rng := rand.New(rand.NewPCG(seed, 2))
	c := randomCircuit(t, rng, gates)
	in, flat := randomInput(c, rng)
	want, err := c.Eval(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := evalSlots(t, c, flat); !slices.Equal(got, want) {
		t.Fatalf("seed %d: slots give %v, want %v\n%v outputs %v", seed, got, want, gatesOf(c), c.Outputs())
	}
}

func TestSlots(t *testing.T) {
	for seed := range uint64(2000) {
		checkSlots(t, seed, int(seed%90))
	}
}

func FuzzSlots(f *testing.F) {
	f.Add(uint64(1), uint16(30))
	f.Fuzz(func(t *testing.T, seed uint64, gates uint16) { checkSlots(t, seed, int(gates%2000)) })
}

// TestSlotsStayFew walks a long chain with a constant number of live wires.
func TestSlotsStayFew(t *testing.T) {
	b := NewBuilder([]int{4})
	x := []Wire{b.Input(0, 0), b.Input(0, 1), b.Input(0, 2), b.Input(0, 3)}
	for i := range 10000 {
		x[i%4] = b.Xor(b.And(x[(i+1)%4], x[(i+2)%4]), x[i%4])
	}
	c, err := b.Build(x)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Slots().Len(); got > 6 {
		t.Errorf("%d slots for 4 live wires and %d gates", got, c.NumGates())
	}
}
