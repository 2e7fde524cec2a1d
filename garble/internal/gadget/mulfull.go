package gadget

import "github.com/tacit-mpc/tacit/circuit"

// karatsubaMin is the width from which Karatsuba's method takes fewer ANDs; tests hold it.
const karatsubaMin = 16

// mulFull returns the unsigned product in len(x)+len(y) bits: 2*len(x)*len(y) - len(x) ANDs or fewer.
func mulFull(b *circuit.Builder, x, y Word) Word {
	if len(x) == len(y) && len(x) >= karatsubaMin && variable(b, x) && variable(b, y) {
		return karatsuba(b, x, y)
	}
	n, m := len(x), len(y)
	prod := append(Fill(b.Zero(), m), Mask(b, y[m-1], x)...)
	for j := 1; j < m; j++ {
		window := prod[m-j : m-j+n] // places j to j+n-1
		sum, c, _ := addCarry(b, window, Mask(b, y[m-1-j], x), b.Zero())
		copy(window, sum)
		prod[m-j-1] = c
	}
	return prod
}

// variable reports whether no bit is constant.
func variable(b *circuit.Builder, x Word) bool {
	for _, w := range x {
		if isConst(b, w) {
			return false
		}
	}
	return true
}

// karatsuba makes (xh*B + xl) * (yh*B + yl) from three products of half the width.
func karatsuba(b *circuit.Builder, x, y Word) Word {
	n := len(x)
	m := n / 2 // bits of the low halves
	xh, xl := x[:n-m], x[n-m:]
	yh, yl := y[:n-m], y[n-m:]
	low, high := mulFull(b, xl, yl), mulFull(b, xh, yh)
	middle := minus(b, mulFullTop(b, sum(b, xh, xl), sum(b, yh, yl)), Resize(b, low, 2*(n-m)+2, false))
	middle = minus(b, middle, Resize(b, high, len(middle), false))
	middle = middle[1:] // below 2^(2(n-m)+1)
	prod := append(append(Word{}, high...), low...)
	head := prod[:2*n-m]
	copy(head, plus(b, head, Resize(b, middle, len(head), false)))
	return prod
}

// sum returns x + y with a bit more than x, the wider one.
func sum(b *circuit.Builder, x, y Word) Word {
	s, c, _ := addCarry(b, x, Resize(b, y, len(x), false), b.Zero())
	return append(Word{c}, s...)
}

// mulFullTop is mulFull for two words of one bit more than a convenient width: the top bits are multiplied apart.
func mulFullTop(b *circuit.Builder, x, y Word) Word {
	n := len(x) - 1
	prod := append(Word{b.Zero(), b.And(x[0], y[0])}, mulFull(b, x[1:], y[1:])...)
	head := prod[:n+2]
	cross := sum(b, Mask(b, x[0], y[1:]), Mask(b, y[0], x[1:]))
	copy(head, plus(b, head, Resize(b, cross, n+2, false)))
	return prod
}

// mulSigned returns the signed product in len(x)+len(y) bits, by the method of Baugh and Wooley: products with exactly one
// sign bit count negatively, so they are complemented and the constants that this adds are taken back. A 1 at place
// len(x)-1 enters with the first row, one at len(y)-1 as carry into the last, one at the very top complements it.
func mulSigned(b *circuit.Builder, x, y Word) Word {
	n, m := len(x), len(y)
	if n == 1 || m == 1 { // a single bit is 0 or -1
		if m != 1 {
			x, y = y, x
		}
		return Resize(b, Mask(b, y[0], negateWide(b, x)), n+m, true)
	}
	row := Mask(b, y[m-1], x)
	prod := append(Fill(b.Zero(), m), row...)
	prod[m-1] = b.Not(row[0])
	for j := 1; j < m; j++ {
		row := Mask(b, y[m-1-j], x)
		carry := b.Zero()
		if j < m-1 {
			row[0] = b.Not(row[0])
		} else {
			row = append(Word{row[0]}, Not(b, row[1:])...)
			carry = b.One()
		}
		window := prod[m-j : m-j+n]
		sum, c, _ := addCarry(b, window, row, carry)
		copy(window, sum)
		prod[m-j-1] = c
	}
	prod[0] = b.Not(prod[0])
	return prod
}

// negateWide returns -x with a bit more.
func negateWide(b *circuit.Builder, x Word) Word {
	x = Resize(b, x, len(x)+1, true)
	return minus(b, Const(b, 0, len(x)), x)
}
