package mpc

import (
	"context"
	"sync"
)

// A prefetcher runs the preprocessing of a chunk while the chunk before is garbled and evaluated, which touches no wires and has
// its own lane on every link (protocol 12.3). It is never more than one chunk ahead.
type prefetcher struct {
	s       *session
	from    source
	batches int

	running sync.WaitGroup
	next    chan fetched // of the batch being prefetched; holds one
}

type fetched struct {
	tr  *triples
	err error
}

func newPrefetcher(s *session, from source) *prefetcher {
	return &prefetcher{s: s, from: from, batches: s.plan.batches, next: make(chan fetched, 1)}
}

// begin starts with batch t, if there is one.
func (p *prefetcher) begin(ctx context.Context, t uint32) {
	if int(t) > p.batches {
		return
	}
	p.running.Go(func() {
		tr, err := p.from.chunk(ctx, t)
		if err != nil {
			p.s.end(err) // nobody may be waiting for this chunk yet
		}
		p.next <- fetched{tr, err}
	})
}

// chunk waits for batch t, which was begun, and begins with the next.
func (p *prefetcher) chunk(ctx context.Context, t uint32) (*triples, error) {
	select {
	case f := <-p.next:
		if f.err == nil {
			p.begin(ctx, t+1)
		}
		return f.tr, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// wait waits until nothing is being prefetched any more: at the end of the run, after its context ended if it failed.
func (p *prefetcher) wait() { p.running.Wait() }
