package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// Shl returns x << by, with zeros from the right, and whether by is at least n, which must be a power of two: n ANDs for each
// of the log2 n low bits of by.
func Shl(b *circuit.Builder, x, by Word) (z Word, overflow circuit.Wire) {
	return shift(b, x, by, func(x Word, k int) Word { return append(x[k:len(x):len(x)], Fill(b.Zero(), k)...) })
}

// Shr returns x >> by, with zeros or copies of the sign from the left, and whether by is at least n.
func Shr(b *circuit.Builder, x, by Word, signed bool) (z Word, overflow circuit.Wire) {
	in := b.Zero()
	if signed {
		in = x[0]
	}
	return shift(b, x, by, func(x Word, k int) Word { return append(Fill(in, k), x[:len(x)-k]...) })
}

func shift(b *circuit.Builder, x, by Word, step func(x Word, k int) Word) (Word, circuit.Wire) {
	layers := bits.Len(uint(len(x) - 1))
	for l := range layers {
		x = Mux(b, by[len(by)-1-l], step(x, 1<<l), x)
	}
	return x, Any(b, by[:len(by)-layers])
}
