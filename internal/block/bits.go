package block

import "errors"

// Bits is a packed bit vector: bit i is bit i%8 of byte i/8 (protocol 3). Its
// length in bits is known from the context.
type Bits []byte

// BitsLen returns the packed length of n bits, in bytes.
func BitsLen(n int) int { return (n + 7) / 8 }

// NewBits returns n zero bits.
func NewBits(n int) Bits { return make(Bits, BitsLen(n)) }

var errPadding = errors.New("non-zero padding bits")

// ParseBits checks that p is a packed vector of exactly n bits with zero padding
// and returns it (not a copy).
func ParseBits(p []byte, n int) (Bits, error) {
	if len(p) != BitsLen(n) {
		return nil, errLength
	}
	if n%8 != 0 && p[len(p)-1]>>(n%8) != 0 {
		return nil, errPadding
	}
	return p, nil
}

// Get returns bit i, as 0 or 1. The index is public.
func (b Bits) Get(i int) uint64 { return uint64(b[i>>3]>>(i&7)) & 1 }

// Set makes bit i the lowest bit of v, without branching on it.
func (b Bits) Set(i int, v uint64) {
	s := i & 7
	b[i>>3] = b[i>>3]&^(1<<s) | byte(v&1)<<s
}

// Flip XORs the lowest bit of v onto bit i.
func (b Bits) Flip(i int, v uint64) { b[i>>3] ^= byte(v&1) << (i & 7) }

// Slice copies bits from..from+n-1 into a new vector with zero padding.
func (b Bits) Slice(from, n int) Bits {
	out := NewBits(n)
	s := uint(from & 7)
	src := b[from>>3:]
	for i := range out {
		v := uint(src[i]) >> s
		if i+1 < len(src) {
			v |= uint(src[i+1]) << (8 - s)
		}
		out[i] = byte(v)
	}
	if n%8 != 0 {
		out[len(out)-1] &= 1<<(n%8) - 1
	}
	return out
}
