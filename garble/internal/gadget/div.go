package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// DivRem returns x / y rounded towards zero and x % y with the sign of x, whether y is zero, and whether the quotient
// overflows (the minimum divided by -1).
func DivRem(b *circuit.Builder, x, y Word, signed bool) (quo, rem Word, zero, overflow circuit.Wire) {
	if u, ok := Value(b, x); ok {
		if v, ok := Value(b, y); ok {
			return divValues(b, u, v, len(x), signed)
		}
	}
	if !signed {
		quo, rem, zero = divide(b, x, y)
		return quo, rem, zero, b.Zero()
	}
	if k, ok := Value(b, y); ok {
		if quo, rem, overflow, ok = divPower(b, x, k); ok {
			return quo, rem, b.Zero(), overflow
		}
	}
	sx, sy := x[0], y[0]
	quo, rem, zero = divide(b, NegateIf(b, sx, x), NegateIf(b, sy, y))
	sign := b.Xor(sx, sy)
	overflow = b.And(quo[0], b.Not(sign))
	return NegateIf(b, sign, quo), NegateIf(b, sx, rem), zero, overflow
}

// divPower is the signed DivRem by a constant k that is a power of two or minus one.
func divPower(b *circuit.Builder, x Word, k uint64) (quo, rem Word, overflow circuit.Wire, ok bool) {
	n := len(x)
	negative := k>>(n-1) == 1
	if negative {
		k = -k & (1<<n - 1)
	}
	if k&(k-1) != 0 || k == 0 {
		return nil, nil, 0, false
	}
	t := bits.TrailingZeros64(k)
	low := x[n-t:]
	// round towards zero: add 2^t-1 if x is negative
	sum := plus(b, x, Resize(b, Fill(x[0], t), n, false))
	quo = Resize(b, sum[:n-t], n, true)
	rem = append(Fill(b.And(x[0], Any(b, low)), n-t), low...)
	overflow = b.Zero()
	if negative {
		quo, overflow = Neg(b, quo)
		if t > 0 {
			overflow = b.Zero()
		}
	}
	return quo, rem, overflow, true
}

// divide is the unsigned division, one row for each bit of x. The first rows restore: they compare the remainder so far with
// y and subtract, which is cheap while the remainder is short (2i ANDs for i bits). The others do not: they add or subtract
// y according to the sign of the remainder so far, one AND for each bit of y.
func divide(b *circuit.Builder, x, y Word) (quo, rem Word, zero circuit.Wire) {
	n := len(x)
	if y[n-1] == b.Zero() && n > 1 {
		if trim(b, y)[0] == b.Zero() {
			return Fill(b.Zero(), n), x, b.One()
		}
		quo, rem, zero = divide(b, x[:n-1], y[:n-1])
		return append(Word{b.Zero()}, quo...), append(rem, x[n-1]), zero
	}
	y = trim(b, y)
	w := len(y)
	above := make(Word, w+1) // above[i] is whether y has a one at place i or higher
	above[w] = b.Zero()
	for i := w - 1; i >= 0; i-- {
		above[i] = b.Or(above[i+1], y[w-1-i])
	}
	zero = b.Not(above[0])

	quo = Fill(b.Zero(), n)
	rem = Word{}
	row := n - len(trim(b, x))
	for ; row < n; row++ {
		t := append(rem[:len(rem):len(rem)], x[row])
		k := len(t)
		if k < w && above[k] == b.One() {
			rem = t
			continue
		}
		if 2*k+1 > w {
			break
		}
		diff, fits, _ := addCarry(b, t, Not(b, y[w-k:]), b.One())
		quo[row] = b.And(fits, b.Not(above[k]))
		rem = Mux(b, quo[row], diff, t)
	}
	if row < n {
		rem = divideSigned(b, rem, x[row:], y, quo[row:])
	}
	return quo, Resize(b, rem, n, false), zero
}

// divideSigned does the rows of divide that do not restore, from a remainder below y, and sets the bits of the quotient.
func divideSigned(b *circuit.Builder, rem, x, y, quo Word) Word {
	w := len(y) + 1
	wide := Resize(b, y, w, false)
	rem = Resize(b, rem, w, false)
	for i := range x {
		sub := b.Not(rem[0])
		rem, _, _ = addCarry(b, append(rem[1:w:w], x[i]), Xor(b, wide, Fill(sub, w)), sub)
		quo[i] = b.Not(rem[0])
	}
	return plus(b, rem[1:], Mask(b, rem[0], y))
}
