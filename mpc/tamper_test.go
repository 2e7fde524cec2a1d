package mpc

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

// TestTamperStart is rows 1 to 3 of protocol 29.
func TestTamperStart(t *testing.T) {
	c := chain(t, 3)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, anyone, flip(-1)}), []int{1}, stepHello)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, 2, flip(0)}), []int{1}, stepAck)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepAck, 0, 1, anyone, flip(7)}), []int{1}, stepAck)
	c = chain(t, 2)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepHello, 0, 1, anyone, flip(0)}), []int{1}, stepAck)
	mustAbort(t, attacked(c, false, 0, []int{1}, attack{stepAck, 0, 1, anyone, flip(0)}), []int{1}, stepAck)
}

// modes runs f for n = 2 and 3, with the real preprocessing and with a dealer (row 35).
func modes(t *testing.T, f func(t *testing.T, n int, dealer bool)) {
	for _, dealer := range []bool{false, true} {
		for n := 2; n <= 3; n++ {
			t.Run(fmt.Sprintf("n=%d/dealer=%v", n, dealer), func(t *testing.T) { f(t, n, dealer) })
		}
	}
}

// TestTamperOpenings is rows 22, 27 and 33: a wrong bit or a wrong digest in any opening.
func TestTamperOpenings(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		c := chain(t, n)
		for _, bit := range []int{0, -1} { // an opened bit, a digest bit
			if !dealer && bit != 0 {
				continue
			}
			for _, st := range []step{stepIN1, stepOP1, stepOU2} {
				mustAbort(t, attacked(c, dealer, 0, []int{1}, attack{st, anyone, 1, 0, flip(bit)}), []int{1}, st)
			}
			mustAbort(t, attacked(c, dealer, 0, []int{0}, attack{stepOU2, 0, 0, 1, flip(bit)}), []int{0}, stepOU2)
		}
	})
}

// TestTamperPadding is row 23 as far as bit vectors go, and pitfall 19.
func TestTamperPadding(t *testing.T) {
	pad := func(at int) func([]byte) []byte { return flip(8*at + 7) }
	for n := 2; n <= 3; n++ {
		c := single(t, n)
		for _, a := range []attack{
			{stepIN1, 0, 1, 0, pad(0)}, {stepIN2, 0, n - 1, 0, pad(0)}, {stepOP1, 1, 1, 0, pad(0)}, {stepGB1, 1, 1, 0, flip(-1)}, {stepOU2, 0, 1, 0, pad(0)},
		} {
			mustAbort(t, attacked(c, n == 3, 0, []int{a.from}, a), []int{a.from}, a.step)
		}
		mustAbort(t, attacked(c, n == 3, 0, []int{0}, attack{stepEV1, 1, 0, 1, pad(0)}), []int{0}, stepEV1)
	}
}

// TestZeroChallenge is row 25: the verifier of the COT check may choose chi = 0, and learns no more than the mask rows.
func TestZeroChallenge(t *testing.T) {
	p := attacked(chain(t, 3), false, 0, []int{1}, attack{stepXT2, anyone, 1, anyone, func(p []byte) []byte { clear(p); return p }})
	// The corrupted party computes with its own chi, so it alone may see its check fail.
	if o := judge(t, p, []int{1}); slices.ContainsFunc(o.checks, func(st string) bool { return st != "XT3" }) {
		t.Errorf("%+v", o)
	}
}

// TestTamperInput is rows 26 and 28.
func TestTamperInput(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		if n >= 3 {
			mustAbort(t, attacked(chain(t, n), dealer, 0, []int{1}, attack{stepIN2, 0, 1, 2, flip(0)}), []int{1}, stepIN3)
		} else {
			mustAbort(t, attacked(single(t, n), dealer, 0, []int{1}, attack{stepIN2, 0, 1, 0, flip(0)}), []int{1}, stepEV1, stepOU1)
		}
		for range 4 {
			o := judge(t, attacked(chain(t, n), dealer, 0, []int{1}, attack{stepIN4, 0, 1, 0, flip(3)}), []int{1})
			for _, st := range o.checks {
				if st != "EV1" && st != "OU1" {
					t.Errorf("abort in %s", st)
				}
			}
		}
	})
}

// TestSubstitutedInput is the allowed part of row 26: a party that sends the same other masked value to all, and labels that fit,
// just has another input.
func TestSubstitutedInput(t *testing.T) {
	for _, dealer := range []bool{true, false} {
		c := chain(t, 3)
		p := attacked(c, dealer, 0, []int{2})
		p.in[2][0] = !p.in[2][0]
		p.mustAgree(t)
	}
}

