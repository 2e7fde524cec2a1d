package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
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
