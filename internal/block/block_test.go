package block

import (
	"bytes"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"
)

// seq returns the n bytes from, from+1, ...
func seq(from, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(from + i)
	}
	return p
}

func random(n int) []Block {
	v := make([]Block, n)
	for i := range v {
		v[i] = Block{rand.Uint64(), rand.Uint64()}
	}
	return v
}

func wantHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s = %x, want %s", what, got, want)
	}
}

func blockHex(t *testing.T, what string, got Block, want string) {
	t.Helper()
	p := got.Bytes()
	wantHex(t, what, p[:], want)
}

// TestKnownAnswers holds the values of protocol section 31 that concern this package.
func TestKnownAnswers(t *testing.T) {
	a, b := Load(seq(0, 16)), Load(seq(16, 16))
	one := Block{Lo: 1}

	ro := RO("test", nil, []byte("abc"))
	wantHex(t, "RO", ro[:], "c53c143b9b2a179ff9b91c4eaea899b97f30ab8d8dba350ea98cc371991fefc2")

	p := make([]byte, 40)
	NewExpander(a).Fill(p, DomCOT, 2, 0)
	wantHex(t, "PRG", p, "67327fc9114dacef6c6b4dad8c5c20a34987b6b83a823329e7ab75915cacad958b6dfde092c4d668")

	blockHex(t, "sigma", Sigma(a), "08090a0b0c0d0e0f0808080808080808")
	blockHex(t, "sigma(1)", Sigma(one), "00000000000000000100000000000000")
	blockHex(t, "H(a, 0)", H(a, Block{}), "e7aaec1f96cd392fcc9e3f36bc5305f2")
	tw := Tweak(Block{^uint64(0), ^uint64(0)}, TweakGarble, 1, 3, 1, 5, 7)
	blockHex(t, "tweak", tw, "f8fffffffafffffffdfefcfeffffffff")
	blockHex(t, "H(a, tweak)", H(a, tw), "7dbd5e7aa8f6b720f093d63b911ed0da")

	blockHex(t, "X^127 * X", Mul(Block{Hi: 1 << 63}, Block{Lo: 2}), "87000000000000000000000000000000")
	blockHex(t, "a * b", Mul(a, b), "c041ee395862761aa00a8e7238291651")
	blockHex(t, "PH", NewPHKey(a).Update(Block{}, []Block{b, {}, one}), "1cef844d1523fefddbf4782fc8663d16")
	v := make([]Block, 128)
	v[0], v[1], v[127] = b, b, one
	blockHex(t, "pack128", Pack128(v), "303336353c3f3a39282b2e2d242722a1")

	col := make([]byte, 48)
	NewExpander(a).Fill(col, DomCOT, 0, 0)
	colhash := NewPHKey(a).UpdateBytes(Block{}, col[:32]).Xor(Load(col[32:]))
	blockHex(t, "colhash", colhash, "846c914b0f2781546da2c129c8701cf1")

	ggm := RO("ggm", seq(0, 32), []byte{1}, []byte{0}, LE32(5), LE32(2), seq(0, 16))
	wantHex(t, "ggm", ggm[:], "1602222c52f877e137c5c278309ce3415ad9dc4bb4a5a410435e5afa6313813a")
}

func TestOracleIncremental(t *testing.T) {
	blocks := random(700)
	long := Append(nil, blocks...)
	want := RO("x", []byte("sid"), long, nil, seq(0, 7))
	o := NewOracle("x", []byte("sid"))
	o.Begin(uint64(len(long)))
	o.Write(long[:5*Size])
	o.Blocks(blocks[5:])
	o.Field(nil)
	o.Begin(7)
	o.Write(seq(0, 3))
	o.Write(seq(3, 4))
	if got := o.Sum(); got != want {
		t.Error("incremental oracle differs")
	}
	// Framing: moving a byte over a field boundary changes the value.
	if RO("x", []byte("ab"), []byte("c")) == RO("x", []byte("a"), []byte("bc")) {
		t.Error("fields are not framed")
	}
}

