package mpc

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
)

// BenchmarkAES is AES-128 with the real preprocessing and production parameters, all parties in this process. It reports the
// payload that all parties send together, per AND gate, beside that of the formulas of protocol 22.
func BenchmarkAES(b *testing.B) {
	for _, n := range []int{2, 3, 5} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			var sent atomic.Int64
			var ands int
			for b.Loop() {
				sent.Store(0)
				p := aesVector.play(b, n)
				ands = countAnds(p.job.Circuit)
				p.mesh.Tamper = func(_, _ channel.Party, _ int, msg []byte) [][]byte {
					sent.Add(int64(len(msg) - headerSize))
					return [][]byte{msg}
				}
				aesVector.check(b, p.run(b))
			}
			b.ReportMetric(float64(sent.Load())/float64(ands), "bytes/AND")
		})
	}
}

// BenchmarkMillion is a circuit of 2^20 AND gates and as many XOR gates, where about 1000 wires are alive, for two parties.
func BenchmarkMillion(b *testing.B) {
	const width, gates = 512, 1 << 20
	list := make([]circuit.Gate, 0, 2*gates)
	at := func(k int) circuit.Wire { return circuit.Wire(2*width + k) }
	for i := range gates {
		x, y := circuit.Wire(i%(2*width)), circuit.Wire((i+7)%(2*width))
		if i >= width {
			x, y = at(2*(i-width)+1), at(2*(i-width/2)+1)
		}
		list = append(list, circuit.Gate{Op: circuit.And, A: x, B: y}, circuit.Gate{Op: circuit.Xor, A: at(2 * i), B: x})
	}
	c, err := circuit.New([]int{width, width}, list, []circuit.Wire{at(2*gates - 1)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p := &play{in: randomInputs(c, 1), job: Job{Circuit: c}}
		p.mustAgree(b)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/gates, "ns/AND")
	b.ReportMetric(float64(peakMemory())/1e6, "peak-MB")
}
