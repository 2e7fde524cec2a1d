package mpc

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// A god sees what all parties hold, and checks what no single one can.
type god struct {
	t    *testing.T
	play *play

	mu     sync.Mutex
	delta  map[int]block.Block
	base   map[int]block.Block
	inputs map[int]*shares
	masks  map[uint32]map[int][4]*shares // left, right, output, product
	labels map[uint32]map[int][][]block.Block
	values map[uint32]map[int]block.Bits
	done   map[int]map[int]wire // by party and output
	tweaks map[int]map[block.Block]bool
}

// A wire is what a party holds of an output wire.
type wire struct {
	share  *shares
	zero   block.Block
	active []block.Block
	value  uint64
}

func newGod(t *testing.T, p *play) *god {
	g := &god{t: t, play: p, delta: make(map[int]block.Block), base: make(map[int]block.Block), inputs: make(map[int]*shares),
		masks: make(map[uint32]map[int][4]*shares), labels: make(map[uint32]map[int][][]block.Block),
		values: make(map[uint32]map[int]block.Bits), done: make(map[int]map[int]wire), tweaks: make(map[int]map[block.Block]bool)}
	p.observe = g.observe
	return g
}

func put[K comparable, V any](m map[K]map[int]V, k K, party int, v V) {
	if m[k] == nil {
		m[k] = make(map[int]V)
	}
	m[k][party] = v
}

func (g *god) observe(s *session, event string, batch uint32, value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch event {
	case "inputs":
		g.delta[s.self], g.base[s.self] = s.delta, s.base
		g.inputs[s.self] = value.(*shares).copyOf()
	case "masks":
		w := value.(*work)
		put(g.masks, batch, s.self, [4]*shares{w.left.copyOf(), w.right.copyOf(), w.out.copyOf(), w.product.copyOf()})
	case "evaluated":
		w := value.(*work)
		if s.plan.garbler(s.self) {
			put(g.labels, batch, s.self, [][]block.Block{slices.Clone(w.label)})
			return
		}
		var labels [][]block.Block
		for _, l := range w.eval.label {
			labels = append(labels, slices.Clone(l))
		}
		put(g.labels, batch, s.self, labels)
		put(g.values, batch, s.self, slices.Clone(w.eval.out))
	case "done":
		e := value.(*engine)
		for k, w := range s.plan.circ.Outputs() {
			slot := e.slots.Of(w)
			out := wire{share: s.newShares(e.s.vault.arena(), 1), value: e.values.Get(slot)}
			out.share.set(0, e.masks, slot)
			out.share = out.share.copyOf()
			if e.garbles() {
				out.zero = e.zero[slot]
			}
			for _, l := range e.active {
				if l == nil {
					out.active = append(out.active, block.Block{})
				} else {
					out.active = append(out.active, l[slot])
				}
			}
			put(g.done, s.self, k, out)
		}
	case "tweaks":
		if g.tweaks[s.self] == nil {
			g.tweaks[s.self] = make(map[block.Block]bool)
		}
		for _, tw := range value.([]block.Block) {
			// A party hashes each tweak of its own Delta once with both values (pitfall 2). Those of others are seen once too.
			if g.tweaks[s.self][tw] {
				g.t.Errorf("party %d: a tweak occurs twice in batch %d", s.self, batch)
			}
			g.tweaks[s.self][tw] = true
		}
	}
}

// open checks the MACs of row r of a share at all parties and returns its value.
func (g *god) open(what string, r int, of func(party int) *shares) uint64 {
	g.t.Helper()
	x := uint64(0)
	n := len(g.delta)
	for i := range n {
		bit := of(i).x.Get(r)
		x ^= bit
		for j := range n {
			if i == j {
				continue
			}
			want := of(j).key[i][r].Xor(g.delta[j].And(block.Mask(bit)))
			if of(i).mac[j][r] != want {
				g.t.Errorf("%s %d: MAC of party %d under the key of %d does not fit", what, r, i, j)
			}
		}
	}
	return x
}

