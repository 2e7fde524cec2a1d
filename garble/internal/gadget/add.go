package gadget

import "github.com/tacit-mpc/tacit/circuit"

// majority is the carry of a full adder: one AND.
func majority(b *circuit.Builder, x, y, c circuit.Wire) circuit.Wire {
	switch {
	case isConst(b, y):
		x, y = y, x
	case isConst(b, c):
		x, c = c, x
	}
	return b.Xor(x, b.And(b.Xor(x, y), b.Xor(x, c)))
}

// FullAdd returns the sum of three bits: one AND.
func FullAdd(b *circuit.Builder, x, y, c circuit.Wire) (sum, carry circuit.Wire) {
	return b.Xor(b.Xor(x, y), c), majority(b, x, y, c)
}

// addCarry returns x + y + c and the carries out of the two highest places: one AND a bit.
func addCarry(b *circuit.Builder, x, y Word, c circuit.Wire) (sum Word, out, top circuit.Wire) {
	sum = make(Word, len(x))
	for i := len(x) - 1; i >= 0; i-- {
		top = c
		sum[i], c = FullAdd(b, x[i], y[i], c)
	}
	return sum, c, top
}

// Add returns x + y and whether it overflows.
func Add(b *circuit.Builder, x, y Word, signed bool) (sum Word, overflow circuit.Wire) {
	sum, out, top := addCarry(b, x, y, b.Zero())
	if signed {
		return sum, b.Xor(out, top)
	}
	return sum, out
}

// Sub returns x - y and whether it overflows.
func Sub(b *circuit.Builder, x, y Word, signed bool) (diff Word, overflow circuit.Wire) {
	diff, out, top := addCarry(b, x, Not(b, y), b.One())
	if signed {
		return diff, b.Xor(out, top)
	}
	return diff, b.Not(out)
}

// plus is x + y modulo 2^n: n-1 ANDs.
func plus(b *circuit.Builder, x, y Word) Word {
	sum, _, _ := addCarry(b, x, y, b.Zero())
	return sum
}

// minus is x - y modulo 2^n.
func minus(b *circuit.Builder, x, y Word) Word {
	diff, _, _ := addCarry(b, x, Not(b, y), b.One())
	return diff
}

// Neg returns -x for signed x and whether it overflows, which only the minimum does: n-1 ANDs.
func Neg(b *circuit.Builder, x Word) (neg Word, overflow circuit.Wire) {
	return Sub(b, Const(b, 0, len(x)), x, true)
}

// NegateIf returns -x if s is 1, else x, modulo 2^n: n-1 ANDs.
func NegateIf(b *circuit.Builder, s circuit.Wire, x Word) Word {
	z := make(Word, len(x))
	c := s
	for i := len(x) - 1; i >= 0; i-- {
		t := b.Xor(x[i], s)
		z[i] = b.Xor(t, c)
		c = b.And(t, c)
	}
	return z
}
