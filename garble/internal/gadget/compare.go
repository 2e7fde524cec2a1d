package gadget

import "github.com/tacit-mpc/tacit/circuit"

// Less returns x < y: one AND a bit.
func Less(b *circuit.Builder, x, y Word, signed bool) circuit.Wire {
	borrow := b.Zero()
	for i := len(x) - 1; i >= 0; i-- {
		u, v := b.Not(x[i]), y[i]
		if i == 0 && signed {
			u, v = b.Not(u), b.Not(v)
		}
		borrow = majority(b, u, v, borrow)
	}
	return borrow
}

// Equal returns x == y: n-1 ANDs.
func Equal(b *circuit.Builder, x, y Word) circuit.Wire { return b.Not(Any(b, Xor(b, x, y))) }
