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

// newShares returns m zero shares, erased with the vault.
func (s *session) newShares(m int) *shares {
	sh := &shares{m: m, x: s.secret.newBytes(block.BitsLen(m))}
	sh.mac = make([][]block.Block, s.plan.n)
	sh.key = make([][]block.Block, s.plan.n)
	for _, j := range s.plan.peers(s.self) {
		sh.mac[j] = s.secret.newBlocks(m)
		sh.key[j] = s.secret.newBlocks(m)
	}
	return sh
}

// rows returns shares from..from+m-1, sharing the slabs. from is a multiple of 8.
func (sh *shares) rows(from, m int) *shares {
	v := &shares{m: m, x: sh.x[from/8:][:block.BitsLen(m)]}
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

// addPublic adds the public constants v to the shares: party 0 flips its bits, everybody else the keys for them (protocol 11).
func (s *session) addPublic(sh *shares, v block.Bits) {
	if s.self == 0 {
		for r := range sh.m {
			sh.x.Flip(r, v.Get(r))
		}
		return
	}
	block.MulAdd(sh.key[0], v, s.delta)
}
