package mpc

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/internal/block"
	"github.com/tacit-mpc/tacit/ot"
)

// flipByte makes a cheat that flips bit 3 of one byte of one message from the cheater to a victim. A negative position counts from
// the end.
func flipByte(st step, batch uint32, from, to, at int) func(*letter) {
	return func(f *letter) {
		if f.is(st, batch, from, to) {
			if at < 0 {
				at += len(f.payload)
			}
			f.payload[at] ^= 8
		}
	}
}

// A flipCase is a bit altered on the way, and who notices where.
type flipCase struct {
	name  string
	st    step
	batch uint32
	at    int
	abort step
	who   []int // none: all honest parties
}

// run runs the case with a cheating last party and victim 0 (n = 2) or 1.
func (c flipCase) run(t *testing.T, n int) {
	victim := min(1, n-2)
	t.Run(fmt.Sprintf("n=%d/%s", n, c.name), func(t *testing.T) {
		ch := newCheat(n)
		ch.tamper = flipByte(c.st, c.batch, n-1, victim, c.at)
		ch.run(t).aborts(c.abort, c.who...)
	})
}

// TestSetupTampered is rows 4, 5, 7 and 8 at the level of a run.
func TestSetupTampered(t *testing.T) {
	for _, n := range []int{2, 3} {
		victim := min(1, n-2)
		for name, c := range map[string]struct {
			tamper func(f *letter)
			abort  step
		}{
			"identity": {func(f *letter) {
				if f.is(stepOT, 0, n-1, victim) {
					clear(f.payload[32*77:][:32])
				}
			}, stepOT},
			"another point": {func(f *letter) {
				if f.is(stepOT, 0, n-1, victim) { // B becomes an R
					copy(f.payload, f.payload[32:64])
				}
			}, stepPPRF},
			"both sums": {func(f *letter) {
				if f.is(stepPPRF, 0, n-1, victim) {
					f.payload[32*60] ^= 1
					f.payload[32*60+16] ^= 1
				}
			}, stepPPRF},
			"tree value":  {flipByte(stepPPRF, 0, n-1, victim, 4096+64*9), stepPPRF},
			"tree digest": {flipByte(stepPPRF, 0, n-1, victim, 4096+64*9+32), stepPPRF},
		} {
			t.Run(fmt.Sprintf("n=%d/%s", n, name), func(t *testing.T) {
				ch := newCheat(n)
				ch.tamper = c.tamper
				ch.run(t).aborts(c.abort, victim)
			})
		}
	}
}

// TestZeroSeedTampered: the seeds of the zero shares are not checked in S2, but nothing built on two different ones passes.
func TestZeroSeedTampered(t *testing.T) {
	for n, abort := range map[int]step{2: stepLA8, 3: stepDC3} {
		ch := newCheat(n)
		ch.corrupt = []int{0} // zs goes to the higher number
		ch.tamper = flipByte(stepOT, 0, 0, 1, -1)
		ch.run(t).aborts(abort)
	}
}

// TestCorrectionTampered is row 9: an altered correction passes iff the path of the victim in that tree is zero. Then the output
// is correct.
func TestCorrectionTampered(t *testing.T) {
	passed, runs := 0, 0
	for c := 1; c < 13 || c < 64 && (passed == 0 || passed == runs); c++ { // until both came up
		runs++
		batch := uint32(c % 2)
		see := newSecrets()
		ch := newCheat(2)
		ch.k, ch.observe = 1, see.observe
		l := layoutOf(ch, batch)
		ch.tamper = flipByte(stepXT1, batch, 1, 0, (c-1)*l.rows/8+3)
		o := ch.run(t)
		if see.alpha(0, 1, c) == 0 {
			passed++
			o.correct()
		} else {
			o.aborts(stepXT3)
		}
	}
	if passed == 0 || passed == runs {
		t.Errorf("%d of %d pass", passed, runs)
	}
}

// layoutOf is the layout of a batch of a cheat.
func layoutOf(c *cheat, batch uint32) layout {
	nsh := c.inputs
	if batch > 0 {
		nsh = (3*c.tiny.buckets + 1) * c.tiny.size
	}
	l := layout{shares: nsh}
	if c.n >= 3 {
		l.mask = 128
		if batch == 0 {
			l.delta = 128
		}
	}
	l.rows = roundUp(l.delta+l.shares+l.mask, 128) + 128
	return l
}

