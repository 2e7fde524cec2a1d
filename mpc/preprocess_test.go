package mpc

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// A godView sees all parties of a run and asserts the invariants that no party alone can check. Its observe is the observer of
// every party. It copies what it is shown, and asserts when all parties have shown theirs.
type godView struct {
	t  testing.TB
	mu sync.Mutex

	n      int
	delta  []block.Block
	base   []block.Block
	seen   map[string][]any // by event and batch, by party
	counts map[string]int   // assertions made, by event
	tweaks map[[3]uint64]bool
}

func newGodView(t testing.TB, n int) *godView {
	return &godView{t: t, n: n, delta: make([]block.Block, n), base: make([]block.Block, n),
		seen: map[string][]any{}, counts: map[string]int{}, tweaks: map[[3]uint64]bool{}}
}

// copyOf is a deep copy of shares.
func (sh *shares) copyOf() *shares {
	if sh == nil {
		return nil
	}
	c := &shares{m: sh.m, x: slices.Clone(sh.x), mac: make([][]block.Block, len(sh.mac)), key: make([][]block.Block, len(sh.key))}
	for j := range sh.mac {
		c.mac[j], c.key[j] = slices.Clone(sh.mac[j]), slices.Clone(sh.key[j])
	}
	return c
}

func (v *godView) observe(s *session, event string, batch uint32, value any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.delta[s.self], v.base[s.self] = s.delta, s.base
	switch x := value.(type) {
	case *shares:
		value = x.copyOf()
	case *leakyAND:
		value = &leakyAND{batch: x.batch, a: x.a.copyOf(), b: x.b.copyOf(), r: x.r.copyOf(), lambda: x.lambda.copyOf(),
			phi: slices.Clone(x.phi), s: slices.Clone(x.s)}
	case *triples:
		value = &triples{mask: x.mask.copyOf(), a: x.a.copyOf(), b: x.b.copyOf(), f: x.f.copyOf()}
	case []block.Block:
		if event == "tweaks" { // pitfall 2
			for _, t := range x {
				id := [3]uint64{uint64(s.self), t.Lo, t.Hi}
				if v.tweaks[id] {
					v.t.Errorf("party %d uses a tweak twice", s.self)
				}
				v.tweaks[id] = true
			}
		}
		return
	default:
		return
	}
	key := fmt.Sprint(event, batch)
	if v.seen[key] == nil {
		v.seen[key] = make([]any, v.n)
	}
	all := v.seen[key]
	all[s.self] = value
	for _, x := range all {
		if x == nil {
			return
		}
	}
	delete(v.seen, key)
	v.counts[event]++
	v.assert(event, batch, all)
}

func (v *godView) assert(event string, batch uint32, all []any) {
	switch event {
	case "shares":
		v.macs(event, collect(all, func(x *shares) *shares { return x }))
		if batch == 0 {
			v.bases()
		}
	case "leaky sum":
		v.leakySums(all)
	case "leaky tau":
		for p := range all[0].(*leakyAND).s {
			var sum block.Block
			for i := range all {
				sum = sum.Xor(all[i].(*leakyAND).s[p])
			}
			if !sum.IsZero() {
				v.t.Fatalf("triple %d: tau does not sum to zero", p)
			}
		}
	case "leaky triples":
		a := collect(all, func(x *leakyAND) *shares { return x.a })
		b := collect(all, func(x *leakyAND) *shares { return x.b })
		c := collect(all, func(x *leakyAND) *shares { return x.r })
		for _, sh := range [][]*shares{a, b, c} {
			v.macs(event, sh)
		}
		for p := range a[0].m {
			if opened(c, p) != opened(a, p)&opened(b, p) {
				v.t.Fatalf("triple %d: c != a & b", p)
			}
		}
	case "buckets":
		for _, part := range []func(*triples) *shares{
			func(x *triples) *shares { return x.mask }, func(x *triples) *shares { return x.a },
			func(x *triples) *shares { return x.b }, func(x *triples) *shares { return x.f },
		} {
			v.macs(event, collect(all, part))
		}
		v.seen[fmt.Sprint("kept", batch)] = all
	case "products":
		tr := v.seen[fmt.Sprint("kept", batch)]
		delete(v.seen, fmt.Sprint("kept", batch))
		a := collect(tr, func(x *triples) *shares { return x.a })
		b := collect(tr, func(x *triples) *shares { return x.b })
		c := collect(all, func(x *shares) *shares { return x })
		v.macs(event, c)
		for g := range c[0].m {
			if opened(c, g) != opened(a, g)&opened(b, g) {
				v.t.Fatalf("bucket %d: C != A & B", g)
			}
		}
	}
}