// check asserts the invariants after an honest run.
func (g *god) check() {
	t, n, e := g.t, len(g.delta), int(g.play.job.Evaluator)
	lsb := uint64(0)
	for i := range n {
		lsb ^= g.delta[i].LSB()
		if g.base[i] != g.base[0] {
			t.Errorf("party %d has another tweak base", i)
		}
	}
	if lsb != 1 {
		t.Error("the lowest bits of all global keys do not XOR to 1")
	}
	for r := range g.play.job.Circuit.NumInputs() {
		g.open("input mask", r, func(i int) *shares { return g.inputs[i] })
	}
	for batch, by := range g.masks {
		for r := range by[0][3].m {
			var v [4]uint64
			for k := range v {
				v[k] = g.open(fmt.Sprintf("batch %d mask kind %d gate", batch, k), r, func(i int) *shares { return by[i][k] })
			}
			if v[3] != v[0]&v[1] {
				t.Errorf("batch %d gate %d: product of the masks is wrong", batch, r)
			}
			for i := range n {
				if i == e {
					continue
				}
				zero, active := g.zeroLabel(batch, i, r), g.labels[batch][e][i][r]
				if want := zero.Xor(g.delta[i].And(block.Mask(g.values[batch][e].Get(r)))); active != want {
					t.Errorf("batch %d gate %d: active label of garbler %d does not fit", batch, r, i)
				}
			}
		}
	}
	clear, err := g.play.job.Circuit.Eval(g.play.in)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range clear {
		g.checkOutput(k, want, e)
	}
}

// zeroLabel is the zero label of an AND output.
func (g *god) zeroLabel(batch uint32, garbler, r int) block.Block {
	return g.labels[batch][garbler][0][r]
}

func (g *god) checkOutput(k int, want bool, e int) {
	n := len(g.delta)
	lambda := g.open("output mask", 0, func(i int) *shares { return g.done[i][k].share })
	for i := range n {
		w := g.done[i][k]
		if (w.value^lambda == 1) != want {
			g.t.Errorf("output %d: party %d has a wrong masked value", k, i)
		}
		if i != e && g.done[e][k].active[i] != w.zero.Xor(g.delta[i].And(block.Mask(w.value))) {
			g.t.Errorf("output %d: active label of garbler %d does not fit", k, i)
		}
	}
}

// TestInvariants looks into honest runs from above.
func TestInvariants(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for e := range n {
			for _, dealer := range []bool{true, false} {
				if !dealer && (n > 3 && e > 0) {
					continue
				}
				t.Run(fmt.Sprintf("n=%d/e=%d/dealer=%v", n, e, dealer), func(t *testing.T) {
					c := randomCircuit(t, uint64(n+e), shape{parties: n, inputs: 7, ands: 14, free: 30})
					p := &play{dealer: dealer, in: randomInputs(c, 8), job: Job{Circuit: c, Evaluator: channel.Party(e), Params: tinyParams(2, 8)}}
					if dealer {
						p.job.Params = tinyParams(1, 8)
					}
					g := newGod(t, p)
					p.mustAgree(t)
					g.check()
				})
			}
		}
	}
}

// TestConstantOne is pitfall 21: the active label of constant 1 is 0, and so is that of constant 0.
func TestConstantOne(t *testing.T) {
	c, err := circuit.New([]int{1, 0, 0}, []circuit.Gate{{Op: circuit.Zero}, {Op: circuit.One}}, []circuit.Wire{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	p := &play{dealer: true, in: [][]bool{{true}, nil, nil}, job: Job{Circuit: c, Params: tinyParams(1, 8)}}
	g := newGod(t, p)
	p.mustAgree(t)
	g.check()
	for k := range 2 {
		for i, l := range g.done[0][k].active {
			if !l.IsZero() {
				t.Errorf("constant %d: active label of garbler %d is not 0", k, i)
			}
		}
	}
}

// TestSameLabels is pitfall 1: where both inputs of a gate have the same labels, the tables must not give the zero label away.
func TestSameLabels(t *testing.T) {
	gates := map[string][]circuit.Gate{
		"a and a":           {{Op: circuit.And, A: 0, B: 0}},
		"a and not a":       {{Op: circuit.Not, A: 0}, {Op: circuit.And, A: 0, B: 2}},
		"a and (a ^ b) ^ b": {{Op: circuit.Xor, A: 0, B: 1}, {Op: circuit.Xor, A: 2, B: 1}, {Op: circuit.And, A: 0, B: 3}},
	}
	for name, list := range gates {
		for range 10 {
			c, err := circuit.New([]int{1, 1}, list, []circuit.Wire{0, circuit.Wire(1 + len(list))})
			if err != nil {
				t.Fatal(err)
			}
			p := &play{dealer: true, in: [][]bool{{true}, {true}}, job: Job{Circuit: c, Params: tinyParams(1, 8)}}
			var g0, g1 block.Block
			p.mesh.Tamper = func(from, to channel.Party, _ int, msg []byte) [][]byte {
				if f, err := parseFrame(msg); err == nil && f.step == stepGB1 {
					g0, g1 = block.Load(f.payload), block.Load(f.payload[block.Size:])
				}
				return [][]byte{msg}
			}
			g := newGod(t, p)
			p.mustAgree(t)
			zero := g.done[1][0].zero
			if x := g0.Xor(g1); x == zero || x == zero.Xor(g.delta[1]) {
				t.Errorf("%s: the tables show a label of the input", name)
			}
		}
	}
}
