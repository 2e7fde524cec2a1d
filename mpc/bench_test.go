package mpc

import (
	"fmt"
	"testing"
)

// BenchmarkRun measures whole runs with the preprocessing and the production parameters, all parties on this machine.
func BenchmarkRun(b *testing.B) {
	for _, c := range []struct{ n, ands int }{{2, 62}, {3, 62}, {2, 6400}, {3, 6400}, {2, 65536}} {
		b.Run(fmt.Sprintf("n=%d/ands=%d", c.n, c.ands), func(b *testing.B) {
			circ := randomCircuit(b, 1, shape{parties: c.n, inputs: 96, ands: c.ands, free: c.ands, plain: true})
			for b.Loop() {
				p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ}}
				p.mustAgree(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.ands), "ns/AND")
		})
	}
}
