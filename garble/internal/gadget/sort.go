package gadget

import (
	"math/bits"

	"github.com/tacit-mpc/tacit/circuit"
)

// Swap exchanges x and y in place if s is 1: one AND a bit for both.
func Swap(b *circuit.Builder, s circuit.Wire, x, y Word) {
	for i := range x {
		d := b.And(s, b.Xor(x[i], y[i]))
		x[i], y[i] = b.Xor(x[i], d), b.Xor(y[i], d)
	}
}

// An Exchange orders two rows in place: x must not be greater than y afterwards. Rows that are equal stay.
type Exchange func(x, y Word)

// BitonicMerge sorts rows that first ascend and then descend, in place (spec section 10). Comparisons of two rows call
// exchange with the row first that must become the smaller one.
func BitonicMerge(rows []Word, descending bool, exchange Exchange) {
	k := len(rows)
	if k < 2 {
		return
	}
	half := 1 << (bits.Len(uint(k-1)) - 1) // the largest power of two below k
	for i := range k - half {
		if descending {
			exchange(rows[i+half], rows[i])
		} else {
			exchange(rows[i], rows[i+half])
		}
	}
	BitonicMerge(rows[:half], descending, exchange)
	BitonicMerge(rows[half:], descending, exchange)
}

// BitonicSort sorts rows in place.
func BitonicSort(rows []Word, descending bool, exchange Exchange) {
	k := len(rows)
	if k < 2 {
		return
	}
	BitonicSort(rows[:k/2], !descending, exchange)
	BitonicSort(rows[k/2:], descending, exchange)
	BitonicMerge(rows, descending, exchange)
}
