package mpc

import (
	"context"
	"encoding/binary"

	"github.com/tacit-mpc/tacit/internal/block"
)

// rotations returns by how much every layer is rotated against the buckets (protocol 14): rot_0 = 0, the others uniform below
// size, by rejection from the stream of the coin.
func rotations(coin [hashSize]byte, layers, size int) []int {
	e := block.NewExpander(block.Load(coin[:]))
	var buf [64]byte
	at := uint64(0)
	return rotate(layers, size, func() uint64 {
		if at%8 == 0 {
			e.Fill(buf[:], block.DomRotation, 0, at/2)
		}
		w := binary.LittleEndian.Uint64(buf[8*(at%8):])
		at++
		return w
	})
}

// rotate is rotations with the stream of words.
func rotate(layers, size int, word func() uint64) []int {
	l := uint64(size)
	m := -l % l // 2^64 mod l words at the top are rejected
	rot := make([]int, layers)
	for i := 1; i < layers; i++ {
		w := word()
		for m != 0 && w >= -m {
			w = word()
		}
		rot[i] = int(w % l)
	}
	return rot
}

// A bucketed is the leaky triples of a chunk distributed over buckets: bucket z has triple z of layer 0 and triple
// (z + rot) mod L of each other layer.
type bucketed struct {
	la   *leakyAND
	rot  []int
	ands int    // G: the buckets that are used
	work *arena // holds the leaky triples
	mem  *arena // holds the sound ones
}

// bucket runs BK1 and combines the leaky triples of a batch into sound ones (protocol 14).
func (g *generator) bucket(ctx context.Context, e *extension, la *leakyAND) (*triples, error) {
	s, t := g.s, la.batch
	coin, err := s.openCoin(ctx, la.coins, stepBK1, coinRotation)
	if err != nil {
		return nil, err
	}
	b := &bucketed{la, rotations(coin, s.plan.buckets, s.plan.size), s.plan.ands(t), e.mem, s.vault.arena()}
	tr := &triples{
		mem:     b.mem,
		mask:    s.copyShares(b.mem, la.lambda.rows(0, b.ands)),
		a:       s.copyShares(b.mem, la.a.rows(0, b.ands)),
		b:       s.copyShares(b.mem, la.b.rows(0, b.ands)),
		f:       s.newShares(b.mem, (s.plan.buckets-1)*b.ands),
		product: b.product,
	}
	for layer := 1; layer < s.plan.buckets; layer++ {
		for z := range b.ands {
			p := b.at(layer, z)
			tr.a.xor(z, tr.a, z, la.a, p)
			tr.f.xor(z*(s.plan.buckets-1)+layer-1, tr.b, z, la.b, p)
		}
	}
	s.watch("buckets", t, tr)
	return tr, nil
}

// at is the number of the triple of a layer in bucket z.
func (b *bucketed) at(layer, z int) int {
	size := b.la.g.s.plan.size
	return layer*size + (z+b.rot[layer])%size
}

// product returns <C_z> = <c_{p_0}> ^ sum over the other layers of ( <c_p> ^ f_{z,layer}*<a_p> ), and erases the leaky triples.
func (b *bucketed) product(f block.Bits) *shares {
	s := b.la.g.s
	c := s.copyShares(b.mem, b.la.r.rows(0, b.ands))
	for layer := 1; layer < len(b.rot); layer++ {
		for z := range b.ands {
			p := b.at(layer, z)
			c.xor(z, c, z, b.la.r, p)
			c.addMaskedRow(z, f.Get(z*(len(b.rot)-1)+layer-1), b.la.a, p)
		}
	}
	s.watch("products", b.la.batch, c)
	b.work.erase()
	b.la = nil
	return c
}

// addMaskedRow XORs v times share r of src onto share z, for a public bit v.
func (sh *shares) addMaskedRow(z int, v uint64, src *shares, r int) {
	sh.x.Flip(z, v&src.x.Get(r))
	m := block.Mask(v)
	for j := range sh.mac {
		if sh.mac[j] != nil {
			sh.mac[j][z] = sh.mac[j][z].Xor(src.mac[j][r].And(m))
			sh.key[j][z] = sh.key[j][z].Xor(src.key[j][r].And(m))
		}
	}
}
