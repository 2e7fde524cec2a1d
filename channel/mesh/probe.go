package mesh

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// The packets by which a QUIC client probes another path (RFC 9000 section 8.2) travel in an envelope, so that the server's QUIC can be
// shown them as coming from another address than the rest, which may come over the same path:
//
//	magic 1 (0x2b) | version 1 (0x11) | move 4 | MAC 16 | QUIC packet
//
// The magic byte is neither QUIC's (top bits set), nor STUN's (0 to 3), nor that of pings. Move counts the attempts of the client; all
// probes of one attempt have the same. The MAC is HMAC-SHA-256, cut to 16 bytes, over all but itself, under a key that only the two
// parties have.
const (
	probeMagic   = 0x2b
	probeVersion = 0x11
	probeHeader  = 22
)

// A probeKey makes and checks the envelopes of a pair.
type probeKey [sha256.Size]byte

func (k *probeKey) seal(move uint32, packet []byte) []byte {
	b := make([]byte, probeHeader, probeHeader+len(packet))
	b[0], b[1] = probeMagic, probeVersion
	binary.BigEndian.PutUint32(b[2:], move)
	b = append(b, packet...)
	copy(b[6:probeHeader], k.mac(b))
	return b
}

func (k *probeKey) mac(b []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write(b[:6])
	h.Write(b[probeHeader:])
	return h.Sum(nil)[:probeHeader-6]
}

// isProbe tells envelopes from pings before any key is known.
func isProbe(b []byte) bool {
	return len(b) > probeHeader && b[0] == probeMagic && b[1] == probeVersion
}

// open checks what isProbe accepted, and returns the packet, a part of b.
func (k *probeKey) open(b []byte) (move uint32, packet []byte, ok bool) {
	if subtle.ConstantTimeCompare(k.mac(b), b[6:probeHeader]) != 1 || b[probeHeader]&0xc0 == 0 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(b[2:]), b[probeHeader:], true
}
