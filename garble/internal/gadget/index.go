package gadget

import (
	"math/bits"
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
)

// Index returns the element that idx numbers in an array of n elements, n at least 1; if idx is out of range it is unspecified.
// Bits that vary among the elements take one AND for each element but one. Bits that are constant in every element, those of
// a table, come from one decoder for all of them.
func Index(b *circuit.Builder, array Word, n int, idx Word) Word {
	size := len(array) / n
	if k, ok := Value(b, idx); ok {
		i := int(min(k, uint64(n-1)))
		return array[i*size : (i+1)*size]
	}
	depth := bits.Len(uint(n - 1))
	if depth > len(idx) {
		depth = len(idx)
		n = 1 << depth
	}
	idx = idx[len(idx)-depth:]
	z := make(Word, size)
	var tables [][]circuit.Wire // the columns that are constant, and their places
	var places []int
	column := make([]circuit.Wire, n)
	for i := range z {
		constant := true
		for k := range column {
			column[k] = array[k*size+i]
			constant = constant && isConst(b, column[k])
		}
		if constant {
			tables = append(tables, slices.Clone(column))
			places = append(places, i)
		} else {
			z[i] = muxTree(b, column, idx)
		}
	}
	for i, w := range lookUp(b, tables, idx) {
		z[places[i]] = w
	}
	return z
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

// lookUp returns the element of each table that idx numbers. The low bits of idx are decoded, so that every function of them is
// a XOR; the high bits multiplex.
func lookUp(b *circuit.Builder, tables [][]circuit.Wire, idx Word) Word {
	if len(tables) == 0 {
		return nil
	}
	low, best := 0, -1
	for k := 0; k <= len(idx); k++ {
		cost := 1<<k - k - 1 + (1<<(len(idx)-k)-1)*len(tables)
		if best < 0 || cost < best {
			low, best = k, cost
		}
	}
	lines := Decode(b, idx[len(idx)-low:], 1<<low, b.One())
	var z Word
	for _, table := range tables {
		var column []circuit.Wire
		for part := range slices.Chunk(table, 1<<low) {
			x := b.Zero()
			for k, w := range part {
				if w == b.One() {
					x = b.Xor(x, lines[k])
				}
			}
			column = append(column, x)
		}
		z = append(z, muxTree(b, column, idx[:len(idx)-low]))
	}
	return z
}
