package mpc

import (
	"encoding/binary"
	"fmt"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// version is the protocol string.
const version = "ag1"

// configDigest is cfg of protocol 6: a digest of everything public that the parties must agree on.
func (p *plan) configDigest(job *Job) [hashSize]byte {
	c := p.circuitDigest()
	parties := block.RO("parties", job.Identities...)
	return block.RO("config", []byte(p.paramString()), []byte{byte(p.n)}, []byte{byte(p.evaluator)}, c[:], parties[:], job.Context)
}

func (p *plan) paramString() string {
	dealer, order := 0, "stream"
	if p.dealer {
		dealer = 1
	}
	if p.two {
		order = "two"
	}
	return fmt.Sprintf("%s;rho=%d;k=%d;B=%d;L=%d;chunks=%d;dealer=%d;order=%s",
		version, p.rho, p.k, p.buckets, p.size, len(p.chunks), dealer, order)
}

// circuitDigest is RO("circuit", ser), where ser is the circuit and the output lists in the form of protocol 6.
func (p *plan) circuitDigest() [hashSize]byte {
	c := p.circ
	size := uint64(8 + 8 + 9*c.NumInputs() + 8)
	for i := range c.NumGates() {
		size += 1 + 8*uint64(operands(c.Gate(i).Op)) + 8
	}
	for _, list := range p.outputs {
		size += 8 + 8*uint64(len(list))
	}
	o := block.NewOracle("circuit")
	o.Begin(size)
	buf := make([]byte, 0, 4096)
	put := func(v uint64) {
		if len(buf)+9 > cap(buf) {
			o.Write(buf)
			buf = buf[:0]
		}
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	put(uint64(c.NumWires()))
	put(uint64(c.NumInputs()))
	w := uint64(0)
	for owner, width := range c.Inputs() {
		for range width {
			put(w)
			buf = append(buf, byte(owner))
			w++
		}
	}
	put(uint64(c.NumGates()))
	for i := range c.NumGates() {
		g := c.Gate(i)
		if len(buf)+25 > cap(buf) {
			o.Write(buf)
			buf = buf[:0]
		}
		buf = append(buf, byte(g.Op))
		switch operands(g.Op) {
		case 2:
			put(uint64(g.A))
			put(uint64(g.B))
		case 1:
			put(uint64(g.A))
		}
		put(w)
		w++
	}
	for _, list := range p.outputs {
		put(uint64(len(list)))
		for _, out := range list {
			put(uint64(out))
		}
	}
	o.Write(buf)
	return o.Sum()
}

// operands is the number of input wires of a gate.
func operands(op circuit.Op) int {
	switch op {
	case circuit.Xor, circuit.And:
		return 2
	case circuit.Not:
		return 1
	}
	return 0
}
