package ot

import (
	"encoding/hex"
	"testing"

	"github.com/gtank/ristretto255"
	"github.com/tacit-mpc/tacit/internal/block"
)

func wantHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s = %x, want %s", what, got, want)
	}
}

// seq16 is the block 00 01 .. 0f.
func seq16() block.Block {
	var p [16]byte
	for i := range p {
		p[i] = byte(i)
	}
	return block.Load(p[:])
}

func scalar(t *testing.T, v byte) *ristretto255.Scalar {
	t.Helper()
	s := ristretto255.NewScalar()
	if err := s.Decode(append([]byte{v}, make([]byte, 31)...)); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBaseOTVector holds the base OT of protocol section 31: b = 3, a = 5, t = 9,
// choice 1, R_0 = 7G.
func TestBaseOTVector(t *testing.T) {
	l := testLink(4)
	other := ristretto255.NewElement().ScalarBaseMult(scalar(t, 7))
	r := &baseReceiver{link: l}
	pair := r.pair(nil, 9, 1, scalar(t, 5), other)
	wantHex(t, "R_0", pair[:32], "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d")
	wantHex(t, "P", l.slotPoint(9, 1, pair[:32]).Encode(nil), "6a34df6cd8cfb96365f0bd23c42c8019dc2a33be7886fba836331914b28dd256")
	wantHex(t, "R_1", pair[32:], "84abbebe0139972321cece33e95c95776be9a4eba4d7ba6d1161ee00a3b0b930")

	s := &baseSender{link: l, b: scalar(t, 3)}
	ristretto255.NewElement().ScalarBaseMult(s.b).Encode(s.point[:0])
	choices := make([]byte, 0, ChoicesSize)
	for range 128 {
		choices = append(choices, pair...)
	}
	keys, err := s.keys(choices)
	if err != nil {
		t.Fatal(err)
	}
	k1, k0 := keys[9][1].Bytes(), keys[9][0].Bytes()
	wantHex(t, "key_{9,1}", k1[:], "655e97a3276453f128d1e2e4417fea8c")
	wantHex(t, "key_{9,0}", k0[:], "4415c6c0416dc31bea849fbdad7a26de")

	for i := range r.a {
		r.a[i] = scalar(t, 5)
		r.choice[i] = 1
	}
	r.msg = choices
	got, err := r.keys(s.point[:])
	if err != nil || !got[9].Equal(keys[9][1]) {
		t.Errorf("the receiver's key differs, %v", err)
	}
}

func TestTreeVector(t *testing.T) {
	l := testLink(4)
	tr := tree{&l, block.LE32(5)}
	left, right := tr.children(2, seq16())
	wantHex(t, "ggm", block.Append(nil, left, right), "1602222c52f877e137c5c278309ce3415ad9dc4bb4a5a410435e5afa6313813a")
	check, seed := tr.leaf(seq16())
	wantHex(t, "ggm-chk", check[:], "30e5bbc62a0e9b5c1dc3ecb44d5aa7d8be86f60eb1bbb4c7f7e1d9acce4fc319")
	wantHex(t, "ggm-leaf", block.Append(nil, seed), "24b34055a5fea9a43620e965605c0b4b")
}

func TestColumnHashVector(t *testing.T) {
	// Column 77 of a matrix of 384 rows is PRG(00..0f, 1, 0, 48).
	var col [48]byte
	block.NewExpander(seq16()).Fill(col[:], block.DomCOT, 0, 0)
	m := make([]block.Block, 384)
	for z := range 3 {
		m[128*z+77] = block.Load(col[16*z:])
	}
	h := columnHashes(block.NewPHKey(seq16()), m)
	wantHex(t, "colhash", block.Append(nil, h[77]), "846c914b0f2781546da2c129c8701cf1")
	if !h[76].IsZero() {
		t.Error("hash of a zero column")
	}
}

// TestRistrettoMap holds the one-way map to RFC 9496, appendix A.3.
func TestRistrettoMap(t *testing.T) {
	for _, v := range [][2]string{
		{"5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c14d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
			"3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"},
		{"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1200000000000000000000000000000000000000000000000000000000000000",
			"304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f"},
	} {
		in, err := hex.DecodeString(v[0])
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "map", ristretto255.NewElement().FromUniformBytes(in).Encode(nil), v[1])
	}
}
