// Package gadget builds the word-level circuits of Garble from a circuit.Builder: arithmetic, comparison, shifts, selection,
// array access and sorting, each with as few ANDs as we know how. XOR and NOT are free in the protocol, depth is too.
//
// Words have their most significant bit first (spec section 12). Operands of binary operations have equal width. Words are
// never changed once made; results may share wires, or the whole word, with operands. Where an operation can fail, the
// failure is a wire, and the other results are unspecified when it is 1.
package gadget

import "github.com/tacit-mpc/tacit/circuit"

// A Word is a number of wires, most significant bit first.
type Word []circuit.Wire

// Const returns the n low bits of v.
func Const(b *circuit.Builder, v uint64, n int) Word {
	w := make(Word, n)
	for i := range w {
		w[i] = b.Zero()
		if k := n - 1 - i; k < 64 && v>>k&1 == 1 {
			w[i] = b.One()
		}
	}
	return w
}

// Fill returns n copies of a bit.
func Fill(x circuit.Wire, n int) Word {
	w := make(Word, n)
	for i := range w {
		w[i] = x
	}
	return w
}

// Value returns the number that a word of at most 64 bits is, if all its bits are constant.
func Value(b *circuit.Builder, x Word) (uint64, bool) {
	v := uint64(0)
	for _, w := range x {
		switch w {
		case b.Zero():
			v <<= 1
		case b.One():
			v = v<<1 | 1
		default:
			return 0, false
		}
	}
	return v, true
}

func isConst(b *circuit.Builder, w circuit.Wire) bool { return w == b.Zero() || w == b.One() }

// Resize truncates x to n bits or extends it, with its sign if signed.
func Resize(b *circuit.Builder, x Word, n int, signed bool) Word {
	if n <= len(x) {
		return x[len(x)-n:]
	}
	top := b.Zero()
	if signed && len(x) > 0 {
		top = x[0]
	}
	return append(Fill(top, n-len(x)), x...)
}

// Not complements every bit.
func Not(b *circuit.Builder, x Word) Word {
	z := make(Word, len(x))
	for i := range z {
		z[i] = b.Not(x[i])
	}
	return z
}

// Xor is bitwise.
func Xor(b *circuit.Builder, x, y Word) Word {
	z := make(Word, len(x))
	for i := range z {
		z[i] = b.Xor(x[i], y[i])
	}
	return z
}

// And is bitwise.
func And(b *circuit.Builder, x, y Word) Word {
	z := make(Word, len(x))
	for i := range z {
		z[i] = b.And(x[i], y[i])
	}
	return z
}

// Or is bitwise.
func Or(b *circuit.Builder, x, y Word) Word {
	z := make(Word, len(x))
	for i := range z {
		z[i] = b.Or(x[i], y[i])
	}
	return z
}

// Mask returns x if s is 1, else zeros.
func Mask(b *circuit.Builder, s circuit.Wire, x Word) Word {
	z := make(Word, len(x))
	for i := range z {
		z[i] = b.And(s, x[i])
	}
	return z
}

// Mux returns t if s is 1, else f: one AND for each bit in which they differ.
func Mux(b *circuit.Builder, s circuit.Wire, t, f Word) Word {
	z := make(Word, len(t))
	for i := range z {
		z[i] = b.Mux(s, t[i], f[i])
	}
	return z
}

// Any is the OR of all bits. The tree pairs neighbours, so that words with equal parts share gates.
func Any(b *circuit.Builder, x Word) circuit.Wire {
	switch len(x) {
	case 0:
		return b.Zero()
	case 1:
		return x[0]
	}
	half := len(x) / 2
	return b.Or(Any(b, x[:half]), Any(b, x[half:]))
}

func equal(x, y Word) bool {
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}
