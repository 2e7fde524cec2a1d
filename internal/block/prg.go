package block

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"
)

// Domains of the seeded generator (protocol 4.2).
const (
	DomCOT       uint32 = 1 // leaves of the COT trees
	DomLeakyAND  uint32 = 2 // zero share in the leaky AND
	DomLeakyTest uint32 = 3 // zero share in the check of the leaky AND
	DomDelta     uint32 = 4 // zero share in the Delta check
	DomRotation  uint32 = 5 // bucket rotations
	DomDealer    uint32 = 6 // trusted dealer
)

// Expander is the seeded generator of protocol 4.2: AES-128-CTR under the seed
// as key, with the initial counter BE32(dom) || BE32(batch) || 0^8. It keeps the
// expanded key and gives random access. Each (dom, batch) stream of one seed
// serves one purpose; an Expander may be used by several goroutines.
type Expander struct{ key cipher.Block }

// NewExpander returns the generator of seed.
func NewExpander(seed Block) Expander {
	p := seed.Bytes()
	key, err := aes.NewCipher(p[:])
	if err != nil {
		panic("block: " + err.Error()) // the key length is right
	}
	return Expander{key}
}

// IsZero reports whether e is the zero Expander, which has no seed.
func (e Expander) IsZero() bool { return e.key == nil }

// Fill writes bytes 16*first, 16*first+1, ... of the stream (dom, batch) to dst.
func (e Expander) Fill(dst []byte, dom, batch uint32, first uint64) {
	clear(dst)
	e.XOR(dst, dst, dom, batch, first)
}

// XOR sets dst to src XOR what Fill would write. src is as long as dst, and may be dst.
func (e Expander) XOR(dst, src []byte, dom, batch uint32, first uint64) {
	var iv [Size]byte
	binary.BigEndian.PutUint32(iv[0:], dom)
	binary.BigEndian.PutUint32(iv[4:], batch)
	binary.BigEndian.PutUint64(iv[8:], first)
	cipher.NewCTR(e.key, iv[:]).XORKeyStream(dst, src[:len(dst)])
}

// XORBlocks XORs blocks first, first+1, ... of the stream (dom, batch) onto dst.
func (e Expander) XORBlocks(dst []Block, dom, batch uint32, first uint64) {
	buf := make([]byte, Size*min(len(dst), 256))
	for len(dst) > 0 {
		n := min(len(dst), 256)
		e.Fill(buf[:Size*n], dom, batch, first)
		for i := range dst[:n] {
			dst[i] = dst[i].Xor(Load(buf[Size*i:]))
		}
		dst, first = dst[n:], first+uint64(n)
	}
	clear(buf)
}

// Stream is private randomness grown from a private seed: AES-128-CTR from
// counter zero. Giving each consumer its own Stream makes what it draws
// independent of the order in which consumers run.
type Stream struct{ s cipher.Stream }

// NewStream returns the stream of seed, which nobody else may know.
func NewStream(seed Block) *Stream {
	var iv [Size]byte
	return &Stream{cipher.NewCTR(NewExpander(seed).key, iv[:])}
}

// Read fills p with the next bytes. It never fails.
func (s *Stream) Read(p []byte) (int, error) {
	clear(p)
	s.s.XORKeyStream(p, p)
	return len(p), nil
}

// Random draws one block from r.
func Random(r io.Reader) (Block, error) {
	var p [Size]byte
	_, err := io.ReadFull(r, p[:])
	return Load(p[:]), err
}
