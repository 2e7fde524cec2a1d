package gadget

import (
	"math/bits"

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
// are different wires, where constants and complements count as no different.
func Select(b *circuit.Builder, sel []circuit.Wire, words []Word) Word {
	z := make(Word, len(words[0]))
	column := make([]circuit.Wire, len(words))
	for i := range z {
		for k, w := range words {
			column[k] = w[i]
		}
		z[i] = selectBit(b, sel, column)
	}
	return z
}

// selectBit groups the column's wires up to complement. With a base among them, a wire v chosen by s adds s&(v^base), and
// complementing by t adds t.
func selectBit(b *circuit.Builder, sel, column []circuit.Wire) circuit.Wire {
	type group struct{ wire, chosen circuit.Wire }
	var groups []group
	base := b.Zero()
	flip := b.Zero()
	for k, v := range column {
		if n := b.Not(v); n < v {
			v = n
			flip = b.Xor(flip, sel[k])
		}
		if !isConst(b, v) {
			base = v
		}
		at := 0
		for at < len(groups) && groups[at].wire != v {
			at++
		}
		if at == len(groups) {
			groups = append(groups, group{v, b.Zero()})
		}
		groups[at].chosen = b.Xor(groups[at].chosen, sel[k])
	}
	z := b.Xor(base, flip)
	for _, g := range groups {
		z = b.Xor(z, b.And(g.chosen, b.Xor(g.wire, base)))
	}
	return z
}
