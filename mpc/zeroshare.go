package mpc

import "github.com/tacit-mpc/tacit/internal/block"

// zeroShares makes shares of zero (protocol 5.5) from one seed for every pair of parties. It has no generator at self.
type zeroShares []block.Expander

// add XORs our shares of zero number first, first+1, ... for (dom, batch) onto dst. The shares of all parties XOR to zero.
func (z zeroShares) add(dst []block.Block, dom, batch uint32, first int) {
	for _, g := range z {
		if !g.IsZero() {
			g.XORBlocks(dst, dom, batch, uint64(first))
		}
	}
}