// TestSharesTampered is rows 11, 12, 13, 15 and 16, the parts that are alterations on the way.
func TestSharesTampered(t *testing.T) {
	for batch := range uint32(2) {
		for n := 2; n <= 3-int(batch); n++ {
			name := fmt.Sprintf(" batch %d", batch)
			flipCase{"u~" + name, stepXT3, batch, 5, stepXT3, []int{min(1, n-2)}}.run(t, n)
			flipCase{"v~" + name, stepXT3, batch, 40, stepXT3, []int{min(1, n-2)}}.run(t, n)
		}
		for _, c := range []flipCase{
			{"coin commitment", stepXT1, batch, -1, stepXT2e, nil},
			{"echo", stepXT2e, batch, 7, stepXT2e, []int{1}},
			{"fix bit", stepXT1, batch, -32*len((&plan{n: 3}).coins(batch)) - 17, stepXT4, []int{1}},
			{"w", stepXT4, batch, 2, stepXT4, []int{1}},
		} {
			c.name += fmt.Sprintf(" batch %d", batch)
			c.run(t, 3)
		}
	}
	for _, c := range []flipCase{
		{"coin 1", stepXT3, 0, 48, stepXT3, []int{1}},
		{"coin 1 randomness", stepXT3, 1, 48 + 63, stepXT3, []int{1}},
		{"M of w", stepXT4, 1, 18, stepXT4, []int{1}},
		{"echo of w", stepXT5, 1, 18, stepXT5, []int{1}},
	} {
		c.run(t, 3)
	}
	flipCase{"coin 2", stepXT3, 0, 48, stepXT3, nil}.run(t, 2)
	flipCase{"coin 2", stepXT3, 0, 48 + 64, stepXT3, []int{1}}.run(t, 3)
	flipCase{"y to one", stepXT4, 0, 32 + 16*2, stepXT5, nil}.run(t, 3)
	// With two parties commitments are not echoed: they bind at the opening.
	flipCase{"coin 2 commitment", stepXT1, 0, -1, stepXT3, nil}.run(t, 2)
	flipCase{"coin 3 commitment", stepXT1, 1, -33, stepLA5, nil}.run(t, 2)
	flipCase{"coin 4 commitment", stepXT1, 1, -1, stepBK1, nil}.run(t, 2)
	// Row 23: padding of the fix vector (9 inputs and 128 mask rows end in mid-byte).
	flipCase{"padding", stepXT1, 0, -65, stepXT1, []int{1}}.run(t, 3)
}

// TestFixWithAdaptedMAC is row 14: the share check alone can be fooled towards one party, the echo cannot.
func TestFixWithAdaptedMAC(t *testing.T) {
	for batch := range uint32(2) {
		see := newSecrets()
		ch := newCheat(3)
		ch.observe = see.observe
		nsh := layoutOf(ch, batch).shares
		const row = 3
		ch.tamper = func(f *letter) {
			switch {
			case f.is(stepXT1, batch, 2, 1):
				fix := len(f.payload) - 32*len((&plan{n: 3}).coins(batch)) - (nsh+128+7)/8
				f.payload[fix] ^= 1 << row
			case f.is(stepXT4, batch, 2, 1):
				bits := block.NewBits(nsh)
				bits.Set(row, 1)
				see.mu.Lock()
				e := block.NewPHKey(see.challenge[batch]).UpdateBits(block.Block{}, bits, 0, nsh)
				see.mu.Unlock()
				block.Load(f.payload).Xor(e).Put(f.payload)
			}
		}
		ch.run(t).aborts(stepXT5)
	}
}

// TestMaskedDeltaBits is the rest of row 16: y altered towards everybody, with and without the cheater's own copy.
func TestMaskedDeltaBits(t *testing.T) {
	t.Run("consistent", func(t *testing.T) {
		ch := newCheat(3)
		ch.observe = func(s *session, event string, _ uint32, value any) {
			if rows, ok := value.(*deltaRows); ok && event == "delta rows" && rows != nil && s.self == 2 {
				rows.x[0].Lo ^= 16
			}
		}
		ch.run(t).aborts(stepDC3)
	})
	t.Run("not in its own copy", func(t *testing.T) {
		ch := newCheat(3)
		ch.tamper = func(f *letter) {
			if f.step == stepXT4 && f.batch == 0 && f.from == 2 {
				f.payload[40] ^= 1
			}
		}
		ch.run(t).aborts(stepXT5)
	})
}

// TestOtherDelta is row 17: the cheater uses another Delta on one link and is honest otherwise. What the victim sends back is
// adapted, so that the cheater's own share check does not end the run.
func TestOtherDelta(t *testing.T) {
	diff := block.Block{Lo: 1 << 40, Hi: 5}
	ch := newCheat(3)
	ch.corrupt = []int{0} // the anchor of all others: no fix vectors come
	ch.observe = func(s *session, event string, _ uint32, value any) {
		if pairs, ok := value.([]pairSetup); ok && event == "pairs" && s.self == 0 {
			l := ot.Link{SID: [32]byte(s.sid), Key: 0, MAC: 2, Depth: s.plan.k}
			var err error
			if pairs[2].key, err = ot.NewKeySetup(l, s.delta.Xor(diff), rand.Reader); err != nil {
				t.Error(err)
			}
		}
	}
	ch.tamper = func(f *letter) {
		if f.step == stepXT4 && f.from == 2 && f.to == 0 {
			m := f.payload[block.Size:]
			block.Load(m).Xor(block.Mul(block.Load(f.payload), diff)).Put(m)
		}
	}
	ch.run(t).aborts(stepDC3)
}

// TestDeltaCheckTampered is row 18.
func TestDeltaCheckTampered(t *testing.T) {
	for _, c := range []flipCase{
		{"commitment", stepDC1, 0, 0, stepDC2, nil},
		{"echo", stepDC2, 0, 31, stepDC2, []int{1}},
		{"z", stepDC3, 0, 16, stepDC3, []int{1}},
		{"randomness", stepDC3, 0, -1, stepDC3, []int{1}},
	} {
		c.run(t, 3)
	}
	t.Run("wrong z", func(t *testing.T) {
		ch := newCheat(3)
		ch.observe = func(s *session, event string, _ uint32, value any) {
			if event == "delta columns" && s.self == 2 {
				value.([]block.Block)[1].Hi ^= 1
			}
		}
		ch.run(t).aborts(stepDC3)
	})
}
