package circuit

import (
	"crypto/sha256"
	"encoding/binary"
)

// Digest identifies the circuit: circuits have the same digest if and only if their inputs, gates and outputs are the same
// (but for collisions of SHA-256). It will not change between versions. It is the SHA-256 of
//
//	"tacit circuit 1\n"
//	LE64(number of parties), for each party LE64(input bits)
//	LE64(number of gates), for each gate: one byte Op, LE32(A) and LE32(B) as far as the Op uses them
//	LE64(number of outputs), for each output LE32(wire)
func (c *Circuit) Digest() [32]byte {
	h := sha256.New()
	buf := []byte("tacit circuit 1\n")
	buf = binary.LittleEndian.AppendUint64(buf, uint64(len(c.inputs)))
	for _, n := range c.inputs {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(n))
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(c.NumGates()))
	for i := range c.NumGates() {
		g := c.Gate(i)
		buf = append(buf, byte(g.Op))
		if g.Op.operands() > 0 {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(g.A))
		}
		if g.Op.operands() > 1 {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(g.B))
		}
		if len(buf) > 1<<15 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(len(c.outputs)))
	for _, w := range c.outputs {
		buf = binary.LittleEndian.AppendUint32(buf, uint32(w))
	}
	h.Write(buf)
	return [32]byte(h.Sum(nil))
}
