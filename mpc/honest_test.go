package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
)

// TestRandomCircuits compares whole runs with the clear evaluator, for every evaluator and both orders, over several chunks.
func TestRandomCircuits(t *testing.T) {
	for _, dealer := range []bool{true, false} {
		for _, n := range []int{2, 3, 5} {
			for seed := range uint64(20) {
				if !dealer && (n == 5 && seed >= 1 || seed >= 5) {
					continue // base OTs take their time
				}
				t.Run(fmt.Sprintf("n=%d/dealer=%v/%d", n, dealer, seed), func(t *testing.T) {
					c := randomCircuit(t, seed, shape{parties: n, inputs: 6, ands: 25, free: 40})
					p := &play{dealer: dealer, in: randomInputs(c, seed), job: Job{
						Circuit: c, Evaluator: channel.Party(int(seed) % n), Params: tinyParams(3, 8)}}
					if dealer {
						p.job.Params = tinyParams(1, 8)
					}
					p.job.Params.TwoPhase = seed%2 == 1
					p.mustAgree(t)
				})
			}
		}
	}
}

// TestOutputSets gives the outputs to every set of parties, the empty one included.
func TestOutputSets(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for set := range uint(1) << n {
			for _, e := range []int{0, n - 1} {
				c := randomCircuit(t, uint64(set), shape{parties: n, inputs: 4, ands: 10, free: 15})
				p := &play{dealer: true, in: randomInputs(c, uint64(set)), job: Job{Circuit: c, Outputs: everyOutput(c, n, set),
					Evaluator: channel.Party(e), Params: tinyParams(1, 8)}}
				p.job.Params.TwoPhase = set%2 == 1
				p.mustAgree(t)
			}
		}
	}
	for _, c := range []struct {
		n   int
		set uint
	}{{2, 0}, {2, 1}, {2, 2}, {3, 0}, {3, 2}, {3, 5}} {
		circ := randomCircuit(t, uint64(c.set), shape{parties: c.n, inputs: 4, ands: 4, free: 4})
		p := &play{in: randomInputs(circ, 3), job: Job{Circuit: circ, Outputs: everyOutput(circ, c.n, c.set), Params: tinyParams(2, 8)}}
		p.mustAgree(t)
	}
}

// TestDifferentOutputs gives every party another list, with repetitions and overlaps.
func TestDifferentOutputs(t *testing.T) {
	c := randomCircuit(t, 5, shape{parties: 3, inputs: 5, ands: 9, free: 12})
	p := &play{dealer: true, in: randomInputs(c, 5), job: Job{Circuit: c, Outputs: [][]int{{0, 0, 3, 1}, {}, {8, 7, 3, 3, 3}}, Params: tinyParams(1, 8)}}
	p.mustAgree(t)
}

// TestEdgeCircuits is pitfall 33: circuits without AND, without inputs, with one owner, without gates.
func TestEdgeCircuits(t *testing.T) {
	shapes := map[string]func(n int) shape{
		"no AND":            func(n int) shape { return shape{parties: n, inputs: 5, free: 12} },
		"no AND, plain":     func(n int) shape { return shape{parties: n, inputs: 5, free: 12, plain: true} },
		"no gates":          func(n int) shape { return shape{parties: n, inputs: 3, plain: true} },
		"no inputs":         func(n int) shape { return shape{parties: n, ands: 3, free: 12} },
		"no inputs, no AND": func(n int) shape { return shape{parties: n, free: 12} },
		"first owner only":  func(n int) shape { return shape{parties: n, inputs: 9, ands: 4, free: 12, owners: []int{0}} },
		"last owner only":   func(n int) shape { return shape{parties: n, inputs: 9, ands: 4, free: 12, owners: []int{n - 1}} },
	}
	for name, make := range shapes {
		for n := 2; n <= 4; n++ {
			for _, dealer := range []bool{true, false} {
				for _, two := range []bool{false, true} {
					if !dealer && (two || n != 3) {
						continue
					}
					t.Run(fmt.Sprintf("%s/n=%d/dealer=%v/two=%v", name, n, dealer, two), func(t *testing.T) {
						c := randomCircuit(t, 9, make(n))
						p := &play{dealer: dealer, in: randomInputs(c, 9), job: Job{Circuit: c, Evaluator: channel.Party(n - 1), Params: tinyParams(2, 8)}}
						if dealer {
							p.job.Params = tinyParams(1, 8)
						}
						p.job.Params.TwoPhase = two
						p.mustAgree(t)
					})
				}
			}
		}
	}
}

