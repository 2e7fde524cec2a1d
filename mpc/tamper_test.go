package mpc

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

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

// rate demands that the share of aborts is as given, +-3.5 standard deviations, all in the given steps.
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
	if math.Abs(float64(aborts)-mean) > 3.5*dev+1e-9 {
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
		<-a.at(m)
		a.mu.Lock()
		defer a.mu.Unlock()
		copy(f.payload, a.echoes[m])
	case f.step == stepEV1:
		<-a.at(m)
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

// TestTamperStart is rows 1 to 3 of protocol 29.
func TestTamperStart(t *testing.T) {
	c := chain(t, 3)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, anyone, flip(-1)}), []int{1}, stepHello)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, 2, flip(0)}), []int{1}, stepAck)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepAck, 0, 1, anyone, flip(7)}), []int{1}, stepAck)
	c = chain(t, 2)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, anyone, flip(0)}), []int{1}, stepAck)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepAck, 0, 1, anyone, flip(0)}), []int{1}, stepAck)
}

// modes runs f for n = 2 and 3, with the real preprocessing and with a dealer (row 35).
func modes(t *testing.T, f func(t *testing.T, n int, dealer bool)) {
	for _, dealer := range []bool{false, true} {
		for n := 2; n <= 3; n++ {
			t.Run(fmt.Sprintf("n=%d/dealer=%v", n, dealer), func(t *testing.T) { f(t, n, dealer) })
		}
	}
}

// TestTamperOpenings is rows 22, 27 and 33: a wrong bit or a wrong digest in any opening.
func TestTamperOpenings(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		c := chain(t, n)
		for _, bit := range []int{0, -1} { // an opened bit, a digest bit
			if !dealer && bit != 0 {
				continue
			}
			for _, st := range []step{stepIN1, stepOP1, stepOU2} {
				mustAbort(t, attacked(c, dealer, 0, []int{1}, attack{st, anyone, 1, 0, flip(bit)}), []int{1}, st)
			}
			mustAbort(t, attacked(c, dealer, 0, []int{0}, attack{stepOU2, 0, 0, 1, flip(bit)}), []int{0}, stepOU2)
		}
	})
}

// TestTamperPadding is row 23 as far as bit vectors go, and pitfall 19.
func TestTamperPadding(t *testing.T) {
	pad := func(at int) func([]byte) []byte { return flip(8*at + 7) }
	for n := 2; n <= 3; n++ {
		c := single(t, n)
		for _, a := range []attack{
			{stepIN1, 0, 1, 0, pad(0)}, {stepIN2, 0, n - 1, 0, pad(0)}, {stepOP1, 1, 1, 0, pad(0)}, {stepGB1, 1, 1, 0, flip(-1)}, {stepOU2, 0, 1, 0, pad(0)},
		} {
			mustAbort(t, attacked(c, n == 3, 0, []int{a.from}, a), []int{a.from}, a.step)
		}
		mustAbort(t, attacked(c, n == 3, 0, []int{0}, attack{stepEV1, 1, 0, 1, pad(0)}), []int{0}, stepEV1)
	}
}

// TestZeroChallenge is row 25: the verifier of the COT check may choose chi = 0, and learns no more than the mask rows.
func TestZeroChallenge(t *testing.T) {
	p := attacked(chain(t, 3), false, 0, []int{1}, attack{stepXT2, anyone, 1, anyone, func(p []byte) []byte { clear(p); return p }})
	// The corrupted party computes with its own chi, so it alone may see its check fail.
	if o := judge(t, p, []int{1}); slices.ContainsFunc(o.checks, func(st string) bool { return st != "XT3" }) {
		t.Errorf("%+v", o)
	}
}

// TestTamperInput is rows 26 and 28.
func TestTamperInput(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		if n >= 3 {
			mustAbort(t, attacked(chain(t, n), dealer, 0, []int{1}, attack{stepIN2, 0, 1, 2, flip(0)}), []int{1}, stepIN3)
		} else {
			mustAbort(t, attacked(single(t, n), dealer, 0, []int{1}, attack{stepIN2, 0, 1, 0, flip(0)}), []int{1}, stepEV1, stepOU1)
		}
		for range 4 {
			o := judge(t, attacked(chain(t, n), dealer, 0, []int{1}, attack{stepIN4, 0, 1, 0, flip(3)}), []int{1})
			for _, st := range o.checks {
				if st != "EV1" && st != "OU1" {
					t.Errorf("abort in %s", st)
				}
			}
		}
	})
}

// TestSubstitutedInput is the allowed part of row 26: a party that sends the same other masked value to all, and labels that fit,
// just has another input.
func TestSubstitutedInput(t *testing.T) {
	for _, dealer := range []bool{true, false} {
		c := chain(t, 3)
		p := attacked(c, dealer, 0, []int{2})
		p.in[2][0] = !p.in[2][0]
		p.mustAgree(t)
	}
}

