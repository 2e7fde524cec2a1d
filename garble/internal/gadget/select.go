package gadget

import (
	"math/bits"
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
)

// Decode returns n wires of which the one that idx numbers is enable and the others are 0; if idx is not below n, any one of
// them may be enable. It takes at most one AND for each wire but one, 2^k-k-1 for all of k bits if enable is 1.
func Decode(b *circuit.Builder, idx Word, n int, enable circuit.Wire) []circuit.Wire {
	if n <= 1 {
		return Fill(enable, n)
	}
	depth := bits.Len(uint(n - 1))
	if depth > len(idx) {
		return append(Decode(b, idx, 1<<len(idx), enable), Fill(b.Zero(), n-1<<len(idx))...)
	}
	bit := idx[len(idx)-depth]
	half := 1 << (depth - 1)
	low := Decode(b, idx, half, enable)
	high := make([]circuit.Wire, n-half)
	last := b.And(enable, bit)
	for i := range high {
		if i == half-1 && enable == b.One() {
			high[i] = last // what is left of bit
		} else {
			high[i] = b.And(low[i], bit)
			last = b.Xor(last, high[i])
		}
		low[i] = b.Xor(low[i], high[i])
	}
	return append(low, high...)
}

// Select returns the word whose selector is 1, of selectors of which exactly one is: for each bit, one AND fewer than there
// are different wires, where constants and complements count as no different. If under is not nil, under(k, w) may replace w
// by what it is known to equal where sel[k] is 1.
func Select(b *circuit.Builder, sel []circuit.Wire, words []Word, under func(k int, w circuit.Wire) circuit.Wire) Word {
	if under == nil {
		under = func(_ int, w circuit.Wire) circuit.Wire { return w }
	}
	z := make(Word, len(words[0]))
	column := make([]circuit.Wire, len(words))
	for i := range z {
		for k, w := range words {
			column[k] = w[i]
		}
		z[i] = selectBit(b, sel, column, under)
	}
	return z
}

// maxBases bounds how many wires selectBit tries as base.
const maxBases = 4

// selectBit chooses a base. A wire v chosen by s adds s&(v^base), which is free if that is constant; equal differences share
// their AND.
func selectBit(b *circuit.Builder, sel, column []circuit.Wire, under func(int, circuit.Wire) circuit.Wire) circuit.Wire {
	var bases []circuit.Wire
	for _, v := range column {
		v = min(v, b.Not(v))
		if !isConst(b, v) && !slices.Contains(bases, v) && len(bases) < maxBases {
			bases = append(bases, v)
		}
	}
	if len(bases) == 0 {
		bases = append(bases, b.Zero())
	}
	var best *differences
	for _, base := range bases {
		d := compareWith(b, base, sel, column, under)
		if best == nil || len(d.ands) < len(best.ands) {
			best = d
		}
	}
	z := b.Xor(best.base, best.flip)
	for _, a := range best.ands {
		z = b.Xor(z, b.And(a.sel, b.Xor(a.x, a.y)))
	}
	return z
}

// Differences are what the wires of a column add to a base: where flip is 1 its complement, and for each of the ANDs x^y
// where sel is 1.
type differences struct {
	base, flip circuit.Wire
	ands       []difference
}

type difference struct{ sel, x, y circuit.Wire }

func compareWith(b *circuit.Builder, base circuit.Wire, sel, column []circuit.Wire, under func(int, circuit.Wire) circuit.Wire) *differences {
	d := &differences{base: base, flip: b.Zero()}
	places := map[[2]circuit.Wire]int{} // in ands
	for k := range column {
		x, y := under(k, column[k]), under(k, base)
		if n := b.Not(x); n < x {
			x = n
			d.flip = b.Xor(d.flip, sel[k])
		}
		if n := b.Not(y); n < y {
			y = n
			d.flip = b.Xor(d.flip, sel[k])
		}
		if x == y {
			continue
		}
		pair := [2]circuit.Wire{min(x, y), max(x, y)}
		at, ok := places[pair]
		if !ok {
			at = len(d.ands)
			places[pair] = at
			d.ands = append(d.ands, difference{b.Zero(), x, y})
		}
		d.ands[at].sel = b.Xor(d.ands[at].sel, sel[k])
	}
	return d
}
