// Package ot makes correlated oblivious transfers between two parties, with
// security against malicious parties: the foundation of everything else.
//
// On the link "i<-j" the key side i holds a global key Delta and receives, for
// every row r of a batch, a key K[r]; the MAC side j receives a random bit u[r] and
// M[r] = K[r] ^ u[r]*Delta. Neither learns more. The steps, from both ends:
//
//	key side i                          MAC side j
//	NewKeySetup                         NewMACSetup
//	           Choices, 8192 bytes ->                        S2, base OT (MR19)
//	           <- Point, 32 bytes
//	Point                               Trees
//	           <- masked sums and checks                     S3, PPRF (BCG+19)
//	Trees = KeyLink                     MACLink
//	                                    MACLink.Extend       for every batch:
//	           <- corrections                                XT1, SoftSpoken (Roy22)
//	KeyLink.Extend
//	           Challenge, 16 bytes ->                        XT2
//	           <- Answer, 48 bytes                           XT3
//	Check, Take                         Take
//
// The package does no input or output: bytes go in and come out, in the layouts of
// protocol sections 7 to 9 and 22, and every function is pure computation that may
// run beside that of other links. A value serves one link, in this order, and
// refuses a second use; a failed check is final. An error means that the peer
// cheated or the transport broke: the session must be aborted. Errors hold no
// secrets, but whether a check fails may depend on Delta (that is the leakage the
// published proofs allow), so they must not be told to peers.
package ot

import (
	"errors"
	"fmt"
	"io"

	"github.com/tacit-mpc/tacit/internal/block"
)

// Link names one direction of correlated OT between two parties: "link Key<-MAC".
// Both ends hold the same value, and it enters every hash.
type Link struct {
	SID   [32]byte // session id
	Key   byte     // seat of the key side i, which holds Delta
	MAC   byte     // seat of the MAC side j
	Depth int      // k, the depth of the trees: 1, 2, 4 or 8
}

// Lengths of the messages that do not depend on a batch, in bytes.
const (
	PointSize     = 32       // B in S2
	ChoicesSize   = 128 * 64 // R pairs in S2
	ChallengeSize = 16       // XT2
	AnswerSize    = 16 + 32  // u~ and v~ in XT3
)

// Slab is the number of rows of a correction that travel together (protocol 9).
const Slab = 16384

// trees returns nC, the number of trees of a link.
func (l Link) trees() int { return 128 / l.Depth }

// TreesSize returns the length of S3 in bytes.
func (l Link) TreesSize() int { return 128*32 + 64*l.trees() }

// CorrectionsSize returns the length of the corrections in XT1 for a batch of the
// given number of rows, in bytes.
func (l Link) CorrectionsSize(rows int) int64 { return int64(l.trees()-1) * int64(rows/8) }

// ids are the hash fields that open every call on a link: sid, u8(j), u8(i).
func (l *Link) ids() (sid, j, i []byte) { return l.SID[:], []byte{l.MAC}, []byte{l.Key} }

func (l Link) check() error {
	switch l.Depth {
	case 1, 2, 4, 8:
	default:
		return fmt.Errorf("ot: no trees of depth %d", l.Depth)
	}
	if l.Key == l.MAC {
		return fmt.Errorf("ot: link of party %d with itself", l.Key)
	}
	return nil
}

// errUsed is returned when a step is called out of order or a second time.
var errUsed = errors.New("ot: step out of order or repeated")

// KeySetup is the set-up of the key side i, which is the receiver of the base OTs.
type KeySetup struct {
	link  Link
	delta block.Block
	base  *baseReceiver // nil once Point was called
	msg   []byte
	keys  *[128]block.Block // base OT keys of the chosen slots, once Point has passed
}

// NewKeySetup starts the key side of a link with the global key delta. Private
// values come from rand.
func NewKeySetup(l Link, delta block.Block, rand io.Reader) (*KeySetup, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	base, err := newBaseReceiver(l, choiceBits(delta, l.Depth), rand)
	if err != nil {
		return nil, err
	}
	return &KeySetup{link: l, delta: delta, base: base, msg: base.msg}, nil
}

// Choices returns the R pairs that the key side sends in S2, 8192 bytes.
func (s *KeySetup) Choices() []byte { return s.msg }

// Point takes the point B that the MAC side sent in S2.
func (s *KeySetup) Point(b []byte) error {
	if s.base == nil {
		return errUsed
	}
	keys, err := s.base.keys(b)
	s.base.wipe()
	s.base = nil
	s.keys = keys
	return err
}

// Wipe overwrites the secrets of a set-up that is given up. After Trees nothing is left.
func (s *KeySetup) Wipe() {
	if s.base != nil {
		s.base.wipe()
		s.base = nil
	}
	if s.keys != nil {
		*s.keys = [128]block.Block{}
		s.keys = nil
	}
	s.delta = block.Block{}
}

// Trees takes the S3 message of the MAC side, checks it, and ends the set-up.
func (s *KeySetup) Trees(msg []byte) (*KeyLink, error) {
	if s.keys == nil {
		return nil, errUsed
	}
	defer s.Wipe()
	leaves, err := puncture(s.link, s.delta, s.keys, msg)
	if err != nil {
		return nil, err
	}
	return &KeyLink{link: s.link, delta: s.delta, leaves: leaves}, nil
}

// MACSetup is the set-up of the MAC side j, which is the sender of the base OTs.
type MACSetup struct {
	link  Link
	base  *baseSender // nil once Trees was called
	point [PointSize]byte
	rand  io.Reader
}

// NewMACSetup starts the MAC side of a link. Private values come from rand, now
// and in Trees.
func NewMACSetup(l Link, rand io.Reader) (*MACSetup, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	base, err := newBaseSender(l, rand)
	if err != nil {
		return nil, err
	}
	return &MACSetup{link: l, base: base, point: base.point, rand: rand}, nil
}

// Point returns the point B that the MAC side sends in S2, 32 bytes.
func (s *MACSetup) Point() []byte { return s.point[:] }

// Trees takes the R pairs that the key side sent in S2, checks them, and returns
// the S3 message and the link: the set-up of this side ends.
func (s *MACSetup) Trees(choices []byte) (*MACLink, []byte, error) {
	if s.base == nil {
		return nil, nil, errUsed
	}
	keys, err := s.base.keys(choices)
	s.Wipe()
	if err != nil {
		return nil, nil, err
	}
	leaves, msg, err := grow(s.link, keys, s.rand)
	*keys = [128][2]block.Block{}
	if err != nil {
		return nil, nil, err
	}
	return &MACLink{link: s.link, leaves: leaves}, msg, nil
}

// Wipe overwrites the secrets of a set-up that is given up. After Trees nothing is left.
func (s *MACSetup) Wipe() {
	if s.base != nil {
		s.base.wipe()
		s.base = nil
	}
}
