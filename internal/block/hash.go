package block

import (
	"crypto/aes"
)

// Tweak domains (protocol 4.4).
const (
	TweakLeakyAND byte = 1 // i key owner, j MAC owner, aux layer, position in the layer
	TweakGarble   byte = 2 // i garbler, j target, aux 0 left and 1 right input, AND gate in the chunk
)

// Tweak returns the tweak S ^ (LE64(chunk*2^32 + position) || dom || i || j || aux || 0^4)
// of protocol 4.4. Under one Delta no two values may share a tweak but a pair
// x, x ^ Delta.
func Tweak(s Block, dom, i, j, aux byte, chunk, position uint32) Block {
	return Block{
		s.Lo ^ (uint64(chunk)<<32 | uint64(position)),
		s.Hi ^ (uint64(dom) | uint64(i)<<8 | uint64(j)<<16 | uint64(aux)<<24),
	}
}

// Sigma is the linear orthomorphism (hi, lo) -> (hi ^ lo, hi) of protocol 4.3.
func Sigma(x Block) Block { return Block{Lo: x.Hi, Hi: x.Hi ^ x.Lo} }

// Hash sets dst[i] = H(x[i], t[i]), the correlation-robust hash of protocol 4.3
// (GKWWY20): AES-128 under the tweak as key, applied to sigma(x), plus sigma(x).
// Every tweak gets its own key schedule. dst may be x.
func Hash(dst, x, t []Block) {
	x, dst = x[:len(t)], dst[:len(t)]
	buf := new([2 * Size]byte)
	key, in := buf[:Size], buf[Size:]
	for i := range t {
		t[i].Put(key)
		c, err := aes.NewCipher(key)
		if err != nil {
			panic("block: " + err.Error())
		}
		s := Sigma(x[i])
		s.Put(in)
		c.Encrypt(in, in)
		dst[i] = Load(in).Xor(s)
	}
	clear(buf[:])
}

// Hash2 sets dst[i] = H(x[i], t[i]) and dst2[i] = H(x[i] ^ delta, t[i]), with one
// key schedule for both. dst or dst2 may be x.
func Hash2(dst, dst2, x, t []Block, delta Block) {
	x, dst, dst2 = x[:len(t)], dst[:len(t)], dst2[:len(t)]
	buf := new([3 * Size]byte)
	key, in, in2 := buf[:Size], buf[Size:2*Size], buf[2*Size:]
	sd := Sigma(delta)
	for i := range t {
		t[i].Put(key)
		c, err := aes.NewCipher(key)
		if err != nil {
			panic("block: " + err.Error())
		}
		s := Sigma(x[i])
		s2 := s.Xor(sd)
		s.Put(in)
		s2.Put(in2)
		c.Encrypt(in, in)
		c.Encrypt(in2, in2)
		dst[i] = Load(in).Xor(s)
		dst2[i] = Load(in2).Xor(s2)
	}
	clear(buf[:])
}

// H is Hash of one value; use Hash for many.
func H(x, t Block) Block {
	var d [1]Block
	Hash(d[:], []Block{x}, []Block{t})
	return d[0]
}
