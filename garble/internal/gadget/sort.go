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

// An Exchange makes sure that the row at place i is not greater than that at j, by swapping them if it is. Equal rows stay.
type Exchange func(i, j int)

// OddEvenMerge sorts the rows at the places in x and y, each of which ascend, by the network of Batcher for any two lengths, and
// returns the places in the order of the rows (Knuth, The Art of Computer Programming, section 5.3.4).
func OddEvenMerge(x, y []int, exchange Exchange) []int {
	switch {
	case len(x) == 0:
		return y
	case len(y) == 0:
		return x
	case len(x) == 1 && len(y) == 1:
		exchange(x[0], y[0])
		return []int{x[0], y[0]}
	}
	odd := OddEvenMerge(everySecond(x), everySecond(y), exchange)
	even := OddEvenMerge(everySecond(x[1:]), everySecond(y[1:]), exchange)
	merged := odd[:1:1]
	for i := range max(len(odd)-1, len(even)) {
		switch {
		case i >= len(even):
			merged = append(merged, odd[i+1])
		case i+1 >= len(odd):
			merged = append(merged, even[i])
		default:
			exchange(even[i], odd[i+1])
			merged = append(merged, even[i], odd[i+1])
		}
	}
	return merged
}

func everySecond(x []int) []int {
	var z []int
	for i := 0; i < len(x); i += 2 {
		z = append(z, x[i])
	}
	return z
}

// bitonicMerge sorts the rows from first to end, which first ascend and then descend (spec section 10).
func bitonicMerge(first, end int, descending bool, exchange Exchange) {
	k := end - first
	if k < 2 {
		return
	}
	half := 1 << (bits.Len(uint(k-1)) - 1) // the largest power of two below k
	for i := first; i+half < end; i++ {
		if descending {
			exchange(i+half, i)
		} else {
			exchange(i, i+half)
		}
	}
	bitonicMerge(first, first+half, descending, exchange)
	bitonicMerge(first+half, end, descending, exchange)
}

// BitonicSort sorts the rows from first to end.
func BitonicSort(first, end int, descending bool, exchange Exchange) {
	k := end - first
	if k < 2 {
		return
	}
	BitonicSort(first, first+k/2, !descending, exchange)
	BitonicSort(first+k/2, end, descending, exchange)
	bitonicMerge(first, end, descending, exchange)
}
