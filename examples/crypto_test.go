package examples

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// literal writes bytes or words as a Garble array.
func literal[T any](list []T) string {
	return strings.ReplaceAll(fmt.Sprint(list), " ", ", ")
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestAES128(t *testing.T) {
	p := compile(t, "aes128.gb", "")
	if got := p.Circuit.Stats().And; got > 6400 {
		t.Errorf("%d ANDs, want 200 S-boxes of 32", got)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		key, block, want := randomBytes(rng, 16), randomBytes(rng, 16), make([]byte, 16)
		c, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		c.Encrypt(want, block)
		got, err := run(t, p, literal(key), literal(block))
		if err != nil || got != literal(want) {
			t.Errorf("AES of %v under %v is %s, %v; want %v", block, key, got, err, want)
		}
	}
}

func TestSHA256(t *testing.T) {
	p := compile(t, "sha256.gb", "")
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		message := randomBytes(rng, 48)
		want := sha256.Sum256(message)
		got, err := run(t, p, literal(message[:32]), literal(message[32:]))
		if err != nil || got != literal(want[:]) {
			t.Errorf("SHA-256 of %x is %s, %v; want %v", message, got, err, want)
		}
	}
}

// TestSHA256Compress hashes messages of several blocks with the compression function.
func TestSHA256Compress(t *testing.T) {
	p := compile(t, "sha256.gb", "compress")
	if got := p.Circuit.Stats().And; got > 22573 {
		t.Errorf("%d ANDs, more than the public circuit's 22573", got)
	}
	rng := rand.New(rand.NewPCG(1, 3))
	for _, n := range []int{0, 3, 55, 56, 119, 150} {
		message := randomBytes(rng, n)
		padded := append(append([]byte(nil), message...), 0x80)
		for len(padded)%64 != 56 {
			padded = append(padded, 0)
		}
		padded = binary.BigEndian.AppendUint64(padded, uint64(8*n))
		state := literal([]uint32{
			0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
		})
		for ; len(padded) > 0; padded = padded[64:] {
			next, err := run(t, p, literal(padded[:64]), state)
			if err != nil {
				t.Fatal(err)
			}
			state = next
		}
		digest := sha256.Sum256(message)
		var want []uint32
		for i := 0; i < 32; i += 4 {
			want = append(want, binary.BigEndian.Uint32(digest[i:]))
		}
		if state != literal(want) {
			t.Errorf("SHA-256 of %x is %s, want %v", message, state, want)
		}
	}
}
