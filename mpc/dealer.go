package mpc

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// The trusted dealer of protocol 24 sends, to each party i, in pieces of at most maxPayload bytes:
//
//	once:       Delta_i || S || sd_i                                       (48 bytes)
//	each batch: for each j != i in increasing order the MACs M_j[x^i]      (16 bytes a share)
//	            batch t >= 1, to party 0: its bits of C                    (packed)
//
// Everything else follows from PRG(sd_i, 6, batch): the bits, then for each j != i the keys.
const dealtKeys = 3 * block.Size

// TrustDealer takes the correlated randomness from a dealer instead of making it together. INSECURE against the dealer: whoever
// runs Deal can learn every input and falsify every result. It exists for tests and benchmarks; the parties notice if not all
// of them ask for it.
//
// link connects the parties, in their seats, and the dealer in the seat after the last. It serves one run.
func TrustDealer(link channel.Channel) Preprocessor { return &dealerClient{link: link} }

type dealerClient struct {
	link channel.Channel
	used atomic.Bool
}

func (d *dealerClient) dealer() bool { return true }

func (d *dealerClient) start(s *session) (source, error) {
	if d.used.Swap(true) {
		return nil, errors.New("dealer: a link serves one run only")
	}
	if d.link.N() != s.plan.n+1 || int(d.link.Self()) != s.self {
		return nil, fmt.Errorf("dealer: link has seat %d of %d, want %d of %d", d.link.Self(), d.link.N(), s.self, s.plan.n+1)
	}
	return &dealt{s: s, link: d.link}, nil
}

// dealt is the source of one session with a dealer.
type dealt struct {
	s    *session
	link channel.Channel
	seed block.Expander
	next uint32 // batch
}

func (d *dealt) inputs(ctx context.Context) (*shares, error) {
	if d.next != 0 {
		return nil, errors.New("dealer: batch 0 is used")
	}
	d.next = 1
	p := d.s.mem.newBytes(dealtKeys)
	if err := d.read(ctx, p); err != nil {
		return nil, err
	}
	d.s.delta, d.s.base = block.Load(p), block.Load(p[block.Size:])
	d.seed = block.NewExpander(block.Load(p[2*block.Size:]))
	clear(p)
	return d.batch(ctx, d.s.mem, 0, d.s.plan.circ.NumInputs())
}

func (d *dealt) chunk(ctx context.Context, t uint32) (*triples, error) {
	if t != d.next {
		return nil, fmt.Errorf("dealer: batch %d asked for, %d is next", t, d.next)
	}
	d.next++
	mem := d.s.vault.arena()
	l := d.s.plan.size
	all, err := d.batch(ctx, mem, t, 4*l)
	if err != nil {
		return nil, err
	}
	if d.s.self == 0 {
		c := all.x[3*l/8:]
		if err := d.read(ctx, c); err != nil {
			return nil, err
		}
	}
	var part [4]*shares // lambda, A, B, C
	for k := range part {
		part[k] = all.rows(k*l, l)
		mem.keep(part[k].x)
	}
	return &triples{mem: mem, mask: part[0], a: part[1], b: part[2], product: func(block.Bits) *shares { return part[3] }}, nil
}

func (d *dealt) erase() { d.seed = block.Expander{} }

// batch receives and expands m authenticated shares.
func (d *dealt) batch(ctx context.Context, mem *arena, t uint32, m int) (*shares, error) {
	sh := d.s.newShares(mem, m)
	expandDealt(d.seed, t, sh)
	buf := mem.newBytes(min(block.Size*m, maxPayload))
	for _, mac := range sh.mac {
		for len(mac) > 0 {
			n := min(len(mac), maxPayload/block.Size)
			if err := d.read(ctx, buf[:n*block.Size]); err != nil {
				return nil, err
			}
			if err := block.Parse(mac[:n], buf[:n*block.Size]); err != nil {
				return nil, err
			}
			mac = mac[n:]
		}
	}
	clear(buf)
	return sh, nil
}

// read receives one piece of exactly the length of p from the dealer.
func (d *dealt) read(ctx context.Context, p []byte) error {
	msg, err := d.link.RecvFrom(ctx, party(d.s.plan.n))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("receive from the dealer: %w", err)
	}
	if len(msg) != len(p) {
		return fmt.Errorf("receive from the dealer: %d bytes instead of %d", len(msg), len(p))
	}
	copy(p, msg)
	clear(msg)
	return nil
}
