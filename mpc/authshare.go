package mpc

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
	"github.com/tacit-mpc/tacit/ot"
)

// An extension is one batch of correlated OTs with all peers on its way to authenticated shares (protocol 9 and 10).
type extension struct {
	g      *generator
	batch  uint32
	layout layout
	mem    *arena // of everything
	coins  *coinSet

	mac []*ot.MACBatch // by peer
	key []*ot.KeyBatch
	fix []block.Bits // by peer, what makes its bits those towards its anchor; nil from those whose anchor we are
	x   block.Bits   // our share bits and share-check mask

	commits []byte     // our echo of the coin commitments
	shares  *shares    // once the COT checks passed; the share-check mask behind them until that check
	delta   *deltaRows // of the Delta check: batch 0 with three parties or more
	check   *shareCheck
}

func (g *generator) newExtension(t uint32) (*extension, error) {
	n := g.s.plan.n
	coins, err := g.s.newCoins(t, g.rand)
	return &extension{
		g: g, batch: t, layout: g.s.plan.layout(t), mem: g.s.vault.arena(), coins: coins,
		mac: make([]*ot.MACBatch, n), key: make([]*ot.KeyBatch, n), fix: make([]block.Bits, n),
	}, err
}

// A flight is a part of making shares that waits for peers at most once, before it sends.
type flight func(*extension, context.Context) error

// flights are the parts of making shares after the first, which is correct.
func (g *generator) flights() []flight {
	f := []flight{(*extension).corrected, (*extension).challenge, (*extension).answer, (*extension).answered}
	if g.s.plan.n >= 3 {
		f = append(f, (*extension).prove, (*extension).proved, (*extension).compareProofs)
	}
	return append(f, (*extension).finish)
}

