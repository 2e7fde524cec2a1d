package mpc

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// Deal is the dealer: it serves one run of job over link, whose last seat it has, and returns when everything is dealt. See
// TrustDealer for what it can do to the parties. Of cfg only Rand is used.
func Deal(ctx context.Context, link channel.Channel, job Job, cfg *Config) error {
	if int(link.Self()) != link.N()-1 {
		return fmt.Errorf("deal: the dealer has seat %d of %d, want the last", link.Self(), link.N())
	}
	p, err := newPlan(link.N()-1, &job, true)
	if err != nil {
		return err
	}
	d := &dealing{plan: p, link: link, rand: rand.Reader}
	if cfg != nil && cfg.Rand != nil {
		d.rand = cfg.Rand
	}
	defer d.vault.erase()
	if err := d.keys(ctx); err != nil {
		return fmt.Errorf("deal keys: %w", err)
	}
	for t := range uint32(p.batches + 1) {
		if err := d.batch(ctx, t); err != nil {
			return fmt.Errorf("deal batch %d: %w", t, err)
		}
	}
	return nil
}

// A dealing is the dealer's side of one run.
type dealing struct {
	plan  *plan
	link  channel.Channel
	rand  io.Reader
	vault vault
	delta []block.Block    // by party
	seed  []block.Expander // by party
}

// keys draws and sends every party's global key and seed, and the tweak base.
func (d *dealing) keys(ctx context.Context) error {
	n := d.plan.n
	d.delta, d.seed = d.vault.arena().newBlocks(n), make([]block.Expander, n)
	base, err := block.Random(d.rand)
	if err != nil {
		return err
	}
	messages := make([][]byte, n)
	for i := range n {
		if d.delta[i], err = block.Random(d.rand); err != nil {
			return err
		}
		d.delta[i].Lo = d.delta[i].Lo&^1 | d.plan.deltaLSB(i)
		seed, err := block.Random(d.rand)
		if err != nil {
			return err
		}
		d.seed[i] = block.NewExpander(seed)
		messages[i] = block.Append(nil, d.delta[i], base, seed)
	}
	return d.each(ctx, func(ctx context.Context, i int) error { return d.link.SendTo(ctx, party(i), messages[i]) })
}

// batch deals batch t: first the shares that follow from the seeds, then what makes them fit.
func (d *dealing) batch(ctx context.Context, t uint32) error {
	mem := d.vault.arena()
	defer mem.erase()
	m := d.plan.circ.NumInputs()
	if t > 0 {
		m = 4 * d.plan.size
	}
	dealt := make([]*shares, d.plan.n)
	for i := range dealt {
		dealt[i] = newShares(mem, d.plan.n, i, m)
		expandDealt(d.seed[i], t, dealt[i])
	}
	if t > 0 {
		correctProducts(dealt, d.plan.size)
	}
	return d.each(ctx, func(ctx context.Context, i int) error {
		for _, j := range d.plan.peers(i) {
			if err := d.sendMACs(ctx, i, j, dealt); err != nil {
				return err
			}
		}
		if t == 0 || i != 0 {
			return nil
		}
		c := append([]byte(nil), dealt[0].x[3*d.plan.size/8:]...)
		return d.link.SendTo(ctx, party(0), c)
	})
}

// correctProducts changes party 0's bits of the last of four groups of shares so that C = A & B.
func correctProducts(dealt []*shares, size int) {
	n := size / 8
	a, b, c := make([]byte, n), make([]byte, n), make([]byte, n)
	for _, sh := range dealt {
		for k := range n {
			a[k] ^= sh.x[n+k]
			b[k] ^= sh.x[2*n+k]
			c[k] ^= sh.x[3*n+k]
		}
	}
	for k := range n {
		dealt[0].x[3*n+k] ^= a[k]&b[k] ^ c[k]
	}
}

// sendMACs sends party i the MACs of its bits under the key of party j.
func (d *dealing) sendMACs(ctx context.Context, i, j int, dealt []*shares) error {
	key, x := dealt[j].key[i], dealt[i].x
	for r := 0; r < len(key); r += maxPayload / block.Size {
		mac := append([]block.Block(nil), key[r:min(len(key), r+maxPayload/block.Size)]...)
		block.MulAdd(mac, x[r/8:], d.delta[j])
		if err := d.link.SendTo(ctx, party(i), block.Append(make([]byte, 0, len(mac)*block.Size), mac...)); err != nil {
			return err
		}
	}
	return nil
}

// each serves all parties at once, since one may wait for another before it takes what is dealt to it.
func (d *dealing) each(ctx context.Context, serve func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range d.plan.n {
		g.Go(func() error { return serve(ctx, i) })
	}
	return g.Wait()
}

// expandDealt fills the bits and keys of a batch from a party's seed.
func expandDealt(seed block.Expander, t uint32, sh *shares) {
	stream := dealtStream{seed: seed, batch: t}
	stream.read(sh.x)
	if sh.m%8 != 0 {
		sh.x[len(sh.x)-1] &= 1<<(sh.m%8) - 1
	}
	buf := make([]byte, 256*block.Size)
	for _, key := range sh.key {
		for len(key) > 0 {
			n := min(len(key), 256)
			stream.read(buf[:n*block.Size])
			for r := range n {
				key[r] = block.Load(buf[r*block.Size:])
			}
			key = key[n:]
		}
	}
	clear(buf)
}

// dealtStream reads PRG(sd, 6, batch) from its beginning.
type dealtStream struct {
	seed  block.Expander
	batch uint32
	first uint64 // counter of the block behind buf
	buf   [4096]byte
	left  int // unread bytes at the end of buf
}

func (d *dealtStream) read(p []byte) {
	for len(p) > 0 {
		if d.left == 0 {
			d.seed.Fill(d.buf[:], block.DomDealer, d.batch, d.first)
			d.first += uint64(len(d.buf) / block.Size)
			d.left = len(d.buf)
		}
		n := copy(p, d.buf[len(d.buf)-d.left:])
		p, d.left = p[n:], d.left-n
	}
}
