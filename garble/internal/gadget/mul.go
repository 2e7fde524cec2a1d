package gadget

import "github.com/tacit-mpc/tacit/circuit"

// Mul returns x * y and whether it overflows. Computing the n low bits takes about n*n ANDs (half as many if x and y are the
// same); deciding the overflow exactly takes 2n more, since the high half of the product is never made (after Schulte,
// Balzola, Akkas and Brocato, "Integer Multiplication with Overflow Detection or Saturation", 2000):
//
// Let p and q be the places of the leading ones of x and y, of the complement for a negative number. If p+q is large the
// product certainly overflows; bigProduct finds that out. Otherwise the product fits n+1 bits, and bit n decides.
func Mul(b *circuit.Builder, x, y Word, signed bool) (prod Word, overflow circuit.Wire) {
	if k, ok := Value(b, y); ok {
		if v, ok := Value(b, x); ok {
			return mulValues(b, v, k, len(x), signed)
		}
		return mulConst(b, x, k, signed)
	}
	if k, ok := Value(b, x); ok {
		return mulConst(b, y, k, signed)
	}
	n := len(x)
	square := equal(x, y)
	if signed {
		s, t := signedWidth(x), signedWidth(y)
		if !square && 2*s*t+s+t-n < min(s*t, n*(n+1)/2)+n*(n-1)/2+2*n {
			return mulNarrow(b, x, y, s, t)
		}
	}
	if square {
		return mulSquare(b, x, signed)
	}
	prod, carry := mulLow(b, x, y)
	if !signed {
		return prod, b.Or(carry, bigProduct(b, x, y, n))
	}
	// Column n of the sign-extended product, if no pair of bits of x1 and y1 multiplies to a place above n-2: each x[i]&y[n-i]
	// is (x1[i]^sx) & (y1[n-i]^sy), of which x1[i]&y1[n-i] is 0.
	sx, x1 := magnitude(b, x)
	sy, y1 := magnitude(b, y)
	column := b.Xor(b.And(sx, parity(b, y1)), b.And(sy, parity(b, x1)))
	if n%2 == 0 {
		column = b.Xor(column, b.And(sx, sy))
	}
	wrong := b.Xor(b.Xor(carry, column), prod[0])
	return prod, b.Or(wrong, bigProduct(b, x1, y1, n-1))
}

// bigProduct reports whether a one in x and a one in y have places that add up to at least n: one AND a bit of each.
func bigProduct(b *circuit.Builder, x, y Word, n int) circuit.Wire {
	big := b.Zero()
	any := b.Zero() // one of the bits of y whose place reaches n together with place i of x
	j := len(y)
	for i := 0; i < len(x); i++ {
		for j > 0 && i+j-1 >= n {
			j--
			any = b.Or(any, y[len(y)-1-j])
		}
		big = b.Mux(x[len(x)-1-i], any, big)
	}
	return big
}

// magnitude returns the sign of x and x without it, complemented if it is negative.
func magnitude(b *circuit.Builder, x Word) (sign circuit.Wire, mag Word) {
	return x[0], Xor(b, x[1:], Fill(x[0], len(x)-1))
}

func parity(b *circuit.Builder, x Word) circuit.Wire {
	p := b.Zero()
	for _, w := range x {
		p = b.Xor(p, w)
	}
	return p
}

// mulLow returns the n low bits of x * y and, modulo 2, what the columns below n carry into column n.
func mulLow(b *circuit.Builder, x, y Word) (prod Word, carry circuit.Wire) {
	n := len(x)
	x, y = trim(b, x), trim(b, y)
	switch {
	case len(x)+len(y) <= n:
		return Resize(b, mulFull(b, x, y), n, false), b.Zero()
	case len(x) == n && len(y) == n && n >= 32:
		// (xh<<h + xl) * (yh<<h + yl), where xh*yh is out of range
		h := n / 2
		low := mulFull(b, x[h:], y[h:])
		m1, c1 := mulLow(b, x[:h], y[h:])
		m2, c2 := mulLow(b, x[h:], y[:h])
		high, c3, _ := addCarry(b, low[:h], m1, b.Zero())
		high, c4, _ := addCarry(b, high, m2, b.Zero())
		return append(high, low[h:]...), b.Xor(b.Xor(c1, c2), b.Xor(c3, c4))
	}
	x, y = Resize(b, x, n, false), Resize(b, y, n, false)
	prod = Mask(b, y[n-1], x)
	carry = b.Zero()
	for j := 1; j < n; j++ {
		if y[n-1-j] == b.Zero() {
			continue
		}
		sum, c, _ := addCarry(b, prod[:n-j], Mask(b, y[n-1-j], x[j:]), b.Zero())
		prod = append(sum, prod[n-j:]...)
		carry = b.Xor(carry, c)
	}
	return prod, carry
}

// trim drops leading constant zeros, but leaves a bit.
func trim(b *circuit.Builder, x Word) Word {
	for len(x) > 1 && x[0] == b.Zero() {
		x = x[1:]
	}
	return x
}

// mulSquare is Mul for x = y: each product of two different bits counts twice, so it is made once.
func mulSquare(b *circuit.Builder, x Word, signed bool) (prod Word, overflow circuit.Wire) {
	n := len(x)
	prod = Fill(b.Zero(), n)
	carry := b.Zero()
	for i := 0; 2*i < n; i++ {
		xi := x[n-1-i]
		row := Fill(b.Zero(), n-2*i) // from place 2i up
		row[len(row)-1] = xi
		for j := i + 1; i+j+1 < n; j++ {
			row[n-1-(i+j+1)] = b.And(xi, x[n-1-j])
		}
		sum, c, _ := addCarry(b, prod[:n-2*i], row, b.Zero())
		prod = append(sum, prod[n-2*i:]...)
		carry = b.Xor(carry, c)
	}
	if !signed {
		return prod, Any(b, x[:n/2])
	}
	s, x1 := magnitude(b, x)
	// As in Mul: column n has x[n/2] and the products of x[i], x[n-1-i]; of each of those pairs, one is the sign.
	column := parity(b, x1)
	if n/2%2 == 1 {
		column = b.Not(column)
	}
	column = b.Xor(b.And(s, column), x[n-1-n/2])
	wrong := b.Xor(b.Xor(carry, column), prod[0])
	return prod, b.Or(wrong, Any(b, x1[:n/2-1]))
}

// signedWidth is the number of bits without the copies of the sign above them.
func signedWidth(x Word) int {
	i := 0
	for i+1 < len(x) && x[i+1] == x[0] {
		i++
	}
	return len(x) - i
}

// mulNarrow is the signed Mul for x of s and y of t significant bits, by the whole product of s+t bits.
func mulNarrow(b *circuit.Builder, x, y Word, s, t int) (prod Word, overflow circuit.Wire) {
	n := len(x)
	prod = mulSigned(b, x[n-s:], y[n-t:])
	if s+t <= n {
		return Resize(b, prod, n, true), b.Zero()
	}
	high := prod[:s+t-n]
	return prod[s+t-n:], Any(b, Xor(b, high, Fill(prod[s+t-n], len(high))))
}