// TestChunkSizes is pitfall 32: chunks that are full, nearly empty, and alone.
func TestChunkSizes(t *testing.T) {
	for _, ands := range []int{1, 7, 8, 9, 16, 17} {
		for _, dealer := range []bool{true, false} {
			var gates []circuit.Gate
			for i := range ands {
				gates = append(gates, circuit.Gate{Op: circuit.And, A: circuit.Wire(i + 3), B: circuit.Wire(i % 4)})
			}
			c, err := circuit.New([]int{2, 2}, gates, []circuit.Wire{circuit.Wire(3 + ands)})
			if err != nil {
				t.Fatal(err)
			}
			p := &play{dealer: dealer, in: [][]bool{{true, true}, {true, true}}, job: Job{Circuit: c, Params: tinyParams(3, 8)}}
			if dealer {
				p.job.Params = tinyParams(1, 8)
			}
			p.mustAgree(t)
		}
	}
}

// TestProductionParameters runs small circuits with the parameters that the rule chooses.
func TestProductionParameters(t *testing.T) {
	for _, n := range []int{2, 3} {
		for _, rho := range []int{40, 64} {
			c := randomCircuit(t, 4, shape{parties: n, inputs: 6, ands: 20, free: 30})
			p := &play{in: randomInputs(c, 4), job: Job{Circuit: c, Params: Params{Rho: rho}}}
			p.mustAgree(t)
		}
	}
}

// TestManyParties runs the largest number of parties, with a dealer, and more than a few without.
func TestManyParties(t *testing.T) {
	c := randomCircuit(t, 1, shape{parties: maxParties, inputs: 80, ands: 3, free: 20, plain: true})
	p := &play{dealer: true, in: randomInputs(c, 1), job: Job{Circuit: c, Evaluator: 7, Params: tinyParams(1, 8)}}
	p.mustAgree(t)
}

// TestManyChunks has more chunks than a link holds messages: with TwoPhase the evaluator discloses them all at once.
func TestManyChunks(t *testing.T) {
	for _, two := range []bool{false, true} {
		c := randomCircuit(t, 2, shape{parties: 3, inputs: 9, ands: 8 * (inboxSize + 20), free: 100})
		p := &play{dealer: true, in: randomInputs(c, 2), job: Job{Circuit: c, Params: tinyParams(1, 8)}}
		p.job.Params.TwoPhase = two
		p.mustAgree(t)
	}
}

// TestWideCircuit has more independent AND gates than are computed together, and outputs that nobody reads.
func TestWideCircuit(t *testing.T) {
	const width, ands = 80, 5000
	var gates []circuit.Gate
	for i := range ands {
		gates = append(gates, circuit.Gate{Op: circuit.And, A: circuit.Wire(i % (2 * width)), B: circuit.Wire(i / 40)})
	}
	sum := circuit.Wire(2 * width)
	for i := range ands - 1 {
		gates = append(gates, circuit.Gate{Op: circuit.Xor, A: sum, B: circuit.Wire(2*width + i + 1)})
		sum = circuit.Wire(2*width + len(gates) - 1)
	}
	for _, n := range []int{2, 3} {
		widths := make([]int, n)
		widths[0], widths[n-1] = width, width
		c, err := circuit.New(widths, append(gates, gates[:50]...), []circuit.Wire{sum, 2*width + 4999})
		if err != nil {
			t.Fatal(err)
		}
		p := &play{dealer: true, in: randomInputs(c, 3), job: Job{Circuit: c, Params: tinyParams(1, 4096)}}
		g := newGod(t, p)
		p.mustAgree(t)
		g.check()
	}
}
