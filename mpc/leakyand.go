package mpc

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

// A leakyAND makes the leaky AND triples of one chunk (protocol 13): shares of random a, b and of c = a & b, where a cheater may
// have learnt bits of a, each at the risk of an abort of one half. Per triple p, whose layer is p / L and whose position in
// the layer p mod L, every party i computes
//
//	Phi^i = b^i*Delta_i ^ zeta^i ^ sum of ( K_i[b^j] ^ M_j[b^i] )
//	s^i   = a^i*Phi^i ^ r^i*Delta_i ^ sum of ( h_{i->j} ^ E_{j->i} ^ K_i[r^j] ^ M_j[r^i] )
//
// whose sums over the parties are b*DS and (a*b ^ r)*DS, DS being the sum of all Delta.
type leakyAND struct {
	g     *generator
	batch uint32
	coins *coinSet

	a, b, r *shares // r becomes c
	lambda  *shares // the masks of the AND gates, for later
	phi     []block.Block
	s       []block.Block
}

var errTriples = errors.New("the AND triples are not correct")

// leakyAND runs LA1 to LA8 on the shares of a batch. It works in the arena of these.
func (g *generator) leakyAND(ctx context.Context, e *extension) (*leakyAND, error) {
	n, l, sh, work := g.s.plan.triples(), g.s.plan.size, e.shares, e.mem
	la := &leakyAND{
		g: g, batch: e.batch, coins: e.coins,
		a: sh.rows(0, n), b: sh.rows(n, n), r: sh.rows(2*n, n), lambda: sh.rows(3*n, l),
	}
	for _, part := range []*shares{la.a, la.b, la.r, la.lambda} {
		work.keep(part.x)
	}
	la.phi, la.s = work.newBlocks(n), work.newBlocks(n)
	if err := la.hide(ctx); err != nil {
		return nil, err
	}
	if err := la.combine(ctx); err != nil {
		return nil, err
	}
	g.s.watch("leaky sum", la.batch, la)
	if err := la.settle(ctx); err != nil {
		return nil, err
	}
	if err := la.check(ctx); err != nil {
		return nil, err
	}
	clear(la.phi)
	clear(la.s)
	g.s.watch("leaky triples", la.batch, la)
	return la, nil
}

// tweaks sets t[x] to the tweak of key owner i and MAC owner j for triple from+x.
func (la *leakyAND) tweaks(t []block.Block, i, j, from int) {
	size := la.g.s.plan.size
	defer la.g.s.watch("tweaks", la.batch, t)
	for x := range t {
		p := from + x
		t[x] = block.Tweak(la.g.s.base, block.TweakLeakyAND, byte(i), byte(j), byte(p/size), la.batch, uint32(p%size))
	}
}

// hide computes Phi and everything of s but what the peers contribute and a*Phi, and sends LA1:
// U_{i->j} = H(K_i[a^j], T) ^ H(K_i[a^j] ^ Delta_i, T) ^ Phi^i.
func (la *leakyAND) hide(ctx context.Context) error {
	s := la.g.s
	peers := s.plan.peers(s.self)
	u := make([][]byte, s.plan.n)
	for _, j := range peers {
		u[j] = make([]byte, block.Size*la.a.m)
	}
	slabs(la.a.m, func(from, n int) {
		phi, sum := la.phi[from:][:n], la.s[from:][:n]
		la.g.zero.add(phi, block.DomLeakyAND, la.batch, from)
		block.MulAdd(phi, la.b.x[from/8:], s.delta)
		block.MulAdd(sum, la.r.x[from/8:], s.delta)
		for _, j := range peers {
			block.XorInto(phi, la.b.key[j][from:])
			block.XorInto(phi, la.b.mac[j][from:])
			block.XorInto(sum, la.r.key[j][from:])
			block.XorInto(sum, la.r.mac[j][from:])
		}
		t, h0, h1 := make([]block.Block, n), make([]block.Block, n), make([]block.Block, n)
		for _, j := range peers {
			la.tweaks(t, s.self, j, from)
			block.Hash2(h0, h1, la.a.key[j][from:], t, s.delta)
			block.XorInto(sum, h0)
			block.XorInto(h0, h1)
			block.XorInto(h0, phi)
			block.Append(u[j][:block.Size*from], h0...)
		}
		clear(h0)
		clear(h1)
	})
	for _, j := range peers {
		if err := s.send(ctx, j, stepLA1, la.batch, u[j]); err != nil {
			return err
		}
	}
	return nil
}

// combine takes LA1 and completes s, with E_{j->i} = H(M_j[a^i], T) ^ a^i*U_{j->i}.
func (la *leakyAND) combine(ctx context.Context) error {
	s := la.g.s
	peers := s.plan.peers(s.self)
	u, err := s.gather(ctx, stepLA1, la.batch)
	if err != nil {
		return err
	}
	slabs(la.a.m, func(from, n int) {
		sum := la.s[from:][:n]
		t, e := make([]block.Block, n), make([]block.Block, n)
		for _, j := range peers {
			la.tweaks(t, j, s.self, from)
			block.Hash(e, la.a.mac[j][from:], t)
			block.XorInto(sum, e)
			for x := range sum {
				a := block.Mask(la.a.x.Get(from + x))
				sum[x] = sum[x].Xor(block.Load(u[j][block.Size*(from+x):]).And(a))
			}
		}
		addMasked(sum, la.a.x[from/8:], la.phi[from:])
		clear(e)
	})
	return s.verify(stepLA1, la.batch, nil)
}

// settle runs LA2 to LA4: the parties reveal d^i = lsb(s^i), whose sum d makes c = r ^ d. Then tau^i = s^i ^ d*Delta_i, which
// sum to zero.
func (la *leakyAND) settle(ctx context.Context) error {
	s := la.g.s
	d := block.NewBits(la.a.m)
	for p := range la.s {
		d.Set(p, la.s[p].LSB())
	}
	s.watch("leaky d", la.batch, d)
	own := append(block.Bits(nil), d...)
	err := la.g.reveal(ctx, revealD, la.batch, own, func(_ int, m []byte) error {
		bits, err := block.ParseBits(m, la.a.m)
		if err != nil {
			return errPadding
		}
		subtle.XORBytes(d, d, bits)
		return nil
	}, func() error { return nil })
	if err != nil {
		return err
	}
	s.addPublic(la.r, d)
	block.MulAdd(la.s, d, s.delta)
	s.watch("leaky tau", la.batch, la)
	return nil
}

// check runs LA5 to LA8: the parties reveal a universal hash theta^i of tau^i, masked by a share of zero; the sum must be zero.
func (la *leakyAND) check(ctx context.Context) error {
	coin, err := la.g.s.openCoin(ctx, la.coins, stepLA5, coinLeaky)
	if err != nil {
		return err
	}
	theta := make([]block.Block, 1)
	la.g.zero.add(theta, block.DomLeakyTest, la.batch, 0)
	theta[0] = theta[0].Xor(block.NewPHKey(block.Load(coin[:])).Update(block.Block{}, la.s))
	return la.g.reveal(ctx, revealTheta, la.batch, block.Append(nil, theta...), func(_ int, m []byte) error {
		theta[0] = theta[0].Xor(block.Load(m))
		return nil
	}, func() error {
		if !theta[0].IsZero() {
			return errTriples
		}
		return nil
	})
}
