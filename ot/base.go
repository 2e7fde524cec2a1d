package ot

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/gtank/ristretto255"
	"github.com/tacit-mpc/tacit/internal/block"
	"golang.org/x/sync/errgroup"
)

// The base OT of Masny and Rindal (MR19, the endemic OT from the Diffie-Hellman
// assumption) over ristretto255 (RFC 9496), as protocol section 7 lays it out: 128
// OTs a link, one scalar b for all of them. The scalar multiplications of the
// library are constant time, and so are its map and its encoding.

// choiceBits returns the choice bits of the 128 OTs: for OT t = depth*c + l-1 of
// tree c and level l, the complement of the path bit, bit depth-l of alpha_c, where
// alpha_c is bits depth*c .. depth*c+depth-1 of delta.
func choiceBits(delta block.Block, depth int) (h [128]byte) {
	for t := range h {
		c, l := t/depth, t%depth+1
		h[t] = byte(1 ^ delta.Bit(depth*c+depth-l))
	}
	return h
}

// eachOT runs f for every OT, on as many processors as there are.
func eachOT(f func(t int) error) error {
	const group = 16
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < 128; from += group {
		g.Go(func() error {
			for t := from; t < from+group; t++ {
				if err := f(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// errPoint is the failure of the checks on received points.
var errPoint = errors.New("ot: base OT: point is not a canonical encoding of a non-zero element")

// decodePoint decodes a canonical encoding that is not the identity.
func decodePoint(p []byte) (*ristretto255.Element, error) {
	e := ristretto255.NewElement()
	if err := e.Decode(p); err != nil {
		return nil, errPoint
	}
	if subtle.ConstantTimeCompare(p, make([]byte, 32)) == 1 {
		return nil, errPoint
	}
	return e, nil
}

// randomScalar draws a uniform scalar (zero has probability 2^-252).
func randomScalar(rand io.Reader) (*ristretto255.Scalar, error) {
	var wide [64]byte
	if _, err := io.ReadFull(rand, wide[:]); err != nil {
		return nil, fmt.Errorf("ot: base OT: draw a scalar: %w", err)
	}
	s := ristretto255.NewScalar().FromUniformBytes(wide[:])
	clear(wide[:])
	return s, nil
}

// slotPoint returns P(t, h, other), the one-way map of the other slot's encoding.
func (l *Link) slotPoint(t int, h byte, other []byte) *ristretto255.Element {
	sid, j, i := l.ids()
	wide := block.RO512("ot-point", sid, j, i, block.LE32(uint32(t)), []byte{h}, other)
	return ristretto255.NewElement().FromUniformBytes(wide[:])
}

// slotKey returns key_{t,h} from the shared point.
func (l *Link) slotKey(t int, h byte, point, r0, r1 []byte, shared *ristretto255.Element) block.Block {
	sid, j, i := l.ids()
	var enc [32]byte
	s := block.RO("ot-key", sid, j, i, block.LE32(uint32(t)), []byte{h}, point, r0, r1, shared.Encode(enc[:0]))
	return block.Load(s[:])
}

// baseSender is the sender: party j of the link, who learns both keys of every OT.
type baseSender struct {
	link  Link
	b     *ristretto255.Scalar
	point [PointSize]byte
}

func newBaseSender(l Link, rand io.Reader) (*baseSender, error) {
	b, err := randomScalar(rand)
	if err != nil {
		return nil, err
	}
	s := &baseSender{link: l, b: b}
	ristretto255.NewElement().ScalarBaseMult(b).Encode(s.point[:0])
	return s, nil
}

// keys computes both keys of every OT from the receiver's R pairs.
func (s *baseSender) keys(choices []byte) (*[128][2]block.Block, error) {
	if len(choices) != ChoicesSize {
		return nil, fmt.Errorf("ot: base OT: %d bytes of points, want %d", len(choices), ChoicesSize)
	}
	out := new([128][2]block.Block)
	zero := ristretto255.NewElement()
	err := eachOT(func(t int) error {
		pair := [2][]byte{choices[64*t : 64*t+32], choices[64*t+32 : 64*t+64]}
		for h := range pair {
			r, err := decodePoint(pair[h])
			if err != nil {
				return err
			}
			r.Add(r, s.link.slotPoint(t, byte(h), pair[1-h]))
			if r.Equal(zero) == 1 {
				return errPoint
			}
			r.ScalarMult(s.b, r)
			out[t][h] = s.link.slotKey(t, byte(h), s.point[:], pair[0], pair[1], r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *baseSender) wipe() { s.b.Zero() }

// baseReceiver is the receiver: party i of the link, who learns one key of every OT.
type baseReceiver struct {
	link   Link
	choice [128]byte // 0 or 1
	a      [128]*ristretto255.Scalar
	msg    []byte // R pairs
}

func newBaseReceiver(l Link, choice [128]byte, rand io.Reader) (*baseReceiver, error) {
	r := &baseReceiver{link: l, choice: choice, msg: make([]byte, ChoicesSize)}
	var wide [128][64]byte
	for t := range wide {
		var err error
		if r.a[t], err = randomScalar(rand); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(rand, wide[t][:]); err != nil {
			return nil, fmt.Errorf("ot: base OT: draw a point: %w", err)
		}
	}
	eachOT(func(t int) error {
		other := ristretto255.NewElement().FromUniformBytes(wide[t][:])
		r.pair(r.msg[64*t:64*t], t, choice[t], r.a[t], other)
		return nil
	})
	return r, nil
}

// pair appends R_0 || R_1 of OT t, with R_{1-h} = other and R_h = a*G - P(t, h, R_{1-h}).
func (r *baseReceiver) pair(msg []byte, t int, h byte, a *ristretto255.Scalar, other *ristretto255.Element) []byte {
	var otherEnc, ownEnc [32]byte
	other.Encode(otherEnc[:0])
	own := ristretto255.NewElement().ScalarBaseMult(a)
	own.Subtract(own, r.link.slotPoint(t, h, otherEnc[:])).Encode(ownEnc[:0])
	// R_0 = own if h = 0 and other if h = 1, without a branch.
	m := -h
	for x := range 32 {
		d := (ownEnc[x] ^ otherEnc[x]) & m
		ownEnc[x] ^= d
		otherEnc[x] ^= d
	}
	return append(append(msg, ownEnc[:]...), otherEnc[:]...)
}

// keys computes the chosen key of every OT from the sender's point B.
func (r *baseReceiver) keys(point []byte) (*[128]block.Block, error) {
	b, err := decodePoint(point)
	if err != nil {
		return nil, err
	}
	out := new([128]block.Block)
	eachOT(func(t int) error {
		shared := ristretto255.NewElement().ScalarMult(r.a[t], b)
		out[t] = r.link.slotKey(t, r.choice[t], point, r.msg[64*t:64*t+32], r.msg[64*t+32:64*t+64], shared)
		return nil
	})
	return out, nil
}

func (r *baseReceiver) wipe() {
	for _, a := range r.a {
		a.Zero()
	}
	clear(r.choice[:])
}
