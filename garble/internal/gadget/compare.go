package gadget

import "github.com/tacit-mpc/tacit/circuit"

// Less returns x < y: one AND a bit. It is the very wire that tells whether x - y is negative, so that a comparison and the
// difference that it guards share their gates.
func Less(b *circuit.Builder, x, y Word, signed bool) circuit.Wire {
	y = Not(b, y)
	n := len(x)
	if !signed {
		_, out, _ := addCarry(b, x, y, b.One())
		return b.Not(out)
	}
	// the sign of the difference in n+1 bits
	_, c, _ := addCarry(b, x[1:n], y[1:n], b.One())
	return b.Xor(b.Xor(x[0], y[0]), majority(b, x[0], y[0], c))
}

// Equal returns x == y: n-1 ANDs.
func Equal(b *circuit.Builder, x, y Word) circuit.Wire { return b.Not(Any(b, Xor(b, x, y))) }
