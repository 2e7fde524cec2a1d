package block

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// slowMul multiplies with math/big: an independent oracle.
func slowMul(a, b Block) Block {
	toInt := func(x Block) *big.Int {
		i := new(big.Int).SetUint64(x.Hi)
		return i.Lsh(i, 64).Or(i, new(big.Int).SetUint64(x.Lo))
	}
	x, prod := toInt(a), new(big.Int)
	for t := range 128 {
		if b.Bit(t) == 1 {
			prod.Xor(prod, new(big.Int).Lsh(x, uint(t)))
		}
	}
	poly := new(big.Int).SetBit(big.NewInt(0x87), 128, 1)
	for t := prod.BitLen() - 1; t >= 128; t-- {
		if prod.Bit(t) == 1 {
			prod.Xor(prod, new(big.Int).Lsh(poly, uint(t-128)))
		}
	}
	lo := new(big.Int).And(prod, new(big.Int).SetUint64(^uint64(0)))
	return Block{lo.Uint64(), new(big.Int).Rsh(prod, 64).Uint64()}
}

func TestMul(t *testing.T) {
	for range 200 {
		v := random(2)
		want := slowMul(v[0], v[1])
		if !Mul(v[0], v[1]).Equal(want) || !mulPublic(v[0], v[1]).Equal(want) {
			t.Fatalf("product differs from the slow one")
		}
	}
}

func TestPH(t *testing.T) {
	chi := random(1)[0]
	k := NewPHKey(chi)
	chi3 := Mul(Mul(chi, chi), chi)
	if !k.Update(Block{}, []Block{{Lo: 1}, {}, {}}).Equal(chi3) || !k.Update(Block{}, []Block{{}, {}, {Lo: 1}}).Equal(chi) {
		t.Error("pitfall 7: Horner order")
	}
	if !k.Update(Block{}, nil).IsZero() {
		t.Error("hash of nothing is not zero")
	}
	for _, n := range []int{1, 31, 32, 33, 64, 100, 257} {
		v := random(n)
		var want Block
		for _, b := range v {
			want = Mul(want.Xor(b), chi)
		}
		cut := rand.IntN(n + 1)
		if !k.Update(k.Update(Block{}, v[:cut]), v[cut:]).Equal(want) {
			t.Errorf("Update of %d blocks cut at %d differs", n, cut)
		}
		if !k.UpdateBytes(Block{}, Append(nil, v...)).Equal(want) {
			t.Errorf("UpdateBytes of %d blocks differs", n)
		}
		bits := NewBits(n + 3)
		ones := make([]Block, n)
		for i := range ones {
			ones[i].Lo = rand.Uint64() & 1
			bits.Set(i+3, ones[i].Lo)
		}
		if !k.UpdateBits(Block{}, bits, 3, n).Equal(k.Update(Block{}, ones)) {
			t.Errorf("UpdateBits of %d bits differs", n)
		}
	}
}

func TestPack128(t *testing.T) {
	v := random(128)
	var want Block
	x := Block{Lo: 1}
	for _, b := range v {
		want = want.Xor(Mul(x, b))
		x = x.shl1()
	}
	if !Pack128(v).Equal(want) {
		t.Error("Pack128 differs from the sum of products")
	}
}

func BenchmarkUpdate(b *testing.B) {
	k, v := NewPHKey(random(1)[0]), random(1024)
	var acc Block
	b.SetBytes(1024 * Size)
	for b.Loop() {
		acc = k.Update(acc, v)
	}
}

func BenchmarkHash2(b *testing.B) {
	x, t, d := random(128), random(128), random(1)[0]
	h, h2 := make([]Block, 128), make([]Block, 128)
	b.SetBytes(128 * Size)
	b.ReportAllocs()
	for b.Loop() {
		Hash2(h, h2, x, t, d)
	}
}

func BenchmarkTranspose(b *testing.B) {
	m := random(1024)
	b.SetBytes(1024 * Size)
	for b.Loop() {
		Transpose(m)
	}
}

func BenchmarkExpander(b *testing.B) {
	e, p := NewExpander(random(1)[0]), make([]byte, 2048)
	b.SetBytes(2048)
	for b.Loop() {
		e.XOR(p, p, 1, 1, 0)
	}
}
