package block

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
)

// RO is the random oracle of protocol 4.1:
// SHA-256(LE64(len(label)) || label || LE64(len(f1)) || f1 || ...).
func RO(label string, fields ...[]byte) [32]byte {
	return sha256.Sum256(frame(make([]byte, 0, 512), label, fields))
}

// RO512 is RO over SHA-512, with 64 bytes of output.
func RO512(label string, fields ...[]byte) [64]byte {
	return sha512.Sum512(frame(make([]byte, 0, 512), label, fields))
}

func frame(p []byte, label string, fields [][]byte) []byte {
	p = binary.LittleEndian.AppendUint64(p, uint64(len(label)))
	p = append(p, label...)
	for _, f := range fields {
		p = binary.LittleEndian.AppendUint64(p, uint64(len(f)))
		p = append(p, f...)
	}
	return p
}

// Oracle computes RO incrementally, for long fields. The zero value is not usable.
type Oracle struct {
	h    hash.Hash
	left uint64 // bytes still missing from the field announced by Begin
}

// NewOracle starts RO(label, fields...); more fields follow with Field or Begin.
func NewOracle(label string, fields ...[]byte) *Oracle {
	o := &Oracle{h: sha256.New()}
	o.h.Write(frame(make([]byte, 0, 256), label, fields))
	return o
}

// Field adds one whole field.
func (o *Oracle) Field(f []byte) {
	o.Begin(uint64(len(f)))
	o.Write(f)
}

// Begin announces a field of exactly n bytes, which the following calls of Write
// and Block deliver.
func (o *Oracle) Begin(n uint64) {
	if o.left != 0 {
		panic("block: random oracle field not finished")
	}
	o.left = n
	var p [8]byte
	binary.LittleEndian.PutUint64(p[:], n)
	o.h.Write(p[:])
}

// Write delivers bytes of the field announced by Begin. It never fails.
func (o *Oracle) Write(p []byte) (int, error) {
	if uint64(len(p)) > o.left {
		panic("block: random oracle field too long")
	}
	o.left -= uint64(len(p))
	return o.h.Write(p)
}

// Blocks delivers the wire forms of v, part of the field announced by Begin.
func (o *Oracle) Blocks(v []Block) {
	buf := make([]byte, 0, Size*min(len(v), 256))
	for len(v) > 0 {
		n := min(len(v), 256)
		buf = Append(buf[:0], v[:n]...)
		o.Write(buf)
		v = v[n:]
	}
	clear(buf[:cap(buf)])
}

// Sum returns the value of the oracle. All announced fields must be complete.
func (o *Oracle) Sum() (s [32]byte) {
	if o.left != 0 {
		panic("block: random oracle field not finished")
	}
	o.h.Sum(s[:0])
	return s
}

// LE32 returns v as 4 bytes, little endian: the batch field of most oracle calls.
func LE32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
