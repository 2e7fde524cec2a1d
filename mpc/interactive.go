package mpc

import (
	"context"
	"errors"
	"runtime"

	"github.com/tacit-mpc/tacit/internal/block"
	"github.com/tacit-mpc/tacit/ot"
	"golang.org/x/sync/errgroup"
)

// Interactive makes the correlated randomness among the parties themselves, secure against all but one of them: base OTs,
// correlated OT, authenticated shares, leaky AND triples, and buckets (protocol 7 to 10, 13 and 14).
func Interactive() Preprocessor { return interactive{} }

type interactive struct{}

func (interactive) dealer() bool { return false }

func (interactive) start(s *session) (source, error) {
	var seed [block.Size]byte
	if err := s.random(seed[:]); err != nil {
		return nil, err
	}
	defer clear(seed[:])
	return &generator{
		s: s, rand: block.NewStream(block.Load(seed[:])),
		keys: make([]*ot.KeyLink, s.plan.n), macs: make([]*ot.MACLink, s.plan.n),
	}, nil
}

// A generator is the interactive source of one session.
type generator struct {
	s    *session
	rand *block.Stream // private; the generator's own, so that what it draws does not depend on what the rest of the run draws
	keys []*ot.KeyLink // by peer j: link self<-j, where we hold Delta
	macs []*ot.MACLink // by peer i: link i<-self, where we hold the bits
	zero zeroShares
	next uint32 // the batch to be asked for

	pairs []pairSetup  // by peer, during set-up
	work  []*extension // batches whose shares are being made or used: 0 and 1 together, then each alone
}

var errBatch = errors.New("internal error: batch out of order or asked for twice")

func (g *generator) inputs(ctx context.Context) (*shares, error) {
	if g.next != 0 || g.rand == nil {
		return nil, errBatch
	}
	g.next = 1
	if err := g.s.drawDelta(); err != nil {
		return nil, err
	}
	if err := g.setup(ctx); err != nil {
		return nil, err
	}
	for t := range min(uint32(g.s.plan.batches), 1) + 1 {
		e, err := g.newExtension(t)
		if err != nil {
			return nil, err
		}
		g.work = append(g.work, e)
	}
	if err := g.fly(ctx, g.work, (*extension).correct); err != nil { // travels with S3
		return nil, err
	}
	if err := g.trees(ctx); err != nil {
		return nil, err
	}
	if err := g.fly(ctx, g.work, g.flights()...); err != nil {
		return nil, err
	}
	e := g.work[0]
	g.work = g.work[1:]
	defer e.mem.erase()
	if err := g.deltaCheck(ctx, e.delta); err != nil {
		return nil, err
	}
	return g.s.copyShares(g.s.mem, e.shares), nil
}

func (g *generator) chunk(ctx context.Context, t uint32) (*triples, error) {
	if t == 0 || t != g.next || g.rand == nil {
		return nil, errBatch
	}
	g.next++
	if t > 1 {
		e, err := g.newExtension(t)
		if err != nil {
			return nil, err
		}
		g.work = []*extension{e}
		if err := g.fly(ctx, g.work, append([]flight{(*extension).correct}, g.flights()...)...); err != nil {
			return nil, err
		}
	}
	e := g.work[0]
	la, err := g.leakyAND(ctx, e)
	if err != nil {
		return nil, err
	}
	return g.bucket(ctx, e, la)
}

func (g *generator) erase() {
	for i := range g.pairs {
		g.pairs[i].wipe()
	}
	for _, j := range g.s.plan.peers(g.s.self) {
		if g.keys[j] != nil {
			g.keys[j].Wipe()
		}
		if g.macs[j] != nil {
			g.macs[j].Wipe()
		}
	}
	for _, e := range g.work {
		e.coins.erase()
	}
	g.rand, g.zero, g.pairs, g.work = nil, nil, nil, nil
}

// copyShares returns a copy in another arena.
func (s *session) copyShares(a *arena, src *shares) *shares {
	dst := s.newShares(a, src.m)
	copy(dst.x, src.x)
	for j := range dst.mac {
		copy(dst.mac[j], src.mac[j])
		copy(dst.key[j], src.key[j])
	}
	return dst
}

// parallel runs f(0), ..., f(n-1) on as many processors as there are, and returns one of the errors.
func parallel(n int, f func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error { return f(i) })
	}
	return g.Wait()
}

// slabs runs f on consecutive ranges that cover m rows, in parallel. Ranges begin at multiples of 8, so that they share no
// byte of a bit vector.
func slabs(m int, f func(from, n int)) {
	const slab = 4096
	parallel((m+slab-1)/slab, func(i int) error {
		f(slab*i, min(slab, m-slab*i))
		return nil
	})
}
