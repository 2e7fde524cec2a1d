package ot

import (
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"github.com/tacit-mpc/tacit/internal/block"
)

// testLink is link 0<-1 with the session id of the known answers.
func testLink(depth int) Link {
	l := Link{Key: 0, MAC: 1, Depth: depth}
	for i := range l.SID {
		l.SID[i] = byte(i)
	}
	return l
}

func randomBlock(t testing.TB) block.Block {
	t.Helper()
	b, err := block.Random(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// setup is a set-up in progress, its messages open to tampering.
type setup struct {
	t     testing.TB
	delta block.Block
	key   *KeySetup
	mac   *MACSetup
}

func newSetup(t testing.TB, l Link) *setup {
	t.Helper()
	s := &setup{t: t, delta: randomBlock(t)}
	s.delta.Lo |= 1
	var err error
	if s.key, err = NewKeySetup(l, s.delta, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if s.mac, err = NewMACSetup(l, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return s
}

// trees runs S2 honestly and returns the MAC side's link and its S3 message.
func (s *setup) trees() (*MACLink, []byte) {
	s.t.Helper()
	if err := s.key.Point(s.mac.Point()); err != nil {
		s.t.Fatal(err)
	}
	m, s3, err := s.mac.Trees(s.key.Choices())
	if err != nil {
		s.t.Fatal(err)
	}
	return m, s3
}

// links runs the whole set-up honestly.
func links(t testing.TB, l Link) (*KeyLink, *MACLink, block.Block) {
	t.Helper()
	s := newSetup(t, l)
	m, s3 := s.trees()
	k, err := s.key.Trees(s3)
	if err != nil {
		t.Fatal(err)
	}
	return k, m, s.delta
}

// extend runs one batch honestly.
func extend(t testing.TB, k *KeyLink, m *MACLink, batch uint32, rows int) (*KeyBatch, *MACBatch) {
	t.Helper()
	mb, d, err := m.Extend(batch, make([]block.Block, rows))
	if err != nil {
		t.Fatal(err)
	}
	kb, err := k.Extend(batch, make([]block.Block, rows), d)
	if err != nil {
		t.Fatal(err)
	}
	return kb, mb
}

// prove runs the check of a batch and returns its outcome.
func prove(t testing.TB, kb *KeyBatch, mb *MACBatch) error {
	t.Helper()
	chi, err := kb.Challenge(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, err := mb.Answer(chi)
	if err != nil {
		t.Fatal(err)
	}
	return kb.Check(a)
}

// checkRelation asserts M = K ^ u*Delta for every row.
func checkRelation(t testing.TB, delta block.Block, kb *KeyBatch, mb *MACBatch, rows int) {
	t.Helper()
	u, m, err := mb.Take()
	if err != nil {
		t.Fatal(err)
	}
	k, err := kb.Take()
	if err != nil {
		t.Fatal(err)
	}
	if len(m) != rows-128 || len(k) != rows-128 || len(u) != rows/8-16 {
		t.Fatalf("%d rows give %d MACs, %d keys", rows, len(m), len(k))
	}
	ones := 0
	for r := range m {
		x := u.Get(r)
		ones += int(x)
		if !m[r].Equal(k[r].Xor(delta.And(block.Mask(x)))) {
			t.Fatalf("row %d: M != K ^ u*Delta", r)
		}
	}
	if len(m) >= 1024 && (ones < len(m)/3 || ones > len(m)*2/3) {
		t.Errorf("%d of %d choice bits are one", ones, len(m))
	}
}

func TestCorrelation(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		k, m, delta := links(t, testLink(depth))
		for batch, rows := range []int{256, 384, 1280, Slab, Slab + 128, 2*Slab + 1024} {
			kb, mb := extend(t, k, m, uint32(batch), rows)
			if err := prove(t, kb, mb); err != nil {
				t.Fatalf("depth %d, %d rows: %v", depth, rows, err)
			}
			checkRelation(t, delta, kb, mb, rows)
		}
	}
}

// TestPuncture is pitfall 9: the key side knows exactly the leaves other than alpha,
// and they match.
func TestPuncture(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		k, m, delta := links(t, testLink(depth))
		for c := range m.leaves {
			alpha := 0
			for b := range depth {
				alpha |= int(delta.Bit(depth*c+b)) << b
			}
			for x := range m.leaves[c] {
				mine, other := k.leaves[c][x^alpha], m.leaves[c][x]
				if x == alpha {
					if !mine.IsZero() {
						t.Errorf("depth %d tree %d: leaf alpha is known", depth, c)
					}
					continue
				}
				var p, q [32]byte
				mine.Fill(p[:], 1, 1, 0)
				other.Fill(q[:], 1, 1, 0)
				if p != q {
					t.Fatalf("depth %d tree %d leaf %d differs", depth, c, x)
				}
			}
		}
	}
}

func TestMessageLengths(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		l, nC := testLink(depth), 128/depth
		s := newSetup(t, l)
		if len(s.key.Choices()) != 8192 || len(s.mac.Point()) != 32 {
			t.Error("S2 lengths")
		}
		m, s3 := s.trees()
		if len(s3) != 4096+64*nC || len(s3) != l.TreesSize() {
			t.Errorf("depth %d: S3 of %d bytes", depth, len(s3))
		}
		_, d, err := m.Extend(0, make([]block.Block, 1280))
		if err != nil || len(d) != (nC-1)*1280/8 {
			t.Errorf("depth %d: corrections of %d bytes, %v", depth, len(d), err)
		}
	}
	// Pitfall 34: no overflow at L = 2^18, B = 4.
	rows := 13<<18 + 256
	if got := testLink(1).CorrectionsSize(rows); got != 127*int64(rows)/8 {
		t.Errorf("corrections of %d rows: %d bytes", rows, got)
	}
}

func TestSingleUse(t *testing.T) {
	s := newSetup(t, testLink(4))
	if _, err := s.key.Trees(nil); err == nil {
		t.Error("trees before the point")
	}
	mac, s3 := s.trees()
	if s.key.Point(s.mac.Point()) == nil {
		t.Error("second point")
	}
	if _, _, err := s.mac.Trees(s.key.Choices()); err == nil {
		t.Error("second set of choices")
	}
	key, err := s.key.Trees(s3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.key.Trees(s3); err == nil {
		t.Error("second trees")
	}
	if !s.key.delta.IsZero() {
		t.Error("set-up keeps Delta")
	}

	kb, mb := extend(t, key, mac, 3, 256)
	if _, _, err := mac.Extend(3, make([]block.Block, 256)); err == nil {
		t.Error("batch extended twice at the MAC side")
	}
	if _, err := key.Extend(2, make([]block.Block, 256), make([]byte, 31*32)); err == nil {
		t.Error("batch order reversed at the key side")
	}
	if kb.Check(make([]byte, AnswerSize)) == nil {
		t.Error("check before challenge")
	}
	if _, err := kb.Take(); err == nil {
		t.Error("keys before the check")
	}
	if _, _, err := mb.Take(); err == nil {
		t.Error("MACs before the answer")
	}
	chi, _ := kb.Challenge(rand.Reader)
	if _, err := kb.Challenge(rand.Reader); err == nil {
		t.Error("second challenge")
	}
	a, err := mb.Answer(chi)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mb.Answer(chi); err == nil {
		t.Error("second answer")
	}
	bad := append([]byte(nil), a...)
	bad[0] ^= 1
	if kb.Check(bad) == nil {
		t.Fatal("bad answer passes")
	}
	if kb.Check(a) == nil {
		t.Error("a failed check was retried")
	}
	if _, err := kb.Take(); err == nil {
		t.Error("keys after a failed check")
	}
	key.Wipe()
	mac.Wipe()
	if _, _, err := mac.Extend(9, make([]block.Block, 256)); err == nil {
		t.Error("wiped link extends")
	}
	if _, err := key.Extend(9, make([]block.Block, 256), make([]byte, 31*32)); err == nil {
		t.Error("wiped link extends")
	}
}

// TestChallengesDiffer is pitfall 12: each batch has its own challenge.
func TestChallengesDiffer(t *testing.T) {
	k, m, _ := links(t, testLink(4))
	kb, _ := extend(t, k, m, 1, 256)
	kb2, _ := extend(t, k, m, 2, 256)
	a, _ := kb.Challenge(rand.Reader)
	b, _ := kb2.Challenge(rand.Reader)
	if string(a) == string(b) {
		t.Error("two batches share a challenge")
	}
}

// TestRefused: links and batches that cannot be, and randomness that runs out.
func TestRefused(t *testing.T) {
	self := testLink(4)
	self.MAC = self.Key
	for _, l := range []Link{testLink(0), testLink(3), testLink(16), self} {
		if _, err := NewKeySetup(l, block.Block{}, rand.Reader); err == nil {
			t.Errorf("key side of %+v", l)
		}
		if _, err := NewMACSetup(l, rand.Reader); err == nil {
			t.Errorf("MAC side of %+v", l)
		}
	}
	k, m, _ := dealLinks(t, testLink(4))
	for _, rows := range []int{0, 64, 127, 130} {
		if _, _, err := m.Extend(1, make([]block.Block, rows)); err == nil {
			t.Errorf("MAC side extends %d rows", rows)
		}
		if _, err := k.Extend(1, make([]block.Block, rows), nil); err == nil {
			t.Errorf("key side extends %d rows", rows)
		}
	}
	kb, mb := extend(t, k, m, 2, 256)
	for _, n := range []int{0, ChallengeSize - 1, ChallengeSize + 1} {
		if _, err := mb.Answer(make([]byte, n)); err == nil {
			t.Errorf("challenge of %d bytes answered", n)
		}
	}
	if _, err := kb.Challenge(io.LimitReader(rand.Reader, ChallengeSize-1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("challenge from too little randomness: %v", err)
	}
	for _, n := range []int64{0, 63, 64, 100, 128*128 - 1} {
		if _, err := NewKeySetup(testLink(4), block.Block{}, io.LimitReader(rand.Reader, n)); err == nil {
			t.Errorf("key side from %d random bytes", n)
		}
	}
	if _, err := NewMACSetup(testLink(4), io.LimitReader(rand.Reader, 63)); err == nil {
		t.Error("MAC side from 63 random bytes")
	}
	mac, err := NewMACSetup(testLink(4), io.LimitReader(rand.Reader, 64+16*32-1)) // the last tree lacks a byte
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := mac.Trees(newSetup(t, testLink(4)).key.Choices()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("trees from too little randomness: %v", err)
	}
}