func TestExpanderRandomAccess(t *testing.T) {
	e := NewExpander(random(1)[0])
	whole := make([]byte, 1000*Size)
	e.Fill(whole, 3, 9, 0)
	part := make([]byte, 100)
	e.Fill(part, 3, 9, 37)
	if !bytes.Equal(part, whole[37*Size:37*Size+100]) {
		t.Error("random access gives another stream")
	}
	v := random(600)
	want := append([]Block(nil), v...)
	for i := range want {
		want[i] = want[i].Xor(Load(whole[Size*(i+5):]))
	}
	e.XORBlocks(v, 3, 9, 5)
	for i := range v {
		if !v[i].Equal(want[i]) {
			t.Fatalf("XORBlocks differs at block %d", i)
		}
	}
	other := make([]byte, 100)
	for _, s := range [][2]uint32{{3, 10}, {4, 9}} {
		e.Fill(other, s[0], s[1], 37)
		if bytes.Equal(part, other) {
			t.Errorf("stream %v repeats stream (3, 9)", s)
		}
	}
}

func TestHashPairs(t *testing.T) {
	x, tw, delta := random(70), random(70), random(1)[0]
	h, h2, g, g2 := make([]Block, 70), make([]Block, 70), make([]Block, 70), make([]Block, 70)
	Hash2(h, h2, x, tw, delta)
	Hash(g, x, tw)
	for i := range x {
		g2[i] = H(x[i].Xor(delta), tw[i])
	}
	for i := range x {
		if !h[i].Equal(g[i]) || !h2[i].Equal(g2[i]) {
			t.Fatalf("Hash2 differs from Hash at %d", i)
		}
	}
}

func TestTweaksDistinct(t *testing.T) {
	// Pitfall 5: the schedule follows every part of the tweak, j among them.
	s := random(1)[0]
	base := Tweak(s, 1, 2, 3, 4, 5, 6)
	for i, tw := range []Block{
		Tweak(s, 2, 2, 3, 4, 5, 6), Tweak(s, 1, 3, 3, 4, 5, 6), Tweak(s, 1, 2, 4, 4, 5, 6),
		Tweak(s, 1, 2, 3, 5, 5, 6), Tweak(s, 1, 2, 3, 4, 6, 6), Tweak(s, 1, 2, 3, 4, 5, 7),
	} {
		if tw.Equal(base) || H(s, tw).Equal(H(s, base)) {
			t.Errorf("part %d of the tweak does not matter", i)
		}
	}
}

func TestTranspose(t *testing.T) {
	m := random(512)
	was := append([]Block(nil), m...)
	Transpose(m)
	for r := range m {
		for q := range 128 {
			if m[r].Bit(q) != was[r/128*128+q].Bit(r%128) {
				t.Fatalf("row %d column %d differs", r, q)
			}
		}
	}
}

func TestStream(t *testing.T) {
	seed := random(1)[0]
	a, b := NewStream(seed), NewStream(seed)
	p, q := make([]byte, 100), make([]byte, 100)
	io.ReadFull(a, p)
	io.ReadFull(b, q[:37])
	io.ReadFull(b, q[37:])
	if !bytes.Equal(p, q) || bytes.Equal(p[:16], p[16:32]) {
		t.Error("a stream depends on how it is read")
	}
}

func TestBits(t *testing.T) {
	for n := range 40 {
		b := NewBits(n)
		want := make([]uint64, n)
		for i := range want {
			want[i] = rand.Uint64() & 1
			b.Set(i, want[i])
		}
		if p, err := ParseBits(b, n); err != nil || len(p) != BitsLen(n) {
			t.Fatalf("ParseBits of %d bits: %v", n, err)
		}
		for from := range n {
			for m := 0; from+m <= n; m++ {
				s := b.Slice(from, m)
				if _, err := ParseBits(s, m); err != nil {
					t.Fatal(err)
				}
				for i := range m {
					if s.Get(i) != want[from+i] {
						t.Fatalf("Slice(%d, %d) bit %d of %d bits", from, m, i, n)
					}
				}
			}
		}
		if _, err := ParseBits(append(b[:len(b):len(b)], 0), n); err == nil {
			t.Error("longer vector accepted")
		}
		if n%8 != 0 {
			b[len(b)-1] |= 1 << (n % 8)
			if _, err := ParseBits(b, n); err == nil {
				t.Errorf("padding of %d bits accepted", n)
			}
		}
	}
}

func TestParseBlocks(t *testing.T) {
	v := random(3)
	p := Append(nil, v...)
	got := make([]Block, 3)
	if err := Parse(got, p); err != nil || !got[2].Equal(v[2]) {
		t.Errorf("Parse: %v", err)
	}
	for _, n := range []int{0, 47, 49, 64} {
		if Parse(got, make([]byte, n)) == nil {
			t.Errorf("%d bytes accepted for 3 blocks", n)
		}
	}
}
