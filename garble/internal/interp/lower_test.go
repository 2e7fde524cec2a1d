package interp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// TestLowerAgrees runs random programs on random inputs as circuit and by the interpreter.
func TestLowerAgrees(t *testing.T) {
	const programs = 300
	var s stats
	for seed := range uint64(programs) {
		compare(t, program(seed), seed, &s)
	}
	t.Log(s)
	if s.rejected > programs/10 || s.unsorted > s.runs/10 || s.panicked > s.runs*9/10 || s.panicked < s.runs/20 {
		t.Errorf("the generator is out of balance: %v", s)
	}
}

func FuzzLowerAgrees(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { compare(t, program(seed), seed, &stats{}) })
}

type stats struct{ programs, rejected, unsorted, runs, panicked int }

func (s stats) String() string {
	return fmt.Sprintf("%d programs, %d rejected, %d runs, %d of them panicked, %d more with unsorted joins",
		s.programs, s.rejected, s.runs, s.panicked, s.unsorted)
}

func compare(t *testing.T, src string, seed uint64, s *stats) {
	t.Helper()
	s.programs++
	in, c := build(t, src)
	if in == nil {
		s.rejected++
		return
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var args [][]Value
	var bits [][]bool
	for range 64 {
		var vs []Value
		var bs []bool
		for _, p := range in.Entry.Params {
			v := random(rng, in, p.Type)
			vs = append(vs, v)
			bs = append(bs, Encode(in, p.Type, v)...)
		}
		args = append(args, vs)
		bits = append(bits, bs)
	}
	for i, got := range run(c, bits) {
		want, panicked, err := Run(in, args[i], 1<<20)
		if err == ErrUnsorted {
			s.unsorted++
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, numbered(src))
		}
		s.runs++
		bad := ""
		switch {
		case panicked != nil:
			s.panicked++
			if !got[0] {
				bad = "does not panic"
			} else if fmt.Sprint(got[:161]) != fmt.Sprint(panicBits(panicked)) {
				bad = "has another panic record"
			}
		case got[0]:
			bad = "panics"
		case fmt.Sprint(got[161:]) != fmt.Sprint(Encode(in, in.Entry.Result, want)):
			bad = "has another result"
		}
		if bad != "" {
			t.Fatalf("seed %d, arguments %v: the interpreter gives %v (panic %v), the circuit %s: %v\n%s",
				seed, args[i], want, panicked, bad, digits(got), numbered(src))
		}
	}
}

func panicBits(p *Panic) []bool {
	bits := []bool{true}
	for _, n := range []int{int(p.Reason), p.At.Start.Line, p.At.Start.Col, p.At.End.Line, p.At.End.Col} {
		for i := 31; i >= 0; i-- {
			bits = append(bits, n>>i&1 == 1)
		}
	}
	return bits
}

func digits(bits []bool) string {
	var b strings.Builder
	for _, x := range bits {
		b.WriteByte("01"[truth(x).N])
	}
	return b.String()
}

func numbered(src string) string {
	var b strings.Builder
	for i, l := range strings.Split(src, "\n") {
		fmt.Fprintf(&b, "%3d %s\n", i, l)
	}
	return b.String()
}

// random draws a value, with small and extreme numbers often.
func random(rng *rand.Rand, in *check.Instance, t check.Type) Value {
	var parts []Value
	switch t := t.(type) {
	case check.Basic:
		v := rng.Uint64() >> rng.IntN(64)
		switch rng.IntN(4) {
		case 0:
			v = uint64(rng.IntN(5))
		case 1:
			v = -uint64(rng.IntN(5))
		}
		return Value{N: v & (1<<(t.Bits()-1)<<1 - 1)}
	case *check.Array:
		for range in.Len(t) {
			parts = append(parts, random(rng, in, t.Elem))
		}
	case *check.Enum:
		v := rng.IntN(len(t.Variants))
		for _, f := range t.Variants[v].Fields {
			parts = append(parts, random(rng, in, f))
		}
		return Value{uint64(v), parts}
	default:
		for _, c := range check.Components(t) {
			parts = append(parts, random(rng, in, c))
		}
	}
	return Value{Parts: parts}
}

// run evaluates a circuit on up to 64 inputs at once.
func run(c *circuit.Circuit, inputs [][]bool) [][]bool {
	w := make([]uint64, c.NumWires())
	for lane, bits := range inputs {
		for i, x := range bits {
			w[i] |= truth(x).N << lane
		}
	}
	for i := range c.NumGates() {
		g := c.Gate(i)
		z := &w[c.NumInputs()+i]
		switch g.Op {
		case circuit.Xor:
			*z = w[g.A] ^ w[g.B]
		case circuit.And:
			*z = w[g.A] & w[g.B]
		case circuit.Not:
			*z = ^w[g.A]
		case circuit.One:
			*z = ^uint64(0)
		}
	}
	out := make([][]bool, len(inputs))
	for lane := range out {
		for _, o := range c.Outputs() {
			out[lane] = append(out[lane], w[o]>>lane&1 == 1)
		}
	}
	return out
}
