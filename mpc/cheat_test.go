package mpc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/internal/block"
)

// A letter is one logical message on its way (the messages of these tests fit into one frame).
type letter struct {
	from, to int
	step     step
	batch    uint32
	payload  []byte // may be changed
	drop     bool   // set to withhold the message
}

// is reports whether this is a message of the step and batch from X to a victim.
func (f *letter) is(st step, batch uint32, from, to int) bool {
	return f.step == st && f.batch == batch && f.from == from && f.to == to
}

// A cheat is a run with corrupted parties. These follow the program, but tamper may change what is on its way, and observe
// may change their state. The ending of each honest party is its own: frames that tell of an abort are withheld, and
// channels stay open until the end, so that a party whose checks pass waits in vain until its patience (in virtual time) ends.
type cheat struct {
	n, k    int
	inputs  int
	ands    int
	tiny    bucketing
	corrupt []int
	tamper  func(f *letter)
	observe observer
}

// newCheat is a cheat by party n-1 in a run of one chunk.
func newCheat(n int) *cheat {
	return &cheat{n: n, k: 4, inputs: 9, ands: 5, tiny: bucketing{3, 8}, corrupt: []int{n - 1}}
}

// An ending is how a cheated run ended for the honest parties.
type ending struct {
	t       *testing.T
	honest  []int
	results []result
	want    [][]bool
}

// run runs the cheat in a bubble of virtual time.
func (c *cheat) run(t *testing.T) (o *ending) {
	t.Helper()
	circ := randomCircuit(t, 7, shape{parties: c.n, inputs: c.inputs, ands: c.ands, free: 9, plain: true})
	p := &play{in: randomInputs(circ, 7), job: Job{Circuit: circ, Params: Params{K: c.k, tiny: &c.tiny}}}
	o = &ending{t: t, results: make([]result, c.n), want: p.want(t)}
	for i := range c.n {
		if !slices.Contains(c.corrupt, i) {
			o.honest = append(o.honest, i)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		chs := memory.NewMesh(c.n, memory.Options{Buffer: 8 << 20, Tamper: c.intercept}).Channels()
		var parties sync.WaitGroup
		for i := range c.n {
			parties.Go(func() {
				o.results[i].out, o.results[i].err = Run(context.Background(), chs[i], p.job, p.in[i], &Config{observe: c.watch})
			})
		}
		parties.Wait()
		for _, ch := range chs {
			ch.Close()
		}
	})
	o.neverWrong()
	return o
}

func (c *cheat) watch(s *session, event string, batch uint32, value any) {
	if event == "abort" {
		time.Sleep(time.Minute)
	}
	if c.observe != nil {
		c.observe(s, event, batch, value)
	}
}

func (c *cheat) intercept(from, to channel.Party, _ int, msg []byte) [][]byte {
	f, err := parseFrame(msg)
	if err != nil || f.step == stepAbort || f.step == stepLeave {
		return nil
	}
	fl := &letter{int(from), int(to), f.step, f.batch, f.payload, false}
	if c.tamper != nil {
		c.tamper(fl)
	}
	if fl.drop {
		return nil
	}
	return [][]byte{append(msg[:headerSize:headerSize], fl.payload...)}
}

// neverWrong is what holds in every test: no honest party has a wrong output.
func (o *ending) neverWrong() {
	o.t.Helper()
	for _, i := range o.honest {
		if r := o.results[i]; r.err == nil && !slices.Equal(r.out, o.want[i]) {
			o.t.Fatalf("party %d has a wrong output", i)
		} else if r.err != nil && r.out != nil {
			o.t.Fatalf("party %d has an output and an error", i)
		}
	}
}

// correct asserts that every honest party has the correct output.
func (o *ending) correct() {
	o.t.Helper()
	for _, i := range o.honest {
		if err := o.results[i].err; err != nil {
			o.t.Errorf("party %d: %v", i, err)
		}
	}
}

// aborts asserts that exactly the honest parties named, all if none is, abort in the check of a step, and that the others
// get nothing.
func (o *ending) aborts(st step, who ...int) {
	o.t.Helper()
	if len(who) == 0 {
		who = o.honest
	}
	for _, i := range o.honest {
		err := o.results[i].err
		var abort *AbortError
		switch {
		case !slices.Contains(who, i):
			if err == nil || errors.As(err, &abort) {
				o.t.Errorf("party %d: %v, want to be left waiting", i, err)
			}
		case !errors.As(err, &abort) || !strings.HasPrefix(abort.Check, st.String()+":"):
			o.t.Errorf("party %d: %v, want an abort in %v", i, err, st)
		}
	}
}

// secrets collects what the god view needs to predict an ending. Its observe is an observer.
type secrets struct {
	mu        sync.Mutex
	delta     map[int]block.Block
	challenge map[uint32]block.Block // of the share check, by batch
	a         map[int]block.Bits     // shares of the a of the leaky triples
}

func newSecrets() *secrets {
	return &secrets{delta: map[int]block.Block{}, challenge: map[uint32]block.Block{}, a: map[int]block.Bits{}}
}

func (v *secrets) observe(s *session, event string, batch uint32, value any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch event {
	case "delta":
		v.delta[s.self] = s.delta
	case "share challenge":
		coin := value.([hashSize]byte)
		v.challenge[batch] = block.Load(coin[:])
	case "leaky sum":
		v.a[s.self] = slices.Clone(value.(*leakyAND).a.x)
	}
}

// alpha is the path in tree c of the links where party i holds Delta.
func (v *secrets) alpha(i, k, c int) (a int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for b := range k {
		a |= int(v.delta[i].Bit(k*c+b)) << b
	}
	return a
}
