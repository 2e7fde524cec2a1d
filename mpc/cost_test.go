package mpc

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// A tap counts and hashes the logical messages of a run.
type tap struct {
	mu    sync.Mutex
	bytes map[[2]int]map[name]int
	sums  map[string][32]byte
}

func newTap() *tap {
	return &tap{bytes: map[[2]int]map[name]int{}, sums: map[string][32]byte{}}
}

func (p *tap) tamper(from, to channel.Party, _ int, msg []byte) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := parseFrame(msg)
	if err == nil {
		way := [2]int{int(from), int(to)}
		if p.bytes[way] == nil {
			p.bytes[way] = map[name]int{}
		}
		p.bytes[way][name{f.step, f.batch}] += len(f.payload)
		p.sums[fmt.Sprint(from, to, " ", f.step, f.batch, " ", f.fragment)] = sha256.Sum256(msg)
	}
	return [][]byte{msg}
}

// sum adds up the bytes from one party to another in steps of a batch.
func (p *tap) sum(from, to int, batch uint32, steps ...step) (total int) {
	for _, st := range steps {
		total += p.bytes[[2]int{from, to}][name{st, batch}]
	}
	return total
}

// chunkSteps are the steps of a batch from the shares to the opening.
var chunkSteps = append(slices.Clone(preChunk), stepOP1)

// TestBytes counts what travels and compares it with the formulas of protocol 22 and 25, and the worked examples there.
func TestBytes(t *testing.T) {
	for _, c := range []struct{ n, k, buckets, want int }{
		{2, 4, 4, 15712}, {3, 4, 4, 16464}, {2, 4, 3, 12144}, {3, 4, 3, 12896}, {2, 1, 4, 0}, {3, 8, 5, 0}, {2, 2, 4, 0},
	} {
		t.Run(fmt.Sprintf("n=%d/k=%d/B=%d", c.n, c.k, c.buckets), func(t *testing.T) {
			const size = 128
			circ := randomCircuit(t, 2, shape{parties: c.n, inputs: 20, ands: size, free: 50, plain: true})
			count := newTap()
			p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ, Params: tinyParams(c.buckets, size)}}
			p.job.Params.K = c.k
			p.mesh.Tamper = count.tamper
			p.mustAgree(t)
			nC, rows := 128/c.k, 3*c.buckets+1
			for from := range c.n {
				for to := range c.n {
					if from == to {
						continue
					}
					// Section 25: bytes for each AND of a full chunk, times 8 to stay with integers, and the constants.
					perAnd := rows*(nC-1) + 128*c.buckets + c.buckets + c.buckets + 1
					constants := 16*(nC-1) + 432
					if c.n >= 3 {
						constants = 32*(nC-1) + 688
						anchor := 0
						if from == 0 {
							anchor = 1
						}
						if to != anchor {
							perAnd += rows
							constants += 16
						}
					}
					want := perAnd*size/8 + constants
					if got := count.sum(from, to, 1, chunkSteps...); got != want {
						t.Errorf("%d bytes from %d to %d, want %d", got, from, to, want)
					}
					setup := 64 + 32 + 8224 + 4096 + 64*nC
					if from < to {
						setup += 16
					}
					if got := count.sum(from, to, 0, stepHello, stepAck, stepOT, stepPPRF); got != setup {
						t.Errorf("%d bytes of set-up from %d to %d, want %d", got, from, to, setup)
					}
				}
			}
			if got := count.sum(1, 0, 1, chunkSteps...); c.want != 0 && got != c.want {
				t.Errorf("party 1 sends %d bytes to party 0, the protocol says %d", got, c.want)
			}
		})
	}
}

// TestTranscript is pitfall 37: with the same randomness every message is the same, byte by byte, whatever the number of
// processors.
func TestTranscript(t *testing.T) {
	circ := randomCircuit(t, 5, shape{parties: 3, inputs: 20, ands: 20, free: 50, plain: true})
	run := func(procs int) *tap {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		count := newTap()
		p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ, Params: tinyParams(300, 16)}} // more than one slab
		p.config = func(i int) *Config { return &Config{Rand: block.NewStream(block.Block{Lo: uint64(i)})} }
		p.mesh.Tamper = count.tamper
		p.mustAgree(t)
		return count
	}
	one, four := run(1), run(4)
	if len(one.sums) != len(four.sums) || len(one.sums) < 100 {
		t.Fatalf("%d and %d messages", len(one.sums), len(four.sums))
	}
	for k, sum := range one.sums {
		if four.sums[k] != sum {
			t.Errorf("message %s differs", k)
		}
	}
}

// TestSmallBuffers is pitfall 36: everybody sends at once over links that hold 4 KiB.
func TestSmallBuffers(t *testing.T) {
	circ := randomCircuit(t, 6, shape{parties: 3, inputs: 20, ands: 200, free: 50, plain: true})
	p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ, Params: tinyParams(4, 128)}}
	p.mesh.Buffer = 4 << 10
	p.mustAgree(t)
}

// TestRounds counts one-way delays on the critical path, by running over links with latency in virtual time, where computing
// takes none. Protocol 22 counts 19 and 26 with the shares of chunk 1 made beside batch 0 and the input beside the leaky AND; the
// corrections, which travel with S3 here, save one more.
func TestRounds(t *testing.T) {
	const delay = time.Second
	for n, want := range map[int]int{2: 18, 3: 25, 4: 25} {
		circ := randomCircuit(t, 8, shape{parties: n, inputs: 6, ands: 5, free: 5, plain: true})
		synctest.Test(t, func(t *testing.T) {
			p := &play{in: randomInputs(circ, 1), job: Job{Circuit: circ, Params: tinyParams(3, 8)}}
			p.mesh.Latency = delay
			start := time.Now()
			p.mustAgree(t)
			if got := time.Since(start); got != time.Duration(want)*delay {
				t.Errorf("n=%d: %v, want %d rounds", n, got, want)
			}
		})
	}
}
