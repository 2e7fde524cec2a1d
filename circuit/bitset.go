package circuit

import "math/bits"

// A bitset is a growing set of small numbers.
type bitset []uint64

func (s bitset) has(i int) bool { return i>>6 < len(s) && s[i>>6]>>(i&63)&1 != 0 }

func (s *bitset) set(i int) {
	for i>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i>>6] |= 1 << (i & 63)
}

// reserve makes room for numbers below n.
func (s *bitset) reserve(n int) {
	if k := (n + 63) / 64; k > len(*s) {
		*s = append(*s, make([]uint64, k-len(*s))...)
	}
}

// A ranked bitset counts its members below a number.
type ranked struct {
	bitset
	before []uint32 // members before each word
}

// count must be called after the last set and before rank.
func (s *ranked) count() {
	n := uint32(0)
	for _, w := range s.bitset {
		s.before = append(s.before, n)
		n += uint32(bits.OnesCount64(w))
	}
	s.before = append(s.before, n)
}

// size is the number of members.
func (s *ranked) size() int { return int(s.before[len(s.bitset)]) }

// rank is the number of members below i.
func (s *ranked) rank(i int) int {
	w := i >> 6
	if w >= len(s.bitset) {
		return s.size()
	}
	return int(s.before[w]) + bits.OnesCount64(s.bitset[w]&(1<<(i&63)-1))
}