// TestTamperTables is rows 29 to 29c.
func TestTamperTables(t *testing.T) {
	at := func(blk, bit int) func([]byte) []byte { return flip(128*blk + bit) }
	gb := func(change func([]byte) []byte) attack { return attack{stepGB1, anyone, 1, 0, change} }
	modes(t, func(t *testing.T, n int, dealer bool) {
		check := stepOU1
		if n >= 3 {
			check = stepEV1
		}
		// 29c: the colour bit
		mustAbort(t, attacked(single(t, n), dealer, 0, []int{1}, gb(flip(-8))), []int{1}, check)
		// 29: never a wrong output, whatever bit of G0 or G1
		for _, change := range []func([]byte) []byte{at(0, 0), at(0, 5), at(1, 0), at(1, 5)} {
			o := judge(t, attacked(chain(t, n), dealer, 0, []int{1}, gb(change)), []int{1})
			for _, st := range o.checks {
				if st != "EV1" && st != "OU1" {
					t.Errorf("abort in %s", st)
				}
			}
		}
		if !dealer {
			return
		}
		// 29: G0 counts iff Lambda_a = 1, G1 iff Lambda_b = 1
		for k := range 2 {
			rate(t, 200, .5, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(k, 0))) }, []int{1}, check)
		}
		if n == 2 { // a bit that is not the colour, where no AND follows
			rate(t, 20, 0, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(0, 7))) }, []int{1})
			return
		}
		// 29b: the parts for another, honest garbler
		for k := 2; k <= 3; k++ {
			rate(t, 200, .5, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(k, 9))) }, []int{1}, stepEV1)
		}
		rate(t, 20, 1, func() *play { return attacked(single(t, n), true, 0, []int{1}, gb(at(4, 0))) }, []int{1}, stepEV1)
	})
	// 29c with another evaluator, and with a corrupted evaluator
	mustAbort(t, attacked(single(t, 3), false, 2, []int{0}, attack{stepGB1, anyone, 0, 2, flip(-8)}), []int{0}, stepEV1)
	mustAbort(t, attacked(single(t, 3), false, 0, []int{0, 1}, gb(flip(-8))), []int{0, 1}, stepEV1)
}

// TestTamperEvaluation is rows 30 and 31, for every evaluator, towards all garblers or one, alone or with a second corrupted party.
func TestTamperEvaluation(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		for _, e := range []int{0, n - 1} {
			for _, bit := range []int{0, 8, 8 + 255} { // a masked value, the first and last bit of the hash
				if !dealer && (bit != 0 || e != 0) {
					continue
				}
				for _, to := range []int{anyone, (e + 1) % n} {
					p := attacked(chain(t, n), dealer, e, []int{e}, attack{stepEV1, anyone, e, to, flip(bit)})
					p.job.Outputs = everyOutput(p.job.Circuit, n, 1<<((e+1)%n)) // pitfall 29: only a garbler learns
					mustAbort(t, p, []int{e}, stepEV1)
				}
			}
		}
	})
	mustAbort(t, attacked(chain(t, 3), true, 0, []int{0, 1}, attack{stepEV1, anyone, 0, 2, flip(0)}), []int{0, 1}, stepEV1)
}

// TestTamperProof is row 32, and pitfalls 27 and 28: nobody gets an output message of a party whose check failed.
func TestTamperProof(t *testing.T) {
	modes(t, func(t *testing.T, n int, dealer bool) {
		for _, e := range []int{0, n - 1} {
			if !dealer && e != 0 {
				continue
			}
			cheat := (e + 1) % n
			p := attacked(chain(t, n), dealer, e, []int{cheat}, attack{stepOU1, 0, cheat, e, flip(77)})
			watch := forbid(p, e, stepOU2)
			mustAbort(t, p, []int{cheat}, stepOU1)
			watch(t)
			p = attacked(chain(t, n), dealer, e, []int{e}, attack{stepEV1, anyone, e, anyone, flip(0)})
			watch = forbid(p, cheat, stepOU2)
			mustAbort(t, p, []int{e}, stepEV1)
			watch(t)
		}
	})
}

// forbid records whether a party sends a step; the returned function fails the test if it did.
func forbid(p *play, from int, st step) func(t *testing.T) {
	var sent atomic.Bool
	next := p.mesh.Tamper
	p.mesh.Tamper = func(f, to channel.Party, index int, msg []byte) [][]byte {
		if int(f) == from && step(msg[0]) == st {
			sent.Store(true)
		}
		return next(f, to, index, msg)
	}
	return func(t *testing.T) {
		t.Helper()
		if sent.Load() {
			t.Errorf("party %d sent %v", from, st)
		}
	}
}

// TestDigestBindsItsPlace is pitfall 18: the digest of an opening says for which step, batch, sender and receiver it is.
func TestDigestBindsItsPlace(t *testing.T) {
	p := testPlan(t, 3, 1, false, false)
	s := &session{plan: p, self: 1, sid: make([]byte, hashSize)}
	sh := s.newShares(s.vault.arena(), 5)
	seen := make(map[string]string)
	note := func(what string, m []byte) {
		if first, ok := seen[string(m)]; ok {
			t.Errorf("%s has the digest of %s", what, first)
		}
		seen[string(m)] = what
	}
	note("OP1/1 to 0", s.opening(sh, stepOP1, 1, 0))
	note("OP1/1 to 2", s.opening(sh, stepOP1, 1, 2))
	note("OP1/2 to 0", s.opening(sh, stepOP1, 2, 0))
	note("OU2/1 to 0", s.opening(sh, stepOU2, 1, 0))
	s.self = 2
	sh.mac[0], sh.mac[2] = make([]block.Block, 5), nil
	note("OP1/1 from 2 to 0", s.opening(sh, stepOP1, 1, 0))
	s.sid[0]++
	note("OP1/1 in another session", s.opening(sh, stepOP1, 1, 0))
}
