package mpc

import "github.com/tacit-mpc/tacit/internal/block"

const (
	hashSize   = 32 // digests, commitments, nonces, coin shares, commitment randomness
	openSize   = 2 * hashSize
	otElements = 128
)

// sends reports whether step st of batch t has a message from one party to another in this run.
func (p *plan) sends(st step, t uint32, from, to int) bool {
	r := &rows[st]
	if r.name == "" || from == to || r.echo && p.n == 2 || r.pre && p.dealer || int64(t) > int64(p.batches) {
		return false
	}
	switch st {
	case stepXT1, stepXT2e, stepXT2, stepXT3, stepXT4, stepXT5:
		return true
	case stepLA1, stepLA2, stepLA3, stepLA4, stepLA5, stepLA6, stepLA7, stepLA8, stepBK1, stepOP1:
		return t >= 1
	case stepGB1:
		return t >= 1 && to == p.evaluator
	case stepEV1:
		return t >= 1 && from == p.evaluator
	}
	if t != 0 {
		return false
	}
	switch st {
	case stepIN1:
		return p.inputs(to) > 0
	case stepIN4, stepOU1:
		return to == p.evaluator
	case stepOU2:
		return len(p.outputs[to]) > 0
	}
	return true
}

// length is the exact size in bytes of a message that sends reports (protocol 22).
func (p *plan) length(st step, t uint32, from, to int) int64 {
	n, nC := int64(p.n), int64(p.trees())
	switch st {
	case stepHello:
		return 2 * hashSize
	case stepOT:
		size := int64(32 + 64*otElements)
		if from < to {
			size += block.Size
		}
		return size
	case stepPPRF:
		return 32*otElements + 64*nC
	case stepXT1:
		l := p.layout(t)
		size := (nC-1)*int64(l.rows/8) + int64(hashSize*len(p.coins(t)))
		if to != p.anchor(from) {
			size += bytesFor(int64(l.shares) + int64(l.mask))
		}
		return size
	case stepXT2, stepOU1:
		return block.Size
	case stepXT3:
		size := int64(block.Size + hashSize)
		if p.n >= 3 {
			size += openSize
		}
		if t == 0 {
			size += openSize
		}
		return size
	case stepXT4:
		if t == 0 {
			return 2*block.Size + block.Size*n
		}
		return 2 * block.Size
	case stepDC3:
		return block.Size*n + hashSize
	case stepIN1:
		return bytesFor(int64(p.inputs(to))) + hashSize
	case stepIN2:
		return bytesFor(int64(p.inputs(from)))
	case stepIN4:
		return block.Size * int64(p.circ.NumInputs())
	case stepLA1:
		return block.Size * int64(p.triples())
	case stepLA4:
		return bytesFor(int64(p.triples())) + hashSize
	case stepLA5, stepBK1:
		return openSize
	case stepLA8:
		return block.Size + hashSize
	case stepOP1:
		return bytesFor(int64(p.buckets+1)*int64(p.ands(t))) + hashSize
	case stepGB1:
		size := p.tableSize() * int64(p.ands(t))
		if from == p.colour {
			size += bytesFor(int64(p.ands(t)))
		}
		return size
	case stepEV1:
		return bytesFor(int64(p.ands(t))) + hashSize + block.Size
	case stepOU2:
		return bytesFor(int64(len(p.outputs[to]))) + hashSize
	}
	return hashSize // S1, commitments, echoes
}

// tableSize is the bytes of one AND gate in GB1.
func (p *plan) tableSize() int64 { return block.Size * (3*int64(p.n) - 4) }

func bytesFor(bits int64) int64 { return (bits + 7) / 8 }
