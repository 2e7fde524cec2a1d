package mpc

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
)

// TestGarbage has a party send what is no frame at all in place of one of its messages, early and late: its peers say that it was
// this party, and abort.
func TestGarbage(t *testing.T) {
	frame := func(st step, payload int) []byte {
		return append(appendHeader(nil, st, 0, 0, true), make([]byte, payload)...)
	}
	last := frame(stepAck, 32)
	last[9] = 2
	for what, garbage := range map[string][]byte{
		"nothing":                  {},
		"less than a header":       make([]byte, headerSize-1),
		"a step beyond the table":  frame(numSteps, 32),
		"neither last nor not":     last,
		"an abort that says more":  frame(stepAbort, 1),
		"an abort of a batch":      appendHeader(nil, stepAbort, 1, 0, true),
		"a leave without a reason": frame(stepLeave, 0),
		"a leave for no reason":    frame(stepLeave, 1),
		"a leave of two reasons":   frame(stepLeave, 2),
		"a short fragment":         append(appendHeader(nil, stepAck, 0, 0, false), make([]byte, 32)...),
		"more than a frame holds":  frame(stepAck, maxPayload+1),
		"more than a message":      make([]byte, headerSize+maxPayload+2),
	} {
		for _, at := range []step{stepHello, stepIN2, stepOU2} {
			t.Run(fmt.Sprintf("%s/%v", what, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &play{dealer: true, in: make([][]bool, 3), job: Job{Circuit: chain(t, 3), Params: tinyParams(1, 8)}}
					for i := range p.in {
						p.in[i] = make([]bool, 2)
					}
					p.mesh = memory.Options{MaxMessage: headerSize + maxPayload + 1, Buffer: 16 << 20}
					p.mesh.Tamper = func(from, _ channel.Party, _ int, msg []byte) [][]byte {
						switch st := step(msg[0]); {
						case from == 1 && (st == stepAbort || st == stepLeave):
							return nil
						case from == 1 && st == at:
							return [][]byte{append([]byte(nil), garbage...)}
						}
						return [][]byte{msg}
					}
					results := p.run(t)
					for _, i := range []int{0, 2} {
						var abort *AbortError
						if err := results[i].err; !errors.As(err, &abort) || abort.Party != 1 && abort.Party != channel.Party(2-i) {
							t.Errorf("party %d: %v", i, err)
						}
						if results[i].out != nil {
							t.Errorf("party %d has an output", i)
						}
					}
					var first, second *AbortError // who noticed by itself blames the cheater; the other may have been told
					errors.As(results[0].err, &first)
					errors.As(results[2].err, &second)
					if first != nil && second != nil && first.Party != 1 && second.Party != 1 {
						t.Errorf("nobody blames party 1: %v; %v", first, second)
					}
				})
			})
		}
	}
}

// TestDealerGarbage: pieces of a wrong length, and a link of another seat, end the run.
func TestDealerGarbage(t *testing.T) {
	job := Job{Circuit: chain(t, 2), Params: tinyParams(1, 8)}
	for index := range 4 { // keys, MACs of the inputs, MACs of the chunk, products
		synctest.Test(t, func(t *testing.T) {
			cut := false
			links := memory.NewMesh(3, memory.Options{Tamper: func(_, to channel.Party, k int, msg []byte) [][]byte {
				if to == 0 && k == index {
					msg, cut = msg[:len(msg)-1], true
				}
				return [][]byte{msg}
			}}).Channels()
			chs := memory.NewMesh(2, memory.Options{}).Channels()
			go Deal(t.Context(), links[2], job, nil)
			errs := make(chan error, 1)
			go func() {
				_, err := Run(t.Context(), chs[1], job, make([]bool, 2), &Config{Pre: TrustDealer(links[1])})
				errs <- err
			}()
			if out, err := Run(t.Context(), chs[0], job, make([]bool, 2), &Config{Pre: TrustDealer(links[0])}); err == nil || out != nil {
				t.Errorf("piece %d: %v, %v", index, out, err)
			}
			if err := <-errs; !errors.Is(err, ErrPeerFailed) {
				t.Errorf("piece %d: the other says %v", index, err)
			}
			if !cut {
				t.Errorf("there is no piece %d", index)
			}
		})
	}
	links := memory.NewMesh(3, memory.Options{}).Channels()
	for _, link := range []channel.Channel{links[1], memory.NewMesh(4, memory.Options{}).Channels()[0]} {
		s := &session{plan: testPlan(t, 2, 1, true, false)}
		if _, err := TrustDealer(link).start(s); err == nil {
			t.Errorf("party 0 of 2 takes a link with seat %d of %d", link.Self(), link.N())
		}
	}
	if err := Deal(t.Context(), links[0], job, nil); err == nil {
		t.Error("deals from a party's seat")
	}
}
