package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// The product and the quotient of two constants are computed at once: folding their circuits takes thousands of steps, and
// loops are full of them.

func bit(b *circuit.Builder, x bool) circuit.Wire {
	if x {
		return b.One()
	}
	return b.Zero()
}

// signedValue is the number that n bits mean as two's complement.
func signedValue(v uint64, n int) int64 { return int64(v<<(64-n)) >> (64 - n) }

// mulValues is Mul for n-bit constants.
func mulValues(b *circuit.Builder, x, y uint64, n int, signed bool) (prod Word, overflow circuit.Wire) {
	high, low := bits.Mul64(x, y)
	if !signed {
		return Const(b, low, n), bit(b, high != 0 || n < 64 && low>>n != 0)
	}
	u, v := signedValue(x, n), signedValue(y, n)
	negative := u < 0 != (v < 0)
	high, low = bits.Mul64(absolute(u), absolute(v))
	limit := uint64(1) << (n - 1)
	wrong := high != 0 || low > limit || low == limit && !negative
	if negative {
		low = -low
	}
	return Const(b, low, n), bit(b, wrong)
}

func absolute(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// divValues is DivRem for n-bit constants.
func divValues(b *circuit.Builder, x, y uint64, n int, signed bool) (quo, rem Word, zero, overflow circuit.Wire) {
	u, v := signedValue(x, n), signedValue(y, n)
	switch {
	case y == 0:
		return Const(b, 0, n), Const(b, 0, n), b.One(), b.Zero()
	case !signed:
		return Const(b, x/y, n), Const(b, x%y, n), b.Zero(), b.Zero()
	case v == -1:
		return Const(b, -x, n), Const(b, 0, n), b.Zero(), bit(b, x == 1<<(n-1))
	}
	return Const(b, uint64(u/v), n), Const(b, uint64(u%v), n), b.Zero(), b.Zero()
}
