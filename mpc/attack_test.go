package mpc

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

const anyone = -1

// An attack changes the messages of a corrupted party on their way. The corrupted party itself follows the program, so what it
// keeps is as if it had not cheated.
type attack struct {
	step     step
	batch    int // or anyone
	from, to int // or anyone
	change   func(payload []byte) []byte
}

// tamper applies attacks, and keeps the corrupted parties from telling that they noticed something.
func tamper(corrupt []int, attacks ...attack) func(from, to channel.Party, index int, msg []byte) [][]byte {
	return func(from, to channel.Party, _ int, msg []byte) [][]byte {
		f, err := parseFrame(msg)
		if err != nil {
			return [][]byte{msg}
		}
		if (f.step == stepAbort || f.step == stepLeave) && slices.Contains(corrupt, int(from)) {
			return nil
		}
		payload := f.payload
		for _, a := range attacks {
			if a.step == f.step && (a.batch == anyone || a.batch == int(f.batch)) &&
				(a.from == anyone || a.from == int(from)) && (a.to == anyone || a.to == int(to)) {
				payload = a.change(slices.Clone(payload))
			}
		}
		return [][]byte{append(appendHeader(nil, f.step, f.batch, f.fragment, f.last), payload...)}
	}
}

// flip flips one bit; negative positions count from the end.
func flip(bit int) func([]byte) []byte {
	return func(p []byte) []byte {
		if len(p) == 0 {
			return p
		}
		k := (bit%(8*len(p)) + 8*len(p)) % (8 * len(p))
		p[k/8] ^= 1 << (k % 8)
		return p
	}
}

// An outcome is what the honest parties of a play saw.
type outcome struct {
	checks []string // steps whose check failed at an honest party
	lost   bool     // an honest party lost somebody
	right  bool     // all honest parties finished with the right output
}

// judge runs a play in virtual time and fails the test if an honest party gets a wrong output. also are further outputs that count
// as right: the corrupted parties may choose their inputs.
func judge(t *testing.T, p *play, corrupt []int, also ...[][]bool) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		allowed := append([][][]bool{p.want(t)}, also...)
		o.right = true
		for i, r := range p.run(t) {
			if slices.Contains(corrupt, i) {
				continue
			}
			var abort *AbortError
			var lost *LostError
			switch {
			case r.err == nil:
				if !slices.ContainsFunc(allowed, func(want [][]bool) bool { return slices.Equal(r.out, want[i]) }) {
					t.Errorf("party %d: WRONG OUTPUT %v, want %v", i, r.out, allowed[0][i])
				}
				continue
			case errors.As(r.err, &abort):
				if step, _, ok := strings.Cut(abort.Check, ": "); ok {
					o.checks = append(o.checks, step)
				}
			case errors.As(r.err, &lost):
				o.lost = true
			default:
				t.Errorf("party %d: %v", i, r.err)
			}
			o.right = false
		}
	})
	return o
}

// mustAbort demands that a check of one of the steps fails first, at an honest party.
func mustAbort(t *testing.T, p *play, corrupt []int, steps ...step) {
	t.Helper()
	o := judge(t, p, corrupt)
	if o.right || len(o.checks) == 0 {
		t.Errorf("no check failed: %+v", o)
	}
	for _, c := range o.checks {
		if !slices.ContainsFunc(steps, func(st step) bool { return st.String() == c }) {
			t.Errorf("a check of %s failed, want %v", c, steps)
		}
	}
}

// rate demands that the share of aborts is as given, all in the given steps. It allows five standard deviations, which a right
// program exceeds once in two million times; with three and a half, one run of all tests in three hundred would fail for nothing.
func rate(t *testing.T, runs int, want float64, make func() *play, corrupt []int, steps ...step) {
	t.Helper()
	aborts := 0
	for range runs {
		o := judge(t, make(), corrupt)
		if o.lost {
			t.Fatal("a party was lost")
		}
		if !o.right {
			aborts++
		}
		for _, c := range o.checks {
			if !slices.ContainsFunc(steps, func(st step) bool { return st.String() == c }) {
				t.Fatalf("a check of %s failed, want %v", c, steps)
			}
		}
	}
	mean, dev := want*float64(runs), math.Sqrt(float64(runs)*want*(1-want))
	if math.Abs(float64(aborts)-mean) > 5*dev+1e-9 {
		t.Errorf("%d of %d runs aborted, want about %.0f", aborts, runs, mean)
	}
}

