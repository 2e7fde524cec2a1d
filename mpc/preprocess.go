package mpc

import (
	"context"

	"github.com/tacit-mpc/tacit/internal/block"
)

// A Preprocessor says where the correlated randomness of a run comes from: Interactive or TrustDealer.
type Preprocessor interface {
	// dealer reports whether the randomness is trusted to a third party; it goes into the session id.
	dealer() bool
	// start begins the preprocessing of a session whose sid is known. A Preprocessor that can serve only once refuses the
	// second call.
	start(s *session) (source, error)
}

// A source delivers the correlated randomness of one session, batch after batch, each once and in order.
type source interface {
	// inputs runs batch 0 and returns the masks of the input wires, in circuit order, in the arena of the run. It sets the global
	// key and the tweak base of the session. The interactive source starts with S2.
	inputs(ctx context.Context) (*shares, error)
	// chunk runs batch t = 1, 2, ... through BK1. It may run in another goroutine while earlier chunks are garbled.
	chunk(ctx context.Context, t uint32) (*triples, error)
	// erase overwrites the secrets that are not in an arena. It is called once nothing else runs.
	erase()
}

// triples is the preprocessed randomness of one chunk with G AND gates, before OP1.
type triples struct {
	mem  *arena  // holds everything below; the receiver erases it
	mask *shares // G rows or more: <lambda> of the output of AND gate g
	a, b *shares // G rows or more: <A_g>, <B_g>
	// f holds (B-1)*G rows to be opened in OP1, gate by gate: f_{0,1}..f_{0,B-1}, f_{1,1}.. (protocol 14). Nil with a dealer.
	f *shares
	// product returns <C_g> = <A_g & B_g>, G rows or more, given the opened f. It is called once.
	product func(f block.Bits) *shares
}
