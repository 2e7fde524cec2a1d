package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
)

func TestDealerRandomCircuits(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("n=%d/%d", n, seed), func(t *testing.T) {
				c := randomCircuit(t, seed, shape{parties: n, inputs: 6, ands: 30, free: 40})
				p := &play{dealer: true, in: randomInputs(c, seed), job: Job{
					Circuit: c, Evaluator: channel.Party(int(seed) % n), Params: tinyParams(1, 8)}}
				p.job.Params.TwoPhase = seed%2 == 1
				p.mustAgree(t)
			})
		}
	}
}
