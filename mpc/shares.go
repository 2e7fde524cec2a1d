package mpc

import (
	"github.com/tacit-mpc/tacit/internal/block"
)

// shares are one party's parts of m authenticated shares <x_0>, ..., <x_{m-1}> (protocol 3): for every row r
//
//	M_j[x^i_r] = K_j[x^i_r] ^ x^i_r * Delta_j
//
// where i owns the bit and j the key. The bits are apart from the blocks; mac and key are slabs by peer, nil at self.
type shares struct {
	m   int
	x   block.Bits
	mac [][]block.Block // mac[j][r] = M_j[x^self_r]: our MAC under the key of j
	key [][]block.Block // key[j][r] = K_self[x^j_r]: our key for the bit of j
}

// newShares returns m zero shares of one of n parties, in an arena.
func newShares(a *arena, n, self, m int) *shares {
	sh := &shares{m: m, x: a.newBits(m), mac: make([][]block.Block, n), key: make([][]block.Block, n)}
	for j := range n {
		if j != self {
			sh.mac[j] = a.newBlocks(m)
			sh.key[j] = a.newBlocks(m)
		}
	}
	return sh
}

// newShares returns m zero shares of this party, in an arena.
func (s *session) newShares(a *arena, m int) *shares { return newShares(a, s.plan.n, s.self, m) }

// rows returns a view of m shares beginning with the given one: it shares the slabs, but has a copy of the bits.
func (sh *shares) rows(from, m int) *shares {
	v := &shares{m: m, x: sh.x.Slice(from, m)}
	v.mac = make([][]block.Block, len(sh.mac))
	v.key = make([][]block.Block, len(sh.key))
	for j := range sh.mac {
		if sh.mac[j] != nil {
			v.mac[j] = sh.mac[j][from:][:m]
			v.key[j] = sh.key[j][from:][:m]
		}
	}
	return v
}

// set makes share z a copy of share r of src.
func (sh *shares) set(z int, src *shares, r int) {
	sh.x.Set(z, src.x.Get(r))
	for j := range sh.mac {
		if sh.mac[j] != nil {
			sh.mac[j][z] = src.mac[j][r]
			sh.key[j][z] = src.key[j][r]
		}
	}
}

// xor makes share z the XOR of share a of p and share b of q.
func (sh *shares) xor(z int, p *shares, a int, q *shares, b int) {
	sh.x.Set(z, p.x.Get(a)^q.x.Get(b))
	for j := range sh.mac {
		if sh.mac[j] != nil {
			sh.mac[j][z] = p.mac[j][a].Xor(q.mac[j][b])
			sh.key[j][z] = p.key[j][a].Xor(q.key[j][b])
		}
	}
}

// zero makes share z the share of 0.
func (sh *shares) zero(z int) {
	sh.x.Set(z, 0)
	for j := range sh.mac {
		if sh.mac[j] != nil {
			sh.mac[j][z] = block.Block{}
			sh.key[j][z] = block.Block{}
		}
	}
}

// addMasked XORs v_r * src_r onto every share r, for public bits v.
func (sh *shares) addMasked(v block.Bits, src *shares) {
	for r := range sh.m {
		sh.x.Flip(r, v.Get(r)&src.x.Get(r))
	}
	for j := range sh.mac {
		addMasked(sh.mac[j], v, src.mac[j])
		addMasked(sh.key[j], v, src.key[j])
	}
}

// addMasked sets dst[r] ^= v_r * src[r] without branching on v.
func addMasked(dst []block.Block, v block.Bits, src []block.Block) {
	for r := range dst {
		dst[r] = dst[r].Xor(src[r].And(block.Mask(v.Get(r))))
	}
}

// addPublic adds the public constants v to the shares: party 0 flips its bits, everybody else the keys for them (protocol 11).
func (s *session) addPublic(sh *shares, v block.Bits) {
	if s.self == 0 {
		for r := range sh.m {
			sh.x.Flip(r, v.Get(r))
		}
		return
	}
	block.MulAdd(sh.key[0][:sh.m], v, s.delta)
}
