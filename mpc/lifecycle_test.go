package mpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/internal/block"
)

// TestInterrupt cancels one party in the middle: it says so, and the others say who.
func TestInterrupt(t *testing.T) {
	for _, deadline := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var opts memory.Options
			ctx, cancel := context.WithCancel(t.Context())
			if deadline {
				opts.Latency = time.Minute
				cancel()
				ctx, cancel = context.WithTimeoutCause(t.Context(), time.Second, errors.New("supper"))
			}
			defer cancel()
			chs := memory.NewMesh(3, opts).Channels()
			c := chain(t, 3)
			results := make([]result, 3)
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					cfg, runCtx := &Config{}, t.Context()
					if i == 1 {
						runCtx = ctx
						cfg.observe = func(_ *session, event string, _ uint32, _ any) {
							if event == "inputs" {
								cancel()
							}
						}
					}
					results[i].out, results[i].err = Run(runCtx, chs[i], Job{Circuit: c, Params: tinyParams(2, 8)}, make([]bool, 2), cfg)
				})
			}
			wg.Wait()
			own, theirs := context.Canceled, ErrPeerInterrupted
			if deadline {
				own, theirs = context.DeadlineExceeded, ErrPeerTimedOut
			}
			if !errors.Is(results[1].err, own) {
				t.Errorf("the interrupted party: %v", results[1].err)
			}
			// One of the others may hear of it from the third: it lost a party.
			var lost *LostError
			told := false
			for _, i := range []int{0, 2} {
				if !errors.As(results[i].err, &lost) {
					t.Errorf("party %d: %v", i, results[i].err)
					continue
				}
				told = told || lost.Party == 1 && errors.Is(lost, theirs)
			}
			if !told {
				t.Errorf("nobody was told: %v, %v", results[0].err, results[2].err)
			}
		})
	}
}

// TestKilled loses a party like a process that dies.
func TestKilled(t *testing.T) {
	for _, event := range []string{"inputs", "masks", "evaluated", "done"} {
		synctest.Test(t, func(t *testing.T) {
			mesh := memory.NewMesh(3, memory.Options{})
			c := chain(t, 3)
			results := make([]result, 3)
			var wg sync.WaitGroup
			for i, ch := range mesh.Channels() {
				wg.Go(func() {
					cfg := &Config{}
					if i == 2 {
						cfg.observe = func(_ *session, e string, _ uint32, _ any) {
							if e == event {
								mesh.Kill(2)
							}
						}
					}
					results[i].out, results[i].err = Run(t.Context(), ch, Job{Circuit: c, Params: tinyParams(2, 8)}, make([]bool, 2), cfg)
				})
			}
			wg.Wait()
			for _, i := range []int{0, 1} {
				var lost *LostError
				if !errors.As(results[i].err, &lost) {
					t.Errorf("killed at %q: party %d: %v", event, i, results[i].err)
				}
			}
		})
	}
}

// TestClosedUnderneath closes a party's own channel in the middle of its run.
func TestClosedUnderneath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chs := memory.NewMesh(2, memory.Options{}).Channels()
		job := Job{Circuit: chain(t, 2), Params: tinyParams(2, 8)}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, ch := range chs {
			wg.Go(func() {
				cfg := &Config{observe: func(s *session, event string, _ uint32, _ any) {
					if s.self == 1 && event == "inputs" {
						chs[1].Close()
					}
				}}
				_, errs[i] = Run(t.Context(), ch, job, make([]bool, 2), cfg)
			})
		}
		wg.Wait()
		var lost *LostError
		if !errors.Is(errs[1], channel.ErrClosed) || errors.As(errs[1], &lost) {
			t.Errorf("the closed party: %v", errs[1])
		}
		if !errors.As(errs[0], &lost) || lost.Party != 1 {
			t.Errorf("the other: %v", errs[0])
		}
	})
}