// TestTamperTables is rows 29 to 29c.
func TestTamperTables(t *testing.T) {
	at := func(blk, bit int) func([]byte) []byte { return flip(128*blk + bit) }
	gb := func(change func([]byte) []byte) attack { return attack{stepGB1, anyone, 1, 0, change} }
	modes(t, func(t *testing.T, n int, dealer bool) {
		check := stepOU1
		if n >= 3 {
			check = stepEV1
		}
		// 29c: the colour bit
		mustAbort(t, attacked(single(t, n), dealer, 0, []int{1}, gb(flip(-8))), []int{1}, check)
		// 29: never a wrong output, whatever bit of G0 or G1
		for _, change := range []func([]byte) []byte{at(0, 0), at(0, 5), at(1, 0), at(1, 5)} {
			o := judge(t, attacked(chain(t, n), dealer, 0, []int{1}, gb(change)), []int{1})
			for _, st := range o.checks {
				if st != "EV1" && st != "OU1" {
					t.Errorf("abort in %s", st)
				}
			}
		}
		if !dealer {
			return
		}
		// 29: G0 counts iff Lambda_a = 1, G1 iff Lambda_b = 1
		for k := range 2 {
			rate(t, 200, .5, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(k, 0))) }, []int{1}, check)
		}
		if n == 2 { // a bit that is not the colour, where no AND follows
			rate(t, 20, 0, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(0, 7))) }, []int{1})
			return
		}
		// 29b: the parts for another, honest garbler
		for k := 2; k <= 3; k++ {
			rate(t, 200, .5, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(k, 9))) }, []int{1}, stepEV1)
		}
		rate(t, 20, 1, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(4, 0))) }, []int{1}, stepEV1)
	})
	// 29c with another evaluator, and with a corrupted evaluator
	mustAbort(t, attacked(single(t, 3), false, 2, []int{0}, attack{stepGB1, anyone, 0, 2, flip(-8)}), []int{0}, stepEV1)
	mustAbort(t, attacked(single(t, 3), false, 0, []int{0, 1}, gb(flip(-8))), []int{0, 1}, stepEV1)
}

// TestTamperEvaluation is rows 30 and 31, for every evaluator, towards all garblers or one, alone or with a second corrupted party.
func TestTamperEvaluation(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		for _, e := range []int{0, n - 1} {
			for _, bit := range []int{0, 8, 8 + 255} { // a masked value, the first and last bit of the hash
				if !dealer && (bit != 0 || e != 0) {
					continue
				}
				for _, to := range []int{anyone, (e + 1) % n} {
					p := attacked(chain(t, n), dealer, e, []int{e}, attack{stepEV1, anyone, e, to, flip(bit)})
					p.job.Outputs = everyOutput(p.job.Circuit, n, 1<<((e+1)%n)) // pitfall 29: only a garbler learns
					mustAbort(t, p, []int{e}, stepEV1)
				}
			}
		}
	})
	mustAbort(t, attacked(chain(t, 3), true, 0, []int{0, 1}, attack{stepEV1, anyone, 0, 2, flip(0)}), []int{0, 1}, stepEV1)
}

// TestTamperProof is row 32, and pitfalls 27 and 28: nobody gets an output message of a party whose check failed.
func TestTamperProof(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		for _, e := range []int{0, n - 1} {
			if !dealer && e != 0 {
				continue
			}
			cheat := (e + 1) % n
			p := attacked(chain(t, n), dealer, e, []int{cheat}, attack{stepOU1, 0, cheat, e, flip(77)})
			watch := forbid(p, e, stepOU2)
			mustAbort(t, p, []int{cheat}, stepOU1)
			watch(t)
			p = attacked(chain(t, n), dealer, e, []int{e}, attack{stepEV1, anyone, e, anyone, flip(0)})
			watch = forbid(p, cheat, stepOU2)
			mustAbort(t, p, []int{e}, stepEV1)
			watch(t)
		}
	})
}

// forbid records whether a party sends a step; the returned function fails the test if it did.
func forbid(p *play, from int, st step) func(t *testing.T) {
	var sent atomic.Bool
	next := p.mesh.Tamper
	p.mesh.Tamper = func(f, to channel.Party, index int, msg []byte) [][]byte {
		if int(f) == from && step(msg[0]) == st {
			sent.Store(true)
		}
		return next(f, to, index, msg)
	}
	return func(t *testing.T) {
		t.Helper()
		if sent.Load() {
			t.Errorf("party %d sent %v", from, st)
		}
	}
}

// TestDigestBindsItsPlace is pitfall 18: the digest of an opening says for which step, batch, sender and receiver it is.
func TestDigestBindsItsPlace(t *testing.T) {
	p := testPlan(t, 3, 1, false, false)
	s := &session{plan: p, self: 1, sid: make([]byte, hashSize)}
	sh := s.newShares(s.vault.arena(), 5)
	seen := make(map[string]string)
	note := func(what string, m []byte) {
		if first, ok := seen[string(m)]; ok {
			t.Errorf("%s has the digest of %s", what, first)
		}
		seen[string(m)] = what
	}
	note("OP1/1 to 0", s.opening(sh, stepOP1, 1, 0))
	note("OP1/1 to 2", s.opening(sh, stepOP1, 1, 2))
	note("OP1/2 to 0", s.opening(sh, stepOP1, 2, 0))
	note("OU2/1 to 0", s.opening(sh, stepOU2, 1, 0))
	s.self = 2
	sh.mac[0], sh.mac[2] = make([]block.Block, 5), nil
	note("OP1/1 from 2 to 0", s.opening(sh, stepOP1, 1, 0))
	s.sid[0]++
	note("OP1/1 in another session", s.opening(sh, stepOP1, 1, 0))
}
