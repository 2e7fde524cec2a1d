package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// Index returns elems[idx], unspecified if idx is out of range. Bits that vary among the elements take one AND for each
// element but one. Bits that are constant in every element, those of a table, come from one decoder for all of them.
func Index(b *circuit.Builder, elems []Word, idx Word) Word {
	n := len(elems)
	if k, ok := Value(b, idx); ok {
		return elems[min(k, uint64(n-1))]
	}
	depth := bits.Len(uint(n - 1))
	if depth > len(idx) {
		depth = len(idx)
		n = 1 << depth
		elems = elems[:n]
	}
	idx = idx[len(idx)-depth:]
	z := make(Word, len(elems[0]))
	var table []int
	for i := range z {
		if constantColumn(b, elems, i) {
			table = append(table, i)
		}
	}
	if len(table) > 0 {
		lookUp(b, elems, idx, table, z)
	}
	column := make([]circuit.Wire, n)
	for i, done := 0, table; i < len(z); i++ {
		if len(done) > 0 && done[0] == i {
			done = done[1:]
			continue
		}
		for k, e := range elems {
			column[k] = e[i]
		}
		z[i] = muxTree(b, column, idx)
	}
	return z
}

func constantColumn(b *circuit.Builder, elems []Word, i int) bool {
	for _, e := range elems {
		if !isConst(b, e[i]) {
			return false
		}
	}
	return true
}

// muxTree overwrites column, which must have at most 2^len(idx) wires, and returns the one that idx numbers.
func muxTree(b *circuit.Builder, column []circuit.Wire, idx Word) circuit.Wire {
	for i := len(idx) - 1; i >= 0; i-- {
		n := 0
		for k := 0; k < len(column); k += 2 {
			column[n] = column[k]
			if k+1 < len(column) {
				column[n] = b.Mux(idx[i], column[k+1], column[k])
			}
			n++
		}
		column = column[:n]
	}
	return column[0]
}

// lookUp sets the bits of z listed in table, whose columns are constant. The low bits of idx are decoded, so that every
// function of them is a XOR; the high bits multiplex.
func lookUp(b *circuit.Builder, elems []Word, idx Word, table []int, z Word) {
	low, best := 0, -1
	for k := 0; k <= len(idx); k++ {
		cost := 1<<k - k - 1 + (1<<(len(idx)-k)-1)*len(table)
		if best < 0 || cost < best {
			low, best = k, cost
		}
	}
	lines := Decode(b, idx[len(idx)-low:], 1<<low, b.One())
	for _, i := range table {
		var column []circuit.Wire
		for first := 0; first < len(elems); first += 1 << low {
			x := b.Zero()
			for k, e := range elems[first:min(first+1<<low, len(elems))] {
				if e[i] == b.One() {
					x = b.Xor(x, lines[k])
				}
			}
			column = append(column, x)
		}
		z[i] = muxTree(b, column, idx[:len(idx)-low])
	}
}