// TestLastFrames is pitfall 38: whatever check fails, the peers are told the same, and nothing follows it.
func TestLastFrames(t *testing.T) {
	c := chain(t, 3)
	for _, a := range []attack{
		{stepHello, 0, 1, anyone, flip(-1)}, {stepIN1, 0, 1, 0, flip(0)}, {stepOP1, anyone, 1, 0, flip(-1)},
		{stepOU1, 0, 1, 0, flip(5)}, {stepOU2, 0, 1, 0, flip(0)}, {stepGB1, 1, 1, 0, func(p []byte) []byte { return p[1:] }},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := attacked(c, true, 0, []int{1}, a)
			next := p.mesh.Tamper
			var mu sync.Mutex
			last := make(map[[2]channel.Party][]byte)
			p.mesh.Tamper = func(from, to channel.Party, index int, msg []byte) [][]byte {
				mu.Lock()
				if prev := last[[2]channel.Party{from, to}]; prev != nil && step(prev[0]) == stepAbort {
					t.Errorf("%v: party %d sends %v after its abort", a.step, from, step(msg[0]))
				}
				last[[2]channel.Party{from, to}] = slices.Clone(msg)
				mu.Unlock()
				return next(from, to, index, msg)
			}
			p.run(t)
			want := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
			for _, to := range []channel.Party{1, 2} {
				if got := last[[2]channel.Party{0, to}]; !bytes.Equal(got, want) {
					t.Errorf("%v: party 0 told party %d %x", a.step, to, got)
				}
			}
		})
	}
}

// TestErased is pitfall 39: after a run, ended well or not, nothing is left of its secrets.
func TestErased(t *testing.T) {
	for _, dealer := range []bool{true, false} {
		for _, attacks := range [][]attack{nil, {{stepOU1, 0, 1, 0, flip(5)}}, {{stepOP1, anyone, 1, 0, flip(0)}}} {
			synctest.Test(t, func(t *testing.T) {
				p := attacked(chain(t, 2), dealer, 0, []int{1}, attacks...)
				var mu sync.Mutex
				var slabs [][]block.Block
				var bytes [][]byte
				sessions := make(map[*session]bool)
				next := p.observe
				p.observe = func(s *session, event string, batch uint32, value any) {
					next(s, event, batch, value)
					mu.Lock()
					defer mu.Unlock()
					sessions[s] = true
					s.vault.mu.Lock()
					defer s.vault.mu.Unlock()
					for a := range s.vault.arenas {
						slabs = append(slabs, a.blocks...)
						bytes = append(bytes, a.bytes...)
					}
				}
				p.run(t)
				if len(slabs) == 0 || len(bytes) == 0 || len(sessions) != 2 {
					t.Fatal("nothing observed")
				}
				for _, b := range slabs {
					if slices.ContainsFunc(b, func(b block.Block) bool { return !b.IsZero() }) {
						t.Error("a slab is not erased")
						break
					}
				}
				for _, b := range bytes {
					if slices.ContainsFunc(b, func(b byte) bool { return b != 0 }) {
						t.Error("bytes are not erased")
						break
					}
				}
				for s := range sessions {
					if !s.delta.IsZero() || slices.Max(s.sid) != 0 {
						t.Error("the session still has its key")
					}
				}
			})
		}
	}
}

// TestSingleUse checks that what may be used once refuses the second use.
func TestSingleUse(t *testing.T) {
	p := attacked(chain(t, 2), true, 0, nil)
	links := memory.NewMesh(3, memory.Options{}).Channels()
	pre := TrustDealer(links[0])
	s := &session{plan: testPlan(t, 2, 1, true, false)}
	if _, err := pre.start(s); err != nil {
		t.Fatal(err)
	}
	if _, err := pre.start(s); err == nil {
		t.Error("the dealer's link served twice")
	}
	p.observe = func(s *session, event string, _ uint32, value any) {
		if event == "done" {
			e := value.(*engine)
			if _, err := e.from.chunk(context.Background(), 1); err == nil {
				t.Error("a batch was dealt twice")
			}
			if _, err := e.from.inputs(context.Background()); err == nil {
				t.Error("the input masks were dealt twice")
			}
		}
	}
	p.mustAgree(t)
}

