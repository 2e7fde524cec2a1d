// Package block holds what the oblivious transfers and the protocol engine
// share: 128-bit blocks, the random oracle, the seeded generator, the tweakable
// correlation hash, GF(2^128) and bit matrices, exactly as protocol sections 3
// and 4 lay them out.
//
// Everything that touches secret blocks runs in constant time: secret bits
// become masks, never branches or indices. Only lengths, positions and the
// challenge of a universal hash, all public, steer the code. AES is the standard
// library's, which is constant time wherever the processor has AES instructions.
//
// The functions over slices (Hash, Hash2, Expander.XOR, PHKey.Update,
// Transpose)
// are the hot ones; an assembly kernel may replace each behind its signature.
package block

import (
	"encoding/binary"
	"errors"
)

// Size is the length of a block on the wire, in bytes.
const Size = 16

// Block is 128 bits. Bit t is bit t of Lo for t < 64 and bit t-64 of Hi
// otherwise; on the wire it is LE64(Lo) || LE64(Hi) (protocol 3). A Block is
// usually secret: compare it with Equal, and never print it.
type Block struct{ Lo, Hi uint64 }

// Mask returns all ones if the lowest bit of bit is 1, and zero if it is 0.
func Mask(bit uint64) uint64 { return -(bit & 1) }

// Xor returns a ^ b.
func (a Block) Xor(b Block) Block { return Block{a.Lo ^ b.Lo, a.Hi ^ b.Hi} }

// And returns a with both words masked by mask (see Mask).
func (a Block) And(mask uint64) Block { return Block{a.Lo & mask, a.Hi & mask} }

// LSB returns bit 0 of a, as 0 or 1.
func (a Block) LSB() uint64 { return a.Lo & 1 }

// Bit returns bit t of a, as 0 or 1. The position t, 0 <= t < 128, is public.
func (a Block) Bit(t int) uint64 {
	if t < 64 {
		return a.Lo >> (t & 63) & 1
	}
	return a.Hi >> (t & 63) & 1
}

// Equal reports in constant time whether a and b are the same block.
func (a Block) Equal(b Block) bool { return (a.Lo^b.Lo)|(a.Hi^b.Hi) == 0 }

// IsZero reports in constant time whether a is the zero block.
func (a Block) IsZero() bool { return a.Lo|a.Hi == 0 }

// Bytes returns the wire form of a.
func (a Block) Bytes() (p [Size]byte) {
	a.Put(p[:])
	return p
}

// Put writes the wire form of a to the first 16 bytes of p.
func (a Block) Put(p []byte) {
	_ = p[15]
	binary.LittleEndian.PutUint64(p, a.Lo)
	binary.LittleEndian.PutUint64(p[8:], a.Hi)
}

// Load reads a block from the first 16 bytes of p.
func Load(p []byte) Block {
	_ = p[15]
	return Block{binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])}
}

// Append appends the wire forms of v to p.
func Append(p []byte, v ...Block) []byte {
	for _, a := range v {
		p = binary.LittleEndian.AppendUint64(p, a.Lo)
		p = binary.LittleEndian.AppendUint64(p, a.Hi)
	}
	return p
}

// errLength is returned for an encoding of another length than announced.
var errLength = errors.New("wrong length")

// Parse reads exactly len(dst) blocks from p. It fails if p is shorter or longer.
func Parse(dst []Block, p []byte) error {
	if len(p)%Size != 0 || len(p)/Size != len(dst) {
		return errLength
	}
	for i := range dst {
		dst[i] = Load(p[Size*i:])
	}
	return nil
}

// XorInto sets dst[i] ^= src[i]. The slices have the same length.
func XorInto(dst, src []Block) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i].Lo ^= src[i].Lo
		dst[i].Hi ^= src[i].Hi
	}
}

// MulAdd sets dst[i] ^= bit i of sel times delta, without branching on sel.
func MulAdd(dst []Block, sel Bits, delta Block) {
	for i := range dst {
		m := Mask(sel.Get(i))
		dst[i].Lo ^= delta.Lo & m
		dst[i].Hi ^= delta.Hi & m
	}
}

// shl1 returns a * X in GF(2^128).
func (a Block) shl1() Block {
	return Block{a.Lo<<1 ^ Mask(a.Hi>>63)&0x87, a.Hi<<1 | a.Lo>>63}
}
