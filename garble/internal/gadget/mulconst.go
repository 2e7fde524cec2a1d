package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// A digit is a term sign * 2^place of a number.
type digit struct {
	place    int
	negative bool
}

// mulConst is Mul by the n-bit constant k: the product modulo 2^(n+1) as a sum of shifted x, one addition for each further
// digit, and the OR of the bits of x that certainly overflow.
func mulConst(b *circuit.Builder, x Word, k uint64, signed bool) (prod Word, overflow circuit.Wire) {
	n := len(x)
	negative := signed && k>>(n-1) == 1
	digits := recode(k, n, negative)
	xx := Resize(b, x, n+1, signed)
	prod = sumOfShifts(b, xx, digits)

	top, places := x, k // the bits of x above which the leading one of k overflows
	if signed {
		_, top = magnitude(b, x)
		if negative {
			places = ^k & (1<<n - 1)
		}
	}
	overflow = b.Zero()
	if p := bits.Len64(places) - 1; p > 0 {
		overflow = Any(b, top[:p])
	}
	if len(digits) > 1 || negative { // else the product is a shift, which the bits above decide
		wrong := prod[0]
		if signed {
			wrong = b.Xor(wrong, prod[1])
		}
		overflow = b.Or(overflow, wrong)
	}
	return prod[1:], overflow
}

// recode writes k, less 2^n if negative, as the sum of digits, lowest first, whose additions take the fewest ANDs: the bits of
// k or its non-adjacent form.
func recode(k uint64, n int, negative bool) []digit {
	var plain, signed []digit
	for i := range n {
		if k>>i&1 == 1 {
			plain = append(plain, digit{i, negative && i == n-1})
		}
	}
	carry := uint64(0)
	for i := range n + 1 {
		top := uint64(0) // bits above n-1
		if negative {
			top = 1
		}
		bit := func(i int) uint64 {
			if i >= n {
				return top
			}
			return k >> i & 1
		}
		switch d := bit(i) + carry; {
		case d == 1 && bit(i+1) == 1:
			signed = append(signed, digit{i, true})
			carry = 1
		case d == 1:
			signed = append(signed, digit{i, false})
			carry = 0
		default:
			carry = d / 2
		}
	}
	if shiftCost(signed, n) < shiftCost(plain, n) {
		return signed
	}
	return plain
}

// shiftCost is the number of ANDs of sumOfShifts in n+1 bits.
func shiftCost(digits []digit, n int) int {
	cost := 0
	first := start(digits)
	for i, d := range digits {
		if i != first {
			cost += max(0, n-d.place)
		}
	}
	return cost
}

// start is the digit that sumOfShifts takes for free: the lowest positive one, or -1.
func start(digits []digit) int {
	for i, d := range digits {
		if !d.negative {
			return i
		}
	}
	return -1
}

// sumOfShifts adds or subtracts x << place for each digit, modulo 2^len(x).
func sumOfShifts(b *circuit.Builder, x Word, digits []digit) Word {
	n := len(x)
	acc := Fill(b.Zero(), n)
	first := start(digits)
	if first >= 0 {
		k := min(n, digits[first].place)
		acc = append(x[k:n:n], acc[:k]...)
	}
	for i, d := range digits {
		if i == first || d.place >= n {
			continue
		}
		head := acc[:n-d.place]
		op := plus
		if d.negative {
			op = minus
		}
		acc = append(op(b, head, x[d.place:]), acc[n-d.place:]...)
	}
	return acc
}