// fly runs flights for batches side by side.
func (g *generator) fly(ctx context.Context, batches []*extension, flights ...flight) error {
	for _, f := range flights {
		for _, e := range batches {
			if err := f(e, ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// correct sends XT1: the corrections of our links as MAC side, the fix vectors, and the commitments to the coins.
func (e *extension) correct(ctx context.Context) error {
	s := e.g.s
	n := s.plan.n
	d := make([][]byte, n)
	mem := e.memory()
	err := e.g.eachPeer(func(j int) (err error) {
		e.mac[j], d[j], err = e.g.macs[j].Extend(e.batch, mem[j])
		return err
	})
	if err != nil {
		return err
	}
	anchor := s.plan.anchor(s.self)
	e.x = e.share(anchor)
	e.mem.keep(e.x)
	for _, j := range s.plan.peers(s.self) {
		var fix block.Bits
		if j != anchor {
			fix = e.share(j)
			subtle.XORBytes(fix, fix, e.x)
		}
		if err := s.send(ctx, j, stepXT1, e.batch, d[j], fix, e.coins.commitments()); err != nil {
			return err
		}
	}
	return nil
}

// memory returns the slabs for the links of one role with every peer.
func (e *extension) memory() [][]block.Block {
	mem := make([][]block.Block, e.g.s.plan.n)
	for _, j := range e.g.s.plan.peers(e.g.s.self) {
		mem[j] = e.mem.newBlocks(e.layout.rows)
	}
	return mem
}

// fixed is the number of rows that a fix vector covers.
func (e *extension) fixed() int { return e.layout.shares + e.layout.mask }

// share returns a copy of our bits towards a peer in the rows of the shares and their mask.
func (e *extension) share(j int) block.Bits {
	return e.mac[j].Bits().Slice(e.layout.delta, e.fixed())
}

var errPadding = errors.New("bit vector with non-zero padding")

// corrected takes XT1 of all peers and extends our links as key side.
func (e *extension) corrected(ctx context.Context) error {
	s := e.g.s
	msgs, err := s.gather(ctx, stepXT1, e.batch)
	if err != nil {
		return err
	}
	failed := make([]error, s.plan.n)
	mem := e.memory()
	err = e.g.eachPeer(func(j int) (err error) {
		size := e.g.link(s.self, j).CorrectionsSize(e.layout.rows)
		d, rest := msgs[j][:size], msgs[j][size:]
		if s.self != s.plan.anchor(j) {
			n := block.BitsLen(e.fixed())
			if e.fix[j], err = block.ParseBits(rest[:n], e.fixed()); err != nil {
				failed[j] = errPadding
			}
			rest = rest[n:]
		}
		e.coins.committed(j, rest)
		e.key[j], err = e.g.keys[j].Extend(e.batch, mem[j], d)
		return err
	})
	if err != nil {
		return err
	}
	return s.verify(stepXT1, e.batch, func(from int) error { return failed[from] })
}

// challenge sends XT2e and XT2, which travel together: the echo of the coin commitments, and the challenges of the COT checks.
func (e *extension) challenge(ctx context.Context) error {
	s := e.g.s
	var err error
	if e.commits, err = s.sendEcho(ctx, stepXT2e, e.batch, e.coins.commits); err != nil {
		return err
	}
	for _, j := range s.plan.peers(s.self) {
		chi, err := e.key[j].Challenge(e.g.rand)
		if err != nil {
			return err
		}
		if err := s.send(ctx, j, stepXT2, e.batch, chi); err != nil {
			return err
		}
	}
	return nil
}

// answer takes XT2e and XT2, and sends XT3: our answers to the COT checks, and the openings of the coins that are due.
func (e *extension) answer(ctx context.Context) error {
	s := e.g.s
	if err := s.checkEcho(ctx, stepXT2e, e.batch, e.commits); err != nil {
		return err
	}
	msgs, err := s.gather(ctx, stepXT2, e.batch)
	if err != nil {
		return err
	}
	answers := make([][]byte, s.plan.n)
	err = e.g.eachPeer(func(j int) (err error) {
		answers[j], err = e.mac[j].Answer(msgs[j])
		return err
	})
	if err != nil {
		return err
	}
	var open []byte
	for _, id := range e.due() {
		open = append(open, e.coins.opening(id)...)
	}
	for _, j := range s.plan.peers(s.self) {
		if err := s.send(ctx, j, stepXT3, e.batch, answers[j], open); err != nil {
			return err
		}
	}
	return nil
}

// due lists the coins opened in XT3.
func (e *extension) due() []byte {
	var ids []byte
	if e.g.s.plan.n >= 3 {
		ids = append(ids, coinShares)
	}
	if e.batch == 0 {
		ids = append(ids, coinTweak)
	}
	return ids
}

// answered takes XT3: it runs the COT checks and verifies the openings.
func (e *extension) answered(ctx context.Context) error {
	s := e.g.s
	msgs, err := s.gather(ctx, stepXT3, e.batch)
	if err != nil {
		return err
	}
	failed := make([]error, s.plan.n)
	e.g.eachPeer(func(j int) error {
		failed[j] = e.key[j].Check(msgs[j][:ot.AnswerSize])
		return nil
	})
	err = s.verify(stepXT3, e.batch, func(from int) error {
		open := msgs[from][ot.AnswerSize:]
		for _, id := range e.due() {
			failed[from] = errors.Join(failed[from], e.coins.opened(id, from, open[:openSize]))
			open = open[openSize:]
		}
		return failed[from]
	})
	if err != nil {
		return err
	}
	if e.batch == 0 {
		coin, err := e.coins.value(coinTweak)
		if err != nil {
			return err
		}
		s.base = block.Load(coin[:])
	}
	return e.take()
}

// take turns the correlated OTs into shares, the share-check mask at the end, and splits off the rows of the Delta check.
func (e *extension) take() error {
	s := e.g.s
	n, ds, fx := s.plan.n, e.layout.delta, e.fixed()
	sh := &shares{m: fx, x: e.x, mac: make([][]block.Block, n), key: make([][]block.Block, n)}
	if ds > 0 {
		e.delta = newDeltaRows(n)
	}
	e.shares = sh
	return e.g.eachPeer(func(j int) error {
		u, mac, err := e.mac[j].Take()
		if err != nil {
			return err
		}
		key, err := e.key[j].Take()
		if err != nil {
			return err
		}
		if ds > 0 {
			e.delta.x[j], e.delta.mac[j], e.delta.key[j] = block.Load(u), block.Pack128(mac[:ds]), block.Pack128(key[:ds])
			clear(mac[:ds])
			clear(key[:ds])
		}
		clear(u)
		sh.mac[j], sh.key[j] = mac[ds:][:fx], key[ds:][:fx]
		if e.fix[j] != nil {
			block.MulAdd(sh.key[j], e.fix[j], s.delta)
		}
		return nil
	})
}

// finish leaves the shares alone.
func (e *extension) finish(context.Context) error {
	e.shares = e.shares.rows(0, e.layout.shares)
	e.mem.keep(e.shares.x)
	e.g.s.watch("shares", e.batch, e.shares)
	return nil
}