// collect picks the shares out of what every party showed.
func collect[T any](all []any, part func(T) *shares) []*shares {
	out := make([]*shares, len(all))
	for i := range all {
		out[i] = part(all[i].(T))
	}
	return out
}

// opened is the value of a share.
func opened(sh []*shares, r int) (v uint64) {
	for _, s := range sh {
		v ^= s.x.Get(r)
	}
	return v
}

// macs asserts M_j[x^i] = K_j[x^i] ^ x^i*Delta_j for every row and ordered pair.
func (v *godView) macs(event string, sh []*shares) {
	for i := range v.n {
		for j := range v.n {
			if i == j {
				continue
			}
			for r := range sh[i].m {
				want := sh[j].key[i][r].Xor(v.delta[j].And(block.Mask(sh[i].x.Get(r))))
				if !sh[i].mac[j][r].Equal(want) {
					v.t.Fatalf("%s: row %d: MAC of party %d under the key of %d", event, r, i, j)
				}
			}
		}
	}
}

// leakySums asserts that Phi sums to b*DS, and s to (a*b ^ r)*DS.
func (v *godView) leakySums(all []any) {
	a := collect(all, func(x *leakyAND) *shares { return x.a })
	b := collect(all, func(x *leakyAND) *shares { return x.b })
	r := collect(all, func(x *leakyAND) *shares { return x.r })
	var ds block.Block
	for _, d := range v.delta {
		ds = ds.Xor(d)
	}
	if ds.LSB() != 1 {
		v.t.Fatal("the lowest bits of Delta do not sum to one")
	}
	for p := range a[0].m {
		var phi, s block.Block
		for i := range all {
			phi = phi.Xor(all[i].(*leakyAND).phi[p])
			s = s.Xor(all[i].(*leakyAND).s[p])
		}
		if !phi.Equal(ds.And(block.Mask(opened(b, p)))) {
			v.t.Fatalf("triple %d: Phi does not sum to b*DS", p)
		}
		if !s.Equal(ds.And(block.Mask(opened(a, p)&opened(b, p) ^ opened(r, p)))) {
			v.t.Fatalf("triple %d: s does not sum to (ab ^ r)*DS", p)
		}
	}
}

// bases asserts that all parties have the same S, and have it (pitfall 3).
func (v *godView) bases() {
	for _, b := range v.base {
		if b.IsZero() || !b.Equal(v.base[0]) {
			v.t.Fatal("the parties differ in S")
		}
	}
}

// TestGodView asserts every invariant of the preprocessing after every step, for all depths, several chunks with a partial last
// one, both orders, and every evaluator.
func TestGodView(t *testing.T) {
	for _, c := range []struct{ n, e, k, buckets, size, ands int }{
		{2, 0, 4, 3, 8, 20}, {2, 1, 1, 2, 16, 40}, {2, 0, 2, 4, 8, 8}, {2, 1, 8, 5, 8, 1},
		{3, 0, 4, 3, 8, 17}, {3, 1, 8, 4, 16, 33}, {3, 2, 1, 2, 8, 30}, {3, 0, 2, 3, 24, 24},
		{4, 3, 4, 3, 8, 9}, {5, 2, 4, 2, 8, 20},
		{2, 0, 4, 7, 128, 130}, {3, 1, 4, 7, 128, 100},
	} {
		t.Run(fmt.Sprintf("n=%d/e=%d/k=%d/B=%d/L=%d/A=%d", c.n, c.e, c.k, c.buckets, c.size, c.ands), func(t *testing.T) {
			circ := randomCircuit(t, uint64(c.ands), shape{parties: c.n, inputs: 9, ands: c.ands, free: 30, plain: true})
			god := newGodView(t, c.n)
			p := &play{in: randomInputs(circ, 3), observe: god.observe, job: Job{
				Circuit: circ, Evaluator: channel.Party(c.e), Params: tinyParams(c.buckets, c.size)}}
			p.job.Params.K, p.job.Params.TwoPhase = c.k, c.ands%2 == 0
			p.mustAgree(t)
			chunks := (c.ands + c.size - 1) / c.size
			for event, want := range map[string]int{
				"shares": chunks + 1, "leaky sum": chunks, "leaky tau": chunks, "leaky triples": chunks, "buckets": chunks, "products": chunks,
			} {
				if god.counts[event] != want {
					t.Errorf("%d assertions after %s, want %d", god.counts[event], event, want)
				}
			}
			if len(god.tweaks) < c.n*(c.n-1)*2*chunks*c.buckets*c.size {
				t.Errorf("%d tweaks recorded", len(god.tweaks))
			}
		})
	}
}
