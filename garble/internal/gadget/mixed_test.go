package gadget

import (
	"math/rand/v2"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// wiring says what each bit of a word is: input bit k as 2k, its complement as 2k+1, or a constant as -1 or -2.
type wiring []int

func randomWiring(rng *rand.Rand, n, inputs int) wiring {
	w := make(wiring, n)
	for i := range w {
		switch rng.IntN(4) {
		case 0:
			w[i] = -1 - rng.IntN(2)
		case 1:
			w[i] = w[max(0, i-1)] // runs of one wire, as in extended numbers
		default:
			w[i] = rng.IntN(2 * inputs)
		}
	}
	return w
}

func (w wiring) word(b *circuit.Builder, in Word) Word {
	x := make(Word, len(w))
	for i, k := range w {
		switch {
		case k == -1:
			x[i] = b.Zero()
		case k == -2:
			x[i] = b.One()
		case k%2 == 0:
			x[i] = in[k/2]
		default:
			x[i] = b.Not(in[k/2])
		}
	}
	return x
}

func (w wiring) value(in uint64, inputs int) uint64 {
	v := uint64(0)
	for _, k := range w {
		bit := uint64(-1 - k) // of a constant
		if k >= 0 {
			bit = in>>(inputs-1-k/2)&1 ^ uint64(k%2)
		}
		v = v<<1 | bit
	}
	return v
}

// TestMixedOperands applies every operation to words that mix inputs, their complements, repetitions and constants, where
// folding and sharing have the most to do.
func TestMixedOperands(t *testing.T) {
	const inputs = 8
	rng := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		n := []int{8, 16}[rng.IntN(2)]
		signed := rng.IntN(2) == 1
		wx, wy := randomWiring(rng, n, inputs), randomWiring(rng, n, inputs)
		wy2 := wy
		if rng.IntN(8) == 0 {
			wy2 = wx
		}
		u := build(t, []int{inputs}, func(b *circuit.Builder, in []Word) []Word {
			x, y := wx.word(b, in[0]), wy2.word(b, in[0])
			s, so := Add(b, x, y, signed)
			d, do := Sub(b, x, y, signed)
			p, po := Mul(b, x, y, signed)
			q, r, z, o := DivRem(b, x, y, signed)
			return []Word{s, {so}, d, {do}, p, {po}, q, r, {z}, {o}, {Less(b, x, y, signed)}, {Equal(b, x, y)}}
		})
		u.check(t, func(in []uint64) []any {
			x, y := wx.value(in[0], inputs), wy2.value(in[0], inputs)
			sum, diff := (x+y)&mask(n), (x-y)&mask(n)
			so, do, less := sum < x, x < y, x < y
			if signed {
				so = (x^sum)&(y^sum)>>(n-1)&1 == 1
				do = (x^y)&(x^diff)>>(n-1)&1 == 1
				less = extend(x, n) < extend(y, n)
			}
			p, po := product(x, y, n, signed)
			want := append([]any{sum, one(so), diff, one(do), p, one(po)}, wantDivRem(x, y, n, signed)...)
			return append(want, one(less), one(x == y))
		})
	}
}
