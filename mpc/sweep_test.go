package mpc

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
)

// The kinds of tampering of TestSweep.
const (
	flipBit = iota
	truncate
	extend
	duplicate
	reorder
	withhold
	numKinds
)

var kindNames = [numKinds]string{"flip", "truncate", "extend", "duplicate", "reorder", "withhold"}

// sweep tampers with one message of a party, in one way.
func sweep(p *play, m name, from, to, kind int, r *rand.Rand) {
	var mu sync.Mutex
	var held []byte
	p.mesh.Tamper = func(f, t channel.Party, _ int, msg []byte) [][]byte {
		if int(f) != from {
			return [][]byte{msg}
		}
		fr, err := parseFrame(msg)
		if err != nil || fr.step == stepAbort || fr.step == stepLeave {
			return nil // the cheater keeps to itself what it notices
		}
		if int(t) != to {
			return [][]byte{msg}
		}
		mu.Lock()
		defer mu.Unlock()
		if (name{fr.step, fr.batch}) != m {
			out := [][]byte{msg}
			if held != nil {
				out, held = append(out, held), nil
			}
			return out
		}
		switch kind {
		case flipBit:
			msg[r.IntN(len(msg))] ^= 1 << r.IntN(8)
		case truncate:
			msg = msg[:len(msg)-1]
		case extend:
			msg = append(msg, 0)
		case duplicate:
			return [][]byte{slices.Clone(msg), msg}
		case reorder:
			held = msg
			return nil
		case withhold:
			return nil
		}
		return [][]byte{msg}
	}
}

// TestSweep tampers with every message of every step, in every way: an honest party must never get a wrong output, panic or
// hang. A message of the wrong length, or none, must never let its receiver finish. With a dealer the sweep is complete; with the
// real preprocessing it is a sample, and complete with TACIT_LONG_TESTS=1 (some minutes).
func TestSweep(t *testing.T) {
	long := os.Getenv("TACIT_LONG_TESTS") != ""
	sample := []int{2: 19, 3: 97} // not multiples of 2 or 3: all kinds come up
	for _, dealer := range []bool{true, false} {
		for n := 2; n <= 3; n++ {
			turn := 0
			for from := range n {
				for to := range n {
					c := chain(t, n)
					job := Job{Circuit: c, Params: tinyParams(2, 8)}
					if dealer {
						job.Params = tinyParams(1, 8)
					}
					plan, err := newPlan(n, &job, dealer)
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range names(plan, from, to) {
						for kind := range numKinds {
							turn++
							if !dealer && !long && turn%sample[n] != 0 {
								continue
							}
							t.Run(fmt.Sprintf("n=%d/dealer=%v/%v.%d/%d-%d/%s", n, dealer, m.step, m.batch, from, to, kindNames[kind]), func(t *testing.T) {
								r := rand.New(rand.NewPCG(uint64(turn), 3))
								p := &play{dealer: dealer, in: randomInputs(c, uint64(turn)), job: job}
								sweep(p, m, from, to, kind, r)
								o := judge(t, p, []int{from}, otherInputs(t, p, from)...)
								if o.right && (kind == truncate || kind == extend || kind == withhold) {
									t.Error("nobody noticed")
								}
							})
						}
					}
				}
			}
		}
	}
}

// otherInputs is what the parties should learn for any other input of a corrupted one. That much it may choose.
func otherInputs(t *testing.T, p *play, corrupt int) (wants [][][]bool) {
	other := *p
	other.in = slices.Clone(p.in)
	for v := range 1 << len(p.in[corrupt]) {
		other.in[corrupt] = make([]bool, len(p.in[corrupt]))
		for k := range other.in[corrupt] {
			other.in[corrupt][k] = v>>k&1 == 1
		}
		wants = append(wants, other.want(t))
	}
	return wants
}
