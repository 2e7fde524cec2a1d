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

// shareCheck runs XT4 and XT5 (protocol 10.3): it proves that every party used the same bits towards all peers. The rows behind
// the first nsh are the mask and are erased. In batch 0 the masked bits of the Delta check travel along.
func (g *generator) shareCheck(ctx context.Context, t uint32, sh *shares, nsh int, delta *deltaRows) error {
	s := g.s
	n := s.plan.n
	coin, err := g.coins.value(coinShares)
	if err != nil {
		return err
	}
	s.watch("share challenge", t, coin)
	s.watch("delta rows", t, delta)
	chi := block.NewPHKey(block.Load(coin[:]))
	w := chi.UpdateBits(block.Block{}, sh.x, 0, nsh).Xor(block.Load(sh.x.Slice(nsh, 128)))
	mac, key := make([]block.Block, n), make([]block.Block, n)
	g.eachLink(func(j int, keySide bool) error {
		rows, to := sh.mac[j], &mac[j]
		if keySide {
			rows, to = sh.key[j], &key[j]
		}
		*to = chi.Update(block.Block{}, rows[:nsh]).Xor(block.Pack128(rows[nsh:]))
		clear(rows[nsh:])
		return nil
	})
	var y []block.Block
	if delta != nil {
		y = make([]block.Block, n)
		g.zero.add(y, block.DomDelta, 0, 0)
		block.XorInto(y, delta.x)
	}
	own := block.Append(block.Append(nil, w), y...)
	for _, j := range s.plan.peers(s.self) {
		if err := s.send(ctx, j, stepXT4, t, own[:block.Size], block.Append(nil, mac[j]), own[block.Size:]); err != nil {
			return err
		}
	}
	msgs, err := s.gather(ctx, stepXT4, t)
	if err != nil {
		return err
	}
	echo := make([][]byte, n)
	echo[s.self] = own
	err = s.verify(stepXT4, t, func(from int) error {
		p := msgs[from]
		w, m := block.Load(p), block.Load(p[block.Size:])
		echo[from] = append(p[:block.Size:block.Size], p[2*block.Size:]...)
		if !m.Equal(key[from].Xor(block.Mul(w, s.delta))) {
			return errShare
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.echo(ctx, stepXT5, t, echo); err != nil {
		return err
	}
	if delta == nil {
		return nil
	}
	for _, p := range echo {
		for j := range y {
			delta.y[j] = delta.y[j].Xor(block.Load(p[block.Size*(1+j):]))
		}
	}
	return nil
}
