package lower

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// Bounds remember the largest number that a word can be, where that is less than its wires alone tell: a counter that went up
// ten times needs four bits, and cannot overflow. What is remembered of a word holds wherever its wires are met again, on every
// path and whatever panics. A bound that holds only because the operation panics otherwise (a difference, a quotient by
// something that may be 0) is not remembered: it sets leading bits of that one result to zero.
type bounds struct {
	largest map[string]uint64
	sums    map[string]sum
	diffs   map[string]diff
}

// maxBounds is the number of words after which the bounds are forgotten.
const maxBounds = 1 << 14

func newBounds() bounds { return bounds{map[string]uint64{}, map[string]sum{}, map[string]diff{}} }

// significant drops leading zeros.
func (l *lowerer) significant(w gadget.Word) gadget.Word {
	for len(w) > 0 && w[0] == l.b.Zero() {
		w = w[1:]
	}
	return w
}

// key identifies a word up to leading zeros.
func (l *lowerer) key(w gadget.Word) string {
	w = l.significant(w)
	k := make([]byte, 0, 4*len(w))
	for _, x := range w {
		k = append(k, byte(x), byte(x>>8), byte(x>>16), byte(x>>24))
	}
	return string(k)
}

// most returns the largest number that a word of at most 64 bits can be.
func (l *lowerer) most(w gadget.Word) uint64 {
	if v, ok := gadget.Value(l.b, w); ok {
		return v
	}
	if v, ok := l.bounds.largest[l.key(w)]; ok {
		return v
	}
	return 1<<len(l.significant(w)) - 1
}

// trim returns w, which does not exceed v or does not matter, with the bits that are 0 for that reason.
func (l *lowerer) trim(w gadget.Word, v uint64) gadget.Word {
	n := bits.Len64(v)
	if n >= len(w) {
		return w
	}
	return gadget.Resize(l.b, w[len(w)-n:], len(w), false)
}

// atMost is trim for a word that never exceeds v, and remembers that.
func (l *lowerer) atMost(w gadget.Word, v uint64) gadget.Word {
	w = l.trim(w, v)
	if v < l.most(w) {
		if len(l.bounds.largest) >= maxBounds {
			clear(l.bounds.largest)
		}
		l.bounds.largest[l.key(w)] = v
	}
	return w
}

// limit is the largest number of a type of n bits.
func limit(n int, signed bool) uint64 {
	if signed {
		n--
	}
	return 1<<(n-1)<<1 - 1
}

// add returns x + y and whether it overflows.
func (l *lowerer) add(x, y gadget.Word, signed bool) (gadget.Word, circuit.Wire) {
	top := limit(len(x), signed)
	v, carry := bits.Add64(l.most(x), l.most(y), 0)
	if carry != 0 || v > top || l.most(x) > top || l.most(y) > top {
		return gadget.Add(l.b, x, y, signed)
	}
	return l.sum(x, y, v), l.b.Zero()
}

// sub returns x - y and whether it overflows.
func (l *lowerer) sub(x, y gadget.Word, signed bool) (gadget.Word, circuit.Wire) {
	whole, fails := gadget.Sub(l.b, x, y, signed)
	z := whole
	if !signed {
		z = l.trim(z, l.most(x))
	}
	if len(l.bounds.diffs) >= maxBounds {
		clear(l.bounds.diffs)
	}
	l.bounds.diffs[l.key(z)] = diff{x, y, whole, gadget.Less(l.b, x, y, signed)}
	return z, fails
}

// mul returns x * y and whether it overflows.
func (l *lowerer) mul(x, y gadget.Word, signed bool) (gadget.Word, circuit.Wire) {
	z, fails := gadget.Mul(l.b, x, y, signed)
	hi, v := bits.Mul64(l.most(x), l.most(y))
	if top := limit(len(x), signed); hi != 0 || v > top || l.most(x) > top || l.most(y) > top {
		return z, fails
	}
	return l.atMost(z, v), l.b.Zero()
}

// bounded limits the results of a division of numbers that are not negative.
func (l *lowerer) bounded(quo, rem, x, y gadget.Word, signed bool) (gadget.Word, gadget.Word) {
	mx, my := l.most(x), l.most(y)
	if top := limit(len(x), signed); mx > top || my > top || my == 0 {
		return quo, rem
	}
	if k, ok := gadget.Value(l.b, y); ok {
		return l.atMost(quo, mx/k), l.atMost(rem, min(mx, k-1))
	}
	return l.trim(quo, mx), l.trim(rem, min(mx, my-1))
}
