package mpc

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

var errDelta = errors.New("a global key is not the same towards all parties")

// deltaCheck runs DC1 to DC3 (protocol 10.4): it proves that every party used the same Delta towards all peers. Nothing that
// depends on Delta may leave before it has passed, since the opening would disclose Delta to a party that cheated. With two
// parties there are no rows and nothing to check.
func (g *generator) deltaCheck(ctx context.Context, rows *deltaRows) error {
	if rows == nil {
		return nil
	}
	s := g.s
	z := rows.mac // z_j = M_j[x^{self,j}], and at self:
	z[s.self] = block.Mul(rows.y[s.self], s.delta)
	for _, j := range s.plan.peers(s.self) {
		z[s.self] = z[s.self].Xor(rows.key[j])
	}
	s.watch("delta columns", 0, z)
	open := block.Append(nil, z...)
	err := g.reveal(ctx, revealDelta, 0, open, func(_ int, m []byte) error {
		for j := range z {
			z[j] = z[j].Xor(block.Load(m[block.Size*j:]))
		}
		return nil
	}, func() error {
		var any block.Block
		for _, b := range z {
			any.Lo |= b.Lo
			any.Hi |= b.Hi
		}
		if !any.IsZero() {
			return errDelta
		}
		return nil
	})
	clear(open)
	for _, v := range [][]block.Block{rows.x, rows.mac, rows.key, rows.y} {
		clear(v)
	}
	return err
}
