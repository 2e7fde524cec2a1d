package mpc

import (
	"crypto/subtle"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

var errOpening = errors.New("opening does not match its commitment")

// commitment is com = RO(label, sid, LE32(batch), u8(i), m, r) of party i (protocol 5.3). r is always 32 fresh random bytes.
func (s *session) commitment(label string, batch uint32, i int, m, r []byte) [hashSize]byte {
	return block.RO(label, s.sid, block.LE32(batch), []byte{byte(i)}, m, r)
}

// checkOpening compares an opening (m, r) of party i with its commitment in constant time.
func (s *session) checkOpening(label string, batch uint32, i int, m, r, com []byte) error {
	want := s.commitment(label, batch, i, m, r)
	if !constantTimeEqual(want[:], com) {
		return errOpening
	}
	return nil
}

func constantTimeEqual(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
