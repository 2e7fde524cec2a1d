package ot

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"math"
	"testing"

	"github.com/gtank/ristretto255"
	"github.com/tacit-mpc/tacit/internal/block"
)

// badPoints are encodings that must be refused: the identity, non-canonical field
// elements, negative ones, and non-squares (RFC 9496, appendix A.2).
func badPoints(t testing.TB) [][]byte {
	t.Helper()
	var out [][]byte
	for _, s := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
		"c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
		"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
		"4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		p, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestBadPoints is tamper row 4.
func TestBadPoints(t *testing.T) {
	honest := newSetup(t, testLink(4))
	for i, p := range badPoints(t) {
		s := newSetup(t, testLink(4))
		if s.key.Point(p) == nil {
			t.Errorf("point %d accepted as B", i)
		}
		at := 32 * ((17*i + i%2) % 256)
		choices := append([]byte(nil), honest.key.Choices()...)
		copy(choices[at:], p)
		if _, _, err := s.mac.Trees(choices); err == nil {
			t.Errorf("point %d accepted in R", i)
		}
	}
	for _, n := range []int{0, 31, 33} {
		if newSetup(t, testLink(4)).key.Point(make([]byte, n)) == nil {
			t.Errorf("B of %d bytes accepted", n)
		}
	}
	for _, n := range []int{0, ChoicesSize - 64, ChoicesSize - 1, ChoicesSize + 1} {
		if _, _, err := newSetup(t, testLink(4)).mac.Trees(make([]byte, n)); err == nil {
			t.Errorf("R of %d bytes accepted", n)
		}
	}
}

// TestIdentitySum is the last check of S2: R_h + P must not be the identity.
func TestIdentitySum(t *testing.T) {
	s := newSetup(t, testLink(4))
	choices := append([]byte(nil), s.key.Choices()...)
	l := testLink(4)
	neg := ristretto255.NewElement().Negate(l.slotPoint(100, 1, choices[64*100:64*100+32]))
	copy(choices[64*100+32:], neg.Encode(nil))
	if _, _, err := s.mac.Trees(choices); err == nil {
		t.Error("R_h = -P accepted")
	}
}

// TestPointReplaced is tamper row 5.
func TestPointReplaced(t *testing.T) {
	s, other := newSetup(t, testLink(4)), newSetup(t, testLink(4))
	if err := s.key.Point(other.mac.Point()); err != nil {
		t.Fatal(err)
	}
	_, s3, err := s.mac.Trees(s.key.Choices())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.key.Trees(s3); err == nil {
		t.Error("another B passes the trees")
	}
}

// replay makes independent key sides for one S3 message: the choice of slot is
// random in each, so one base OT serves many trials.
type replay struct {
	keys *[128][2]block.Block
	s3   []byte
}

func newReplay(t testing.TB, l Link) replay {
	t.Helper()
	keys := new([128][2]block.Block)
	for i := range keys {
		keys[i] = [2]block.Block{randomBlock(t), randomBlock(t)}
	}
	_, s3, err := grow(l, keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return replay{keys, s3}
}

// try runs the key side on msg and reports whether it aborts.
func (r replay) try(t testing.TB, l Link, delta block.Block, msg []byte) bool {
	t.Helper()
	var mine [128]block.Block
	for i, h := range choiceBits(delta, l.Depth) {
		mine[i] = r.keys[i][h]
	}
	_, err := puncture(l, delta, &mine, msg)
	return err != nil
}

func TestTreesTampered(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		l := testLink(depth)
		r := newReplay(t, l)
		if r.try(t, l, randomBlock(t), r.s3) {
			t.Fatal("honest message aborts")
		}
		// Row 6: one masked sum of OT t: aborts iff the key side chose that slot.
		for _, ot := range []int{0, depth - 1, 37, 127} {
			for slot := range 2 {
				msg := append([]byte(nil), r.s3...)
				msg[32*ot+16*slot+3] ^= 0x10
				for range 20 {
					delta := randomBlock(t)
					delta.Lo |= 1
					h := choiceBits(delta, depth)[ot]
					if ot == depth-1 && h != 0 {
						t.Fatal("the lsb of Delta does not fix the choice of OT k-1")
					}
					if got := r.try(t, l, delta, msg); got != (int(h) == slot) {
						t.Errorf("depth %d OT %d slot %d choice %d: abort %v", depth, ot, slot, h, got)
					}
				}
			}
		}
		// Row 7: both sums; row 8: XOR value or digest.
		checks := 128 * 32
		for _, at := range [][]int{{32*50 + 1, 32*50 + 17}, {checks + 5}, {checks + 32}, {len(r.s3) - 1}, {len(r.s3) - 64}} {
			msg := append([]byte(nil), r.s3...)
			for _, a := range at {
				msg[a] ^= 1
			}
			if !r.try(t, l, randomBlock(t), msg) {
				t.Errorf("depth %d: change at %d passes", depth, at)
			}
		}
		if !r.try(t, l, randomBlock(t), r.s3[1:]) || !r.try(t, l, randomBlock(t), append(r.s3, 0)) {
			t.Error("wrong length accepted")
		}
	}
}

// alpha returns the path of tree c.
func alpha(delta block.Block, depth, c int) (a int) {
	for b := range depth {
		a |= int(delta.Bit(depth*c+b)) << b
	}
	return a
}

// TestCorrectionTampered is tamper rows 9 and 10: one bit of d_c altered passes iff
// alpha_c = 0; with the cheater's columns adapted to a guess of alpha_c, iff the guess
// is right. Either way the relation holds afterwards.
func TestCorrectionTampered(t *testing.T) {
	const depth, rows, trials = 2, 384, 200
	passes := [2]int{}
	for trial := range trials {
		l := testLink(depth)
		k, m, delta := dealLinks(t, l)
		c := 1 + trial%(l.trees()-1)
		a := alpha(delta, depth, c)
		for guessing := range 2 {
			mb, d, err := m.Extend(uint32(guessing), make([]block.Block, rows))
			if err != nil {
				t.Fatal(err)
			}
			row := 200
			d[(c-1)*rows/8+row/8] ^= 1 << (row % 8)
			guess := 0
			if guessing == 1 {
				guess = trial % 4
				for b := range depth {
					if guess>>b&1 == 1 { // V of tree c, column b, row 200
						v := &mb.v[128*(row/128)+depth*c+b]
						v.Hi ^= 1 << (row%128 - 64)
					}
				}
			}
			kb, err := k.Extend(uint32(guessing), make([]block.Block, rows), d)
			if err != nil {
				t.Fatal(err)
			}
			err = prove(t, kb, mb)
			if (err == nil) != (a == guess) {
				t.Fatalf("alpha %d guess %d: %v", a, guess, err)
			}
			if err == nil {
				passes[guessing]++
				checkRelation(t, delta, kb, mb, rows)
			}
		}
	}
	for i, p := range passes { // rate 2^-k, within five standard deviations: chance alone exceeds them once in two million times
		if sd := math.Sqrt(trials * 0.25 * 0.75); math.Abs(float64(p)-trials*0.25) > 5*sd {
			t.Errorf("case %d: %d of %d pass", i, p, trials)
		}
	}
}

// dealLinks makes both ends of a link with ideal base OTs, for many cheap trials.
func dealLinks(t testing.TB, l Link) (*KeyLink, *MACLink, block.Block) {
	t.Helper()
	delta := randomBlock(t)
	keys := new([128][2]block.Block)
	var mine [128]block.Block
	for i, h := range choiceBits(delta, l.Depth) {
		keys[i] = [2]block.Block{randomBlock(t), randomBlock(t)}
		mine[i] = keys[i][h]
	}
	leaves, s3, err := grow(l, keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	known, err := puncture(l, delta, &mine, s3)
	if err != nil {
		t.Fatal(err)
	}
	return &KeyLink{link: l, delta: delta, leaves: known}, &MACLink{link: l, leaves: leaves}, delta
}

// TestAnswerTampered is tamper row 11: every bit of u~ and v~ matters.
func TestAnswerTampered(t *testing.T) {
	k, m, _ := dealLinks(t, testLink(4))
	for bit := range 8 * AnswerSize {
		kb, mb := extend(t, k, m, uint32(bit), 256)
		chi, err := kb.Challenge(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		a, err := mb.Answer(chi)
		if err != nil {
			t.Fatal(err)
		}
		a[bit/8] ^= 1 << (bit % 8)
		if kb.Check(a) == nil {
			t.Fatalf("bit %d of the answer does not matter", bit)
		}
	}
	for _, n := range []int{0, AnswerSize - 1, AnswerSize + 1} {
		kb, _ := extend(t, k, m, uint32(1000+n), 256)
		kb.Challenge(rand.Reader)
		if kb.Check(make([]byte, n)) == nil {
			t.Errorf("answer of %d bytes accepted", n)
		}
	}
}

// TestReplayedAnswer: the answer of another batch, or of another link, fails.
func TestReplayedAnswer(t *testing.T) {
	k, m, _ := dealLinks(t, testLink(4))
	zero := make([]byte, ChallengeSize)
	kb, mb := extend(t, k, m, 1, 256)
	kb2, _ := extend(t, k, m, 2, 256)
	kb.chi, kb2.chi = block.NewPHKey(block.Block{}), block.NewPHKey(block.Block{})
	a, err := mb.Answer(zero)
	if err != nil {
		t.Fatal(err)
	}
	if kb2.Check(a) == nil {
		t.Error("answer of another batch accepted")
	}
	if err := kb.Check(a); err != nil { // row 25: chi = 0 is accepted
		t.Error(err)
	}
}

// TestZeroChallenge is tamper row 25 and pitfall 17: with chi = 0, u~ is the mask rows.
func TestZeroChallenge(t *testing.T) {
	k, m, _ := dealLinks(t, testLink(4))
	_, mb := extend(t, k, m, 1, 512)
	mask := append([]byte(nil), mb.u[48:]...)
	a, err := mb.Answer(make([]byte, ChallengeSize))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a[:16], mask) {
		t.Error("u~ is not the mask")
	}
	_, mb = extend(t, k, m, 2, 512)
	clear(mb.u[:48]) // an all-zero u_0 stays hidden
	a, _ = mb.Answer(bytes.Repeat([]byte{7}, ChallengeSize))
	if bytes.Equal(a[:16], make([]byte, 16)) {
		t.Error("u~ of a zero u_0 is not masked")
	}
	if _, err := mb.Answer(nil); err == nil {
		t.Error("empty challenge accepted")
	}
}

// FuzzDecoders feeds garbage to everything that reads a message: no panic, and nothing passes but the honest message.
func FuzzDecoders(f *testing.F) {
	l := testLink(4)
	r := newReplay(f, l)
	known, mac, delta := dealLinks(f, l)
	var mine [128]block.Block
	for i, h := range choiceBits(delta, l.Depth) {
		mine[i] = r.keys[i][h]
	}
	_, d, err := mac.Extend(0, make([]block.Block, 256))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.s3)
	f.Add(d)
	f.Add([]byte{})
	f.Add(make([]byte, ChoicesSize))
	f.Add(make([]byte, AnswerSize))
	f.Fuzz(func(t *testing.T, p []byte) {
		decodePoint(p)
		if _, err := newBaseStub(t, l).keys(p); err == nil && len(p) != ChoicesSize {
			t.Error("points of a wrong length accepted")
		}
		if _, err := puncture(l, delta, &mine, p); err == nil && len(p) != len(r.s3) {
			t.Error("trees of a wrong length accepted")
		}
		k := &KeyLink{link: l, delta: delta, leaves: known.leaves}
		if _, err := k.Extend(0, make([]block.Block, 256), p); err == nil && len(p) != len(d) {
			t.Error("corrections of a wrong length accepted")
		}
		kb, err := k.Extend(1, make([]block.Block, 256), d)
		if err != nil {
			t.Fatal(err)
		}
		kb.Challenge(rand.Reader)
		if kb.Check(p) == nil {
			t.Error("garbage passes the check")
		}
	})
}

func newBaseStub(t testing.TB, l Link) *baseSender {
	t.Helper()
	s, err := newBaseSender(l, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
