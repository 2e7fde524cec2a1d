package mpc

import "context"

// A reveal is three steps by which all parties show a value at once (protocol 5.3): everyone commits, the commitments are
// echoed, and everyone opens.
type reveal struct {
	label              string
	commit, echo, open step
}

var (
	revealDelta = reveal{"dc-commit", stepDC1, stepDC2, stepDC3}
	revealD     = reveal{"la-d", stepLA2, stepLA3, stepLA4}
	revealTheta = reveal{"la-th", stepLA6, stepLA7, stepLA8}
)

// reveal shows our value m and takes those of the peers. each is called with the value of every peer, and sum after that;
// their errors abort the run like an opening that does not match, sum's without blame.
func (g *generator) reveal(ctx context.Context, rv reveal, batch uint32, m []byte, each func(from int, m []byte) error, sum func() error) error {
	s := g.s
	r := make([]byte, hashSize)
	g.rand.Read(r)
	com := s.commitment(rv.label, batch, s.self, m, r)
	if err := s.broadcast(ctx, rv.commit, batch, com[:]); err != nil {
		return err
	}
	commits, err := s.gather(ctx, rv.commit, batch)
	if err != nil {
		return err
	}
	commits[s.self] = com[:]
	if err := s.echo(ctx, rv.echo, batch, commits); err != nil {
		return err
	}
	if err := s.broadcast(ctx, rv.open, batch, m, r); err != nil {
		return err
	}
	msgs, err := s.gather(ctx, rv.open, batch)
	if err != nil {
		return err
	}
	failed := make([]error, s.plan.n)
	good := true
	for _, i := range s.plan.peers(s.self) {
		m, r := msgs[i][:len(m)], msgs[i][len(m):]
		err := s.checkOpening(rv.label, batch, i, m, r, commits[i])
		if bad := each(i, m); err == nil {
			err = bad
		}
		failed[i] = err
		good = good && err == nil
	}
	if err := sum(); err != nil && good {
		return s.abort(rv.open, -1, err.Error())
	}
	return s.verify(rv.open, batch, func(from int) error { return failed[from] })
}

// openCoin opens a coin to all in a step of its own, and returns its value.
func (s *session) openCoin(ctx context.Context, c *coinSet, st step, id byte) ([hashSize]byte, error) {
	if err := s.broadcast(ctx, st, c.batch, c.opening(id)); err != nil {
		return [hashSize]byte{}, err
	}
	msgs, err := s.gather(ctx, st, c.batch)
	if err != nil {
		return [hashSize]byte{}, err
	}
	if err := s.verify(st, c.batch, func(from int) error { return c.opened(id, from, msgs[from]) }); err != nil {
		return [hashSize]byte{}, err
	}
	return c.value(id)
}
