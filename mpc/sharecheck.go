package mpc

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

// deltaRows are the rows of the Delta check (protocol 10.4), packed: by peer j, with M_j[x] = K_j[x] ^ x*Delta_j in the field.
type deltaRows struct {
	x   []block.Block // x^{self,j}: our bits towards j
	mac []block.Block // M_j[x^{self,j}]
	key []block.Block // K_self[x^{j,self}]: our key for the bits of j towards us
	y   []block.Block // the sum of what all parties sent in XT4
}

func newDeltaRows(n int) *deltaRows {
	return &deltaRows{make([]block.Block, n), make([]block.Block, n), make([]block.Block, n), make([]block.Block, n)}
}

var errShare = errors.New("its shares are not the same towards all parties")

// A shareCheck proves that every party used the same bits towards all peers (protocol 10.3).
type shareCheck struct {
	key  []block.Block // by peer: our key for the sum w of its bits
	y    []block.Block // our masked bits of the Delta check
	echo [][]byte      // by party: the broadcast fields of XT4
	own  []byte        // our digest of them
}

// prove sends XT4: our hash w of the share bits and its MACs. The mask, behind the shares, is used up. In batch 0 the masked
// bits of the Delta check travel along.
func (e *extension) prove(ctx context.Context) error {
	s, sh, nsh := e.g.s, e.shares, e.layout.shares
	coin, err := e.coins.value(coinShares)
	if err != nil {
		return err
	}
	s.watch("share challenge", e.batch, coin)
	s.watch("delta rows", e.batch, e.delta)
	chi := block.NewPHKey(block.Load(coin[:]))
	w := chi.UpdateBits(block.Block{}, sh.x, 0, nsh).Xor(block.Load(sh.x.Slice(nsh, 128)))
	c := &shareCheck{key: make([]block.Block, s.plan.n), echo: make([][]byte, s.plan.n)}
	mac := make([]block.Block, s.plan.n)
	e.g.eachLink(func(j int, keySide bool) error {
		rows, to := sh.mac[j], &mac[j]
		if keySide {
			rows, to = sh.key[j], &c.key[j]
		}
		*to = chi.Update(block.Block{}, rows[:nsh]).Xor(block.Pack128(rows[nsh:]))
		clear(rows[nsh:])
		return nil
	})
	if e.delta != nil {
		c.y = make([]block.Block, s.plan.n)
		e.g.zero.add(c.y, block.DomDelta, 0, 0)
		block.XorInto(c.y, e.delta.x)
	}
	own := block.Append(block.Append(nil, w), c.y...)
	c.echo[s.self] = own
	e.check = c
	for _, j := range s.plan.peers(s.self) {
		if err := s.send(ctx, j, stepXT4, e.batch, own[:block.Size], block.Append(nil, mac[j]), own[block.Size:]); err != nil {
			return err
		}
	}
	return nil
}

// proved takes XT4 and sends XT5.
func (e *extension) proved(ctx context.Context) error {
	s, c := e.g.s, e.check
	msgs, err := s.gather(ctx, stepXT4, e.batch)
	if err != nil {
		return err
	}
	err = s.verify(stepXT4, e.batch, func(from int) error {
		p := msgs[from]
		w, m := block.Load(p), block.Load(p[block.Size:])
		c.echo[from] = append(p[:block.Size:block.Size], p[2*block.Size:]...)
		if !m.Equal(c.key[from].Xor(block.Mul(w, s.delta))) {
			return errShare
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.own, err = s.sendEcho(ctx, stepXT5, e.batch, c.echo)
	return err
}

// compareProofs takes XT5. In batch 0 it adds up the masked bits of the Delta check.
func (e *extension) compareProofs(ctx context.Context) error {
	c := e.check
	if err := e.g.s.checkEcho(ctx, stepXT5, e.batch, c.own); err != nil {
		return err
	}
	for _, p := range c.echo {
		for j := range c.y {
			e.delta.y[j] = e.delta.y[j].Xor(block.Load(p[block.Size*(1+j):]))
		}
	}
	e.check = nil
	return nil
}
