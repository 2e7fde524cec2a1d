package mpc

import (
	"encoding/hex"
	"slices"
	"testing"
)

func seqBytes(from, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(from + i)
	}
	return p
}

// TestCoinVectors holds the coin and the rotations of protocol section 31.
func TestCoinVectors(t *testing.T) {
	s := &session{plan: &plan{n: 2}, self: 0, sid: seqBytes(0, 32)}
	c := &coinSet{s: s, batch: 3, ids: []byte{3, 4}, commits: make([][]byte, 2)}
	com := c.commit(4, 1, seqBytes(0, 64))
	if got := hex.EncodeToString(com[:]); got != "4457f91c1354064ccc46ed258006bdb04f521d1ba23b85660ad90515199ef32d" {
		t.Errorf("coin-commit = %s", got)
	}
	c.openings = make([][openSize]byte, 2)
	c.shares = [][][hashSize]byte{nil, {[32]byte(seqBytes(0, 32)), [32]byte(seqBytes(32, 32))}}
	c.open = []uint64{0, 3}
	coin, err := c.value(4)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(coin[:]); got != "5d1f741954b3f6361eef04d32e4f3a4359015e98fdd2fb22841f378a0b55ce4a" {
		t.Errorf("coin = %s", got)
	}
	if _, err := c.value(4); err == nil {
		t.Error("a coin is used twice")
	}
	if got := rotations(coin, 4, 13568); !slices.Equal(got, []int{0, 11898, 4927, 589}) {
		t.Errorf("rotations below 13568: %v", got)
	}
	if got := rotations(coin, 4, 65536); !slices.Equal(got, []int{0, 22906, 39999, 56141}) {
		t.Errorf("rotations below 65536: %v", got)
	}
	if got := rotations(coin, 40, 1000); len(got) != 40 || slices.Max(got) >= 1000 {
		t.Errorf("rotations of 40 layers: %v", got)
	}
}

// TestRotationRejection is pitfall 30: words just below and at the limit.
func TestRotationRejection(t *testing.T) {
	words := func(w ...uint64) func() uint64 {
		return func() uint64 {
			x := w[0]
			w = w[1:]
			return x
		}
	}
	const size = 1000               // 2^64 mod 1000 = 616
	limit := ^uint64(615)           // the first word that is rejected
	last := int((limit - 1) % size) // 999
	if got := rotate(4, size, words(limit, ^uint64(0), limit-1, 5, limit, 1000)); !slices.Equal(got, []int{0, last, 5, 0}) || last != size-1 {
		t.Errorf("rotations %v", got)
	}
	// Nothing is rejected if L is a power of two.
	if got := rotate(3, 1024, words(^uint64(0), 1<<63)); !slices.Equal(got, []int{0, 1023, 0}) {
		t.Errorf("rotations %v", got)
	}
}
