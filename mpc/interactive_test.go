package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// TestInteractive runs the whole protocol with its own preprocessing, over several chunks, for each depth of the trees.
func TestInteractive(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for i, k := range []int{4, 1, 2, 8} {
			if n == 5 && i > 0 {
				continue
			}
			t.Run(fmt.Sprintf("n=%d/k=%d", n, k), func(t *testing.T) {
				c := randomCircuit(t, uint64(n), shape{parties: n, inputs: 7, ands: 14, free: 30})
				p := &play{in: randomInputs(c, 1), job: Job{Circuit: c, Evaluator: channel.Party((n + k) % n), Params: tinyParams(3, 8)}}
				p.job.Params.K = k
				p.job.Params.TwoPhase = k == 2
				p.mustAgree(t)
			})
		}
	}
}

// A spied preprocessor keeps the generator it starts.
type spied struct {
	interactive
	g *generator
}

func (p *spied) start(s *session) (source, error) {
	src, err := p.interactive.start(s)
	p.g = src.(*generator)
	return src, err
}

// TestGeneratorErased: after a run, whether it went well or not, the generator has no secrets and makes nothing more.
func TestGeneratorErased(t *testing.T) {
	circ := randomCircuit(t, 4, shape{parties: 2, inputs: 5, ands: 3, free: 3, plain: true})
	for name, damaged := range map[string]step{"success": stepAbort, "setup": stepPPRF, "shares": stepXT3, "triples": stepLA8} {
		t.Run(name, func(t *testing.T) {
			spies := []*spied{{}, {}}
			p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ, Params: tinyParams(3, 8)}}
			p.config = func(i int) *Config { return &Config{Pre: spies[i]} }
			p.mesh.Tamper = func(_, _ channel.Party, _ int, msg []byte) [][]byte {
				if f, err := parseFrame(msg); err == nil && f.step == damaged && f.step != stepAbort {
					f.payload[len(f.payload)-1] ^= 1
				}
				return [][]byte{msg}
			}
			for i, r := range p.run(t) {
				if (r.err == nil) != (damaged == stepAbort) {
					t.Fatalf("party %d: %v", i, r.err)
				}
			}
			for i, spy := range spies {
				g := spy.g
				if g.rand != nil || g.zero != nil || g.pairs != nil || g.work != nil {
					t.Error("the generator still has seeds")
				}
				if k := g.keys[1-i]; k != nil {
					if _, err := k.Extend(99, make([]block.Block, 256), make([]byte, 32*31)); err == nil {
						t.Error("a link still extends")
					}
				}
				if _, err := g.inputs(t.Context()); err == nil {
					t.Error("a second batch 0")
				}
				if _, err := g.chunk(t.Context(), 1); err == nil {
					t.Error("a second batch 1")
				}
			}
		})
	}
}
