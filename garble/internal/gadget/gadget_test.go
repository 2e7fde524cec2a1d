package gadget

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// A unit is a circuit of words under test.
type unit struct {
	c    *circuit.Circuit
	in   []int
	outs []int
}

// build makes a circuit of inputs with the given widths; f returns the output words.
func build(t testing.TB, in []int, f func(b *circuit.Builder, x []Word) []Word) unit {
	t.Helper()
	b := circuit.NewBuilder(in)
	words := make([]Word, len(in))
	for p, n := range in {
		for i := range n {
			words[p] = append(words[p], b.Input(p, i))
		}
	}
	var outs []circuit.Wire
	u := unit{in: in}
	for _, w := range f(b, words) {
		outs = append(outs, w...)
		u.outs = append(u.outs, len(w))
	}
	c, err := b.Build(outs)
	if err != nil {
		t.Fatal(err)
	}
	u.c = c
	return u
}

func (u unit) ands() int {
	n := 0
	for i := range u.c.NumGates() {
		if u.c.Gate(i).Op == circuit.And {
			n++
		}
	}
	return n
}

// eval runs 64 assignments at once, gate by gate, independently of package circuit's evaluator.
func (u unit) eval(inputs [][]uint64) [][]uint64 {
	w := make([]uint64, u.c.NumWires())
	lanes := len(inputs)
	at := 0
	for p, n := range u.in {
		for i := range n {
			for l := range lanes {
				w[at] |= (inputs[l][p] >> (n - 1 - i) & 1) << l
			}
			at++
		}
	}
	for i := range u.c.NumGates() {
		g := u.c.Gate(i)
		switch g.Op {
		case circuit.Xor:
			w[at] = w[g.A] ^ w[g.B]
		case circuit.And:
			w[at] = w[g.A] & w[g.B]
		case circuit.Not:
			w[at] = ^w[g.A]
		case circuit.One:
			w[at] = ^uint64(0)
		}
		at++
	}
	res := make([][]uint64, lanes)
	for l := range res {
		k := 0
		for _, n := range u.outs {
			v := uint64(0)
			for range n {
				v = v<<1 | w[u.c.Outputs()[k]]>>l&1
				k++
			}
			res[l] = append(res[l], v)
		}
	}
	return res
}

// check runs the unit on all inputs if they have at most 16 bits, on random and extreme ones otherwise, and compares the
// words for which want gives a value.
func (u unit) check(t *testing.T, want func(x []uint64) []any) {
	t.Helper()
	total := 0
	for _, n := range u.in {
		total += n
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var lanes [][]uint64
	run := func() {
		for l, got := range u.eval(lanes) {
			for k, w := range want(lanes[l]) {
				if w != nil && fmt.Sprint(w) != fmt.Sprint(got[k]) {
					t.Fatalf("inputs %v, output %d: got %d, want %v", lanes[l], k, got[k], w)
				}
			}
		}
		lanes = nil
	}
	count := 1500
	if total <= 16 {
		count = 1 << total
	}
	for i := range count {
		x := make([]uint64, len(u.in))
		v := uint64(i)
		for p, n := range u.in {
			if total <= 16 {
				x[p] = v & mask(n)
				v >>= n
			} else {
				x[p] = interesting(rng, n)
			}
		}
		if lanes = append(lanes, x); len(lanes) == 64 {
			run()
		}
	}
	if len(lanes) > 0 {
		run()
	}
}

func mask(n int) uint64 { return 1<<(n-1)<<1 - 1 }

// interesting draws numbers of all magnitudes, with many near powers of two.
func interesting(rng *rand.Rand, n int) uint64 {
	v := rng.Uint64() >> rng.IntN(64)
	switch rng.IntN(4) {
	case 0:
		v = 1<<rng.IntN(n) + uint64(rng.IntN(3)) - 1
	case 1:
		v = -(1<<rng.IntN(n) + uint64(rng.IntN(3)) - 1)
	case 2:
		v = -v
	}
	return v & mask(n)
}

func extend(v uint64, n int) int64 { return int64(v<<(64-n)) >> (64 - n) }

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// product gives the n-bit product and whether it overflows.
func product(x, y uint64, n int, signed bool) (uint64, bool) {
	if !signed {
		hi, lo := bits.Mul64(x, y)
		return lo & mask(n), hi != 0 || lo&^mask(n) != 0
	}
	a, b := extend(x, n), extend(y, n)
	abs := func(v int64) uint64 {
		if v < 0 {
			return -uint64(v)
		}
		return uint64(v)
	}
	hi, lo := bits.Mul64(abs(a), abs(b))
	neg := a < 0 != (b < 0)
	limit := uint64(1)<<(n-1) - 1
	if neg {
		limit++
	}
	p := lo
	if neg {
		p = -lo
	}
	return p & mask(n), hi != 0 || lo > limit
}

func quotient(x, y uint64, n int, signed bool) (q, r uint64, overflow bool) {
	if !signed {
		return x / y, x % y, false
	}
	a, b := extend(x, n), extend(y, n)
	if b == -1 {
		return -x & mask(n), 0, x == 1<<(n-1)
	}
	return uint64(a/b) & mask(n), uint64(a%b) & mask(n), false
}
