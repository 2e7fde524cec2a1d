package mpc

import (
	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
)

// A plan is everything public about a run: who does what, how the circuit is cut, and the parameters. It is a function of
// the Job and of whether a dealer is used, equal at all parties and immutable.
type plan struct {
	n         int
	evaluator int
	colour    int // the colour garbler: the lowest-numbered garbler
	rho       int // statistical security of bucketing
	k         int // depth of the COT trees
	buckets   int // B, layers of a bucket
	size      int // L, buckets of a chunk
	dealer    bool
	two       bool // order=two: all garbling before the input

	circ    *circuit.Circuit
	outputs [][]circuit.Wire // by party
	chunks  []chunk
	batches int // chunks with AND gates: batches 1..batches exist
}

// A chunk is a run of gates with at most L AND gates (protocol 12.1). Chunk t of the protocol is chunks[t-1].
type chunk struct {
	first, end int // gates first..end-1
	ands       int // G
}

// cut divides the gates into chunks of at most size AND gates.
func cut(c *circuit.Circuit, size int) []chunk {
	var chunks []chunk
	cur := chunk{}
	for i := range c.NumGates() {
		if c.Gate(i).Op == circuit.And {
			if cur.ands == size {
				cur.end = i
				chunks = append(chunks, cur)
				cur = chunk{first: i}
			}
			cur.ands++
		}
	}
	cur.end = c.NumGates()
	return append(chunks, cur)
}

// countAnds is A, the AND gates of the circuit.
func (p *plan) countAnds() (ands int) {
	for _, c := range p.chunks {
		ands += c.ands
	}
	return ands
}

func (p *plan) inputs(owner int) int { return p.circ.Inputs()[owner] }

// triples is N, the leaky triples of a chunk.
func (p *plan) triples() int { return p.buckets * p.size }

// ands is G of chunk t >= 1.
func (p *plan) ands(t uint32) int { return p.chunks[t-1].ands }

// trees is nC, the COT trees of an ordered pair.
func (p *plan) trees() int { return 128 / p.k }

// anchor is the peer whose COT link defines the share bits of party i (protocol 10.2).
func (p *plan) anchor(i int) int {
	if i == 0 {
		return 1
	}
	return 0
}

func (p *plan) garbler(i int) bool { return i != p.evaluator }

// A layout tells the rows of a batch (protocol 10.1), in order: delta check bits, shares, share-check mask, padding up to a
// multiple of 128, 128 rows of COT check mask.
type layout struct {
	delta  int // ds
	shares int // nsh
	mask   int // am
	rows   int // all, with padding and COT check mask
}

// layout returns the rows of batch t of the interactive preprocessing.
func (p *plan) layout(t uint32) layout {
	var l layout
	if t == 0 {
		l.shares = p.circ.NumInputs()
	} else {
		l.shares = 3*p.triples() + p.size
	}
	if p.n >= 3 {
		l.mask = 128
		if t == 0 {
			l.delta = 128
		}
	}
	l.rows = (l.delta+l.shares+l.mask+127)/128*128 + 128
	return l
}

// The coins (protocol 5.4).
const (
	coinShares   byte = 1
	coinTweak    byte = 2
	coinLeaky    byte = 3
	coinRotation byte = 4
)

// coins lists the coins of batch t in increasing order.
func (p *plan) coins(t uint32) []byte {
	var ids []byte
	if p.n >= 3 {
		ids = append(ids, coinShares)
	}
	if t == 0 {
		return append(ids, coinTweak)
	}
	return append(ids, coinLeaky, coinRotation)
}

// peers lists all parties but self.
func (p *plan) peers(self int) []int {
	out := make([]int, 0, p.n-1)
	for i := range p.n {
		if i != self {
			out = append(out, i)
		}
	}
	return out
}

func party(i int) channel.Party { return channel.Party(i) }
