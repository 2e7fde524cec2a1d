package ot

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"github.com/tacit-mpc/tacit/internal/block"
)

// The puncturable PRF: trees of Goldreich, Goldwasser and Micali whose owner, the
// MAC side, knows every leaf, while the key side knows all leaves but alpha_c in
// tree c (BCG+19, with its consistency check; protocol section 8).
//
// The key side works throughout on node numbers XORed with its own path, so that
// the unknown node of every level is number 0 and alpha enters only as masks.

// tree names tree c of a link for the node functions.
type tree struct {
	link *Link
	c    []byte // LE32(c)
}

// children returns the two children, on level l, of node s.
func (t tree) children(l int, s block.Block) (left, right block.Block) {
	sid, j, i := t.link.ids()
	p := s.Bytes()
	h := block.RO("ggm", sid, j, i, t.c, block.LE32(uint32(l)), p[:])
	return block.Load(h[:16]), block.Load(h[16:])
}

// leaf returns the check value and the seed of leaf s.
func (t tree) leaf(s block.Block) (check [32]byte, seed block.Block) {
	sid, j, i := t.link.ids()
	p := s.Bytes()
	h := block.RO("ggm-leaf", sid, j, i, t.c, p[:])
	return block.RO("ggm-chk", sid, j, i, t.c, p[:]), block.Load(h[:16])
}

// digest returns the digest over the check values of all leaves in order.
func (t tree) digest(checks [][32]byte) [32]byte {
	sid, j, i := t.link.ids()
	o := block.NewOracle("ggm-dig", sid, j, i, t.c)
	for _, s := range checks {
		o.Field(s[:])
	}
	return o.Sum()
}

// grow draws the trees of the MAC side, and returns the leaves of each and the S3
// message: the sums of both parities of every level, masked by the OT keys, then
// the check of every tree.
func grow(l Link, keys *[128][2]block.Block, rand io.Reader) ([][]block.Expander, []byte, error) {
	msg := make([]byte, 0, l.TreesSize())
	checks := make([]byte, 0, 64*l.trees())
	leaves := make([][]block.Expander, l.trees())
	nodes := make([]block.Block, 1<<l.Depth)
	sums := make([][32]byte, len(nodes))
	for c := range leaves {
		t := tree{&l, block.LE32(uint32(c))}
		root, err := block.Random(rand)
		if err != nil {
			return nil, nil, fmt.Errorf("ot: draw a tree: %w", err)
		}
		nodes[0] = root
		for lv := 1; lv <= l.Depth; lv++ {
			var sum [2]block.Block
			for d := 1<<(lv-1) - 1; d >= 0; d-- {
				left, right := t.children(lv, nodes[d])
				nodes[2*d], nodes[2*d+1] = left, right
				sum[0], sum[1] = sum[0].Xor(left), sum[1].Xor(right)
			}
			key := keys[l.Depth*c+lv-1]
			msg = block.Append(msg, sum[0].Xor(key[0]), sum[1].Xor(key[1]))
		}
		leaves[c] = make([]block.Expander, len(nodes))
		var all [32]byte
		for x, s := range nodes {
			var seed block.Block
			sums[x], seed = t.leaf(s)
			leaves[c][x] = block.NewExpander(seed)
			subtle.XORBytes(all[:], all[:], sums[x][:])
		}
		dig := t.digest(sums)
		checks = append(append(checks, all[:]...), dig[:]...)
	}
	clear(nodes)
	clear(sums)
	return leaves, append(msg, checks...), nil
}

var errTree = errors.New("ot: PPRF: digest of the leaves differs")

// puncture recovers, from the S3 message, all leaves of every tree but leaf
// alpha_c, and checks them. Leaf x of tree c is returned as number x ^ alpha_c; number 0
// is missing. All trees are worked through before a failure is reported.
func puncture(l Link, delta block.Block, keys *[128]block.Block, msg []byte) ([][]block.Expander, error) {
	if len(msg) != l.TreesSize() {
		return nil, fmt.Errorf("ot: PPRF: %d bytes, want %d", len(msg), l.TreesSize())
	}
	leaves := make([][]block.Expander, l.trees())
	same := 1
	for c := range leaves {
		check := msg[128*32+64*c:][:64]
		var ok int
		leaves[c], ok = punctureTree(l, c, delta, keys, msg[32*l.Depth*c:][:32*l.Depth], check)
		same &= ok
	}
	if same != 1 {
		return nil, errTree
	}
	return leaves, nil
}

func punctureTree(l Link, c int, delta block.Block, keys *[128]block.Block, sums, check []byte) ([]block.Expander, int) {
	t := tree{&l, block.LE32(uint32(c))}
	alpha := func(b int) uint64 { return delta.Bit(l.Depth*c + b) }
	nodes := make([]block.Block, 1<<l.Depth)
	for lv := 1; lv <= l.Depth; lv++ {
		path := block.Mask(alpha(l.Depth - lv)) // ones: the unknown child is the right one
		var odd block.Block                     // XOR of the known nodes with odd number
		for d := 1<<(lv-1) - 1; d >= 1; d-- {
			left, right := t.children(lv, nodes[d])
			swap := left.Xor(right).And(path)
			nodes[2*d], nodes[2*d+1] = left.Xor(swap), right.Xor(swap)
			odd = odd.Xor(nodes[2*d+1])
		}
		// The sibling of the unknown node is number 1; its true parity is 1 - path bit.
		sum0, sum1 := block.Load(sums[32*(lv-1):]), block.Load(sums[32*(lv-1)+16:])
		sum := sum1.Xor(sum0.Xor(sum1).And(path))
		nodes[0], nodes[1] = block.Block{}, sum.Xor(keys[l.Depth*c+lv-1]).Xor(odd)
	}
	leaves := make([]block.Expander, len(nodes))
	values := make([][32]byte, len(nodes))
	copy(values[0][:], check[:32])
	for z := 1; z < len(nodes); z++ {
		var seed block.Block
		values[z], seed = t.leaf(nodes[z])
		leaves[z] = block.NewExpander(seed)
		subtle.XORBytes(values[0][:], values[0][:], values[z][:])
	}
	for b := range l.Depth { // back to true numbers: swap pairs that differ in bit b if alpha has it
		m := byte(block.Mask(alpha(b)))
		for z := range values {
			if z>>b&1 == 0 {
				v, w := &values[z], &values[z|1<<b]
				for i := range v {
					d := (v[i] ^ w[i]) & m
					v[i] ^= d
					w[i] ^= d
				}
			}
		}
	}
	dig := t.digest(values)
	clear(nodes)
	clear(values)
	return leaves, subtle.ConstantTimeCompare(dig[:], check[32:])
}
