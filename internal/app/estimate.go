package app

import "github.com/tacit-mpc/tacit/circuit"

// estimate says about how much the busiest party of a run sends, and how much memory each needs: the sums of protocol section
// 25 for the default parameters, with the chunks of section 12.
//
// The processor time in seconds has no model but what was measured, and is good within a factor of three on a machine of its
// day; the others within a fifth (traffic) and a half (memory) for circuits of 200 ANDs and more.
func estimate(c *circuit.Circuit, n int) (traffic, memory int64, work float64) {
	if n < 2 {
		return 0, 0, 0
	}
	ands, peers := int64(c.Stats().And), int64(n-1)
	b, size, chunks := chunksFor(ands)
	const corrections = 128 / 4 // rows of a COT extension with trees of depth 4
	pair := ((3*b+1)*corrections+b+b+1)/8 + 16*b
	const once, perChunk, perInput = 14464, 1696, 16 + corrections/8
	traffic = peers*(pair*size*chunks+once+perChunk*chunks+perInput*int64(c.NumInputs())) + 16*(3*int64(n)-4)*ands

	// Measured: 96 bytes a triple and peer, in several chunks that are under way at a time, and what the collector leaves.
	const process, perTriple, perGate = 24 << 20, 8 * 96, 32
	live := int64(c.Slots().Len())
	memory = process + perTriple*b*size*peers + perGate*int64(c.NumWires()) + 16*int64(n)*live

	// Measured with 2 and 3 parties, on 189 to 1,035,154 ANDs: base OTs, and 1.05 us a triple and peer.
	const workOnce, workPerTriple = 0.04, 1.05e-6
	work = float64(peers) * (workOnce + workPerTriple*float64(b*size*chunks))
	return traffic, memory, work
}

// chunksFor is about the choice of protocol 12.2 at 40 bits: buckets of b triples, chunks of size AND gates.
func chunksFor(ands int64) (b, size, chunks int64) {
	if ands == 0 {
		return 4, 0, 0
	}
	const most = 1 << 16
	chunks = (ands + most - 1) / most
	each := (ands + chunks - 1) / chunks
	for _, row := range []struct{ b, least int64 }{{4, 13454}, {5, 1286}, {6, 313}} {
		if 4*each >= 3*row.least { // a little below it is still cheaper to fill up
			return row.b, (max(each, row.least) + 127) / 128 * 128, chunks
		}
	}
	return 7, (max(each, 122) + 127) / 128 * 128, chunks
}