// TestTooEarly checks the bound on messages that arrive before they can be used.
func TestTooEarly(t *testing.T) {
	p := testPlan(t, 2, 8, true, true)
	synctest.Test(t, func(t *testing.T) {
		mesh := memory.NewMesh(2, memory.Options{})
		chs := mesh.Channels()
		s, ctx := newSession(t.Context(), chs[0], p, &Config{})
		// Party 1 sends S0, S1 and the openings of chunks 1, 2, 3 at once; nothing is taken from party 0's inbox.
		for _, m := range names(p, 1, 0) {
			if m.step == stepIN1 || m.batch == 4 {
				break
			}
			frame := append(appendHeader(nil, m.step, m.batch, 0, true), make([]byte, p.length(m.step, m.batch, 1, 0))...)
			if err := chs[1].SendTo(t.Context(), 0, frame); err != nil {
				t.Fatal(err)
			}
		}
		<-ctx.Done()
		var abort *AbortError
		if err := s.close(ctx, nil); !errors.As(err, &abort) || abort.Party != 1 {
			t.Errorf("got %v", err)
		}
	})
}

// TestLocalFailure has the randomness of one party fail: the others are told that it was a local failure.
func TestLocalFailure(t *testing.T) {
	broken := errors.New("no entropy")
	p := attacked(chain(t, 2), true, 0, nil)
	p.config = func(i int) *Config {
		if i == 0 {
			return &Config{}
		}
		return &Config{Rand: io.MultiReader(bytes.NewReader(make([]byte, 40)), failing{broken})}
	}
	r := p.run(t)
	if !errors.Is(r[1].err, broken) || !errors.Is(r[0].err, ErrPeerFailed) {
		t.Errorf("%v; %v", r[0].err, r[1].err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestUnknownMessages is the rest of row 23: messages that nobody expects, at the moment they come.
func TestUnknownMessages(t *testing.T) {
	c := chain(t, 3)
	for what, extra := range map[string]name{
		"tables for a garbler":         {stepGB1, 1},
		"masked values of a garbler":   {stepEV1, 1},
		"proof for a garbler":          {stepOU1, 0},
		"a batch that does not exist":  {stepOP1, 9},
		"an opening long before":       {stepOU2, 0},
		"the greeting again":           {stepHello, 0},
		"preprocessing with a dealer":  {stepXT1, 0},
		"a step without a batch":       {stepHello, 1},
		"an opening of another batch":  {stepOP1, 0},
		"the input of another session": {stepIN2, 1 << 31},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := attacked(c, true, 0, []int{1})
			var once sync.Once
			p.mesh.Tamper = func(from, to channel.Party, _ int, msg []byte) (out [][]byte) {
				if from == 1 && (step(msg[0]) == stepAbort || step(msg[0]) == stepLeave) {
					return nil
				}
				out = [][]byte{msg}
				if from == 1 && to == 2 && step(msg[0]) == stepAck {
					once.Do(func() {
						out = append(out, append(appendHeader(nil, extra.step, extra.batch, 0, true), make([]byte, 64)...))
					})
				}
				return out
			}
			var abort *AbortError
			if r := p.run(t)[2]; !errors.As(r.err, &abort) || abort.Party != 1 || abort.Check != extra.step.String()+": "+errOutOfOrder.Error() {
				t.Errorf("%s: %v", what, r.err)
			}
		})
	}
}

// TestEarlyClose has every party close its channel as soon as it is done, while others still wait for third parties.
func TestEarlyClose(t *testing.T) {
	for n := 2; n <= 4; n++ {
		for set := range uint(1) << n {
			synctest.Test(t, func(t *testing.T) {
				c := chain(t, n)
				p := &play{in: randomInputs(c, 7), job: Job{Circuit: c, Outputs: everyOutput(c, n, set), Params: tinyParams(1, 8)}}
				want := p.want(t)
				chs := memory.NewMesh(n, memory.Options{Latency: time.Second}).Channels()
				links := memory.NewMesh(n+1, memory.Options{}).Channels()
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := Deal(t.Context(), links[n], p.job, nil); err != nil {
						t.Error(err)
					}
				})
				for i := range n {
					wg.Go(func() {
						out, err := Run(t.Context(), chs[i], p.job, p.in[i], &Config{Pre: TrustDealer(links[i])})
						chs[i].Close()
						if err != nil || !slices.Equal(out, want[i]) {
							t.Errorf("outputs for %b of %d: party %d: %v, %v", set, n, i, out, err)
						}
					})
				}
				wg.Wait()
			})
		}
	}
}
