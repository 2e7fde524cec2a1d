package mpc

import (
	"testing"

	"github.com/tacit-mpc/tacit/internal/block"
)

// TestZeroShares: the shares of all parties sum to zero in every domain and batch, no two of which share a stream
// (pitfall 41), and a part is the same wherever it begins.
func TestZeroShares(t *testing.T) {
	const n, m = 4, 100
	parties := make([]zeroShares, n)
	for i := range parties {
		parties[i] = make(zeroShares, n)
		for j := range i {
			e := block.NewExpander(block.Block{Lo: uint64(i), Hi: uint64(j)})
			parties[i][j], parties[j][i] = e, e
		}
	}
	streams := map[block.Block]bool{}
	for _, dom := range []uint32{block.DomLeakyAND, block.DomLeakyTest, block.DomDelta} {
		for batch := range uint32(3) {
			sum := make([]block.Block, m)
			for i := range parties {
				own := make([]block.Block, m)
				parties[i].add(own, dom, batch, 0)
				if streams[own[0]] {
					t.Fatal("two shares begin alike")
				}
				streams[own[0]] = true
				block.XorInto(sum, own)
				part := make([]block.Block, 10)
				parties[i].add(part, dom, batch, 33)
				if !part[9].Equal(own[42]) {
					t.Fatal("a part differs from the whole")
				}
			}
			for _, b := range sum {
				if !b.IsZero() {
					t.Fatal("the shares do not sum to zero")
				}
			}
		}
	}
}