// chain is a circuit where every AND output feeds an AND, and every party has two inputs and learns the last output.
func chain(t testing.TB, n int) *circuit.Circuit {
	widths := make([]int, n)
	for i := range widths {
		widths[i] = 2
	}
	var gates []circuit.Gate
	last := 0
	for q := range 4 {
		gates = append(gates, circuit.Gate{Op: circuit.And, A: circuit.Wire(last), B: circuit.Wire((q + 1) % (2 * n))})
		last = 2*n + q
	}
	c, err := circuit.New(widths, gates, []circuit.Wire{circuit.Wire(last)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// single is one AND gate of a bit of the first and a bit of the last party.
func single(t testing.TB, n int) *circuit.Circuit {
	widths := make([]int, n)
	widths[0], widths[n-1] = 1, 1
	c, err := circuit.New(widths, []circuit.Gate{{Op: circuit.And, A: 0, B: 1}}, []circuit.Wire{2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// appease makes a corrupted garbler go on whatever it notices: it sees echoes like its own, and hashes of labels that fit its own.
func appease(p *play, x int) {
	a := &appeaser{x: x, known: make(map[name]chan struct{}), echoes: make(map[name][]byte), labels: make(map[uint32][]block.Block)}
	p.observe = a.observe
	next := p.mesh.Tamper
	p.mesh.Tamper = func(from, to channel.Party, index int, msg []byte) [][]byte {
		f, err := parseFrame(msg)
		if err == nil && int(from) == x {
			a.sent(f)
		}
		if err == nil && int(to) == x {
			a.appease(f)
		}
		return next(from, to, index, msg)
	}
}

type appeaser struct {
	x      int
	mu     sync.Mutex
	known  map[name]chan struct{} // closed when what the cheater expects is known
	echoes map[name][]byte
	labels map[uint32][]block.Block
	cheat  *session
}

func (a *appeaser) at(m name) chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[m] == nil {
		a.known[m] = make(chan struct{})
	}
	return a.known[m]
}

// wait waits until what the cheater expects is known, or is not going to be: the run may have ended for it.
func (a *appeaser) wait(m name) bool {
	select {
	case <-a.at(m):
		return true
	case <-time.After(time.Hour):
		return false
	}
}

func (a *appeaser) observe(s *session, event string, batch uint32, value any) {
	if event != "evaluated" || s.self != a.x {
		return
	}
	known := a.at(name{stepEV1, batch})
	a.mu.Lock()
	a.labels[batch], a.cheat = slices.Clone(value.(*work).label), &session{sid: slices.Clone(s.sid), delta: s.delta}
	a.mu.Unlock()
	close(known)
}

func isEcho(st step) bool {
	return slices.Contains([]step{stepAck, stepXT2e, stepXT5, stepDC2, stepIN3, stepLA3, stepLA7}, st)
}

func (a *appeaser) sent(f frame) {
	m := name{f.step, f.batch}
	if !isEcho(f.step) {
		return
	}
	known := a.at(m)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.echoes[m] == nil {
		a.echoes[m] = slices.Clone(f.payload)
		close(known)
	}
}

func (a *appeaser) appease(f frame) {
	m := name{f.step, f.batch}
	switch {
	case isEcho(f.step):
		if !a.wait(m) {
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		copy(f.payload, a.echoes[m])
	case f.step == stepEV1:
		if !a.wait(m) {
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		l := slices.Clone(a.labels[f.batch])
		size := block.BitsLen(len(l))
		block.MulAdd(l, block.Bits(f.payload[:size]), a.cheat.delta)
		h := a.cheat.labelHash(f.batch, a.x, l)
		copy(f.payload[size:], h[:])
	}
}

var attackSeed atomic.Uint64

// attacked is a play of a circuit on random inputs under attack.
func attacked(c *circuit.Circuit, dealer bool, e int, corrupt []int, attacks ...attack) *play {
	p := &play{dealer: dealer, in: randomInputs(c, attackSeed.Add(1)), job: Job{Circuit: c, Evaluator: channel.Party(e), Params: tinyParams(2, 8)}}
	if dealer {
		p.job.Params = tinyParams(1, 8)
	}
	p.mesh.Tamper = tamper(corrupt, attacks...)
	if len(corrupt) == 1 && corrupt[0] != e {
		appease(p, corrupt[0])
	}
	return p
}
