package natpunch

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
)

// Pings prove paths between two parties. A ping and its pong have one layout of 57 bytes, and a ping may be padded with zeros, to
// see whether packets of some size pass:
//
//	magic 1 (0x2a) | version and type 1 | tag 8 | transaction 12 | family 1 | address 16 | port 2 | padding | MAC 16
//
// The magic byte is neither QUIC's (top bits set), nor STUN's (0 to 3). The tag names the pair. A transaction begins with a
// number that grows from ping to ping. A pong repeats its ping's transaction and carries the address that the ping came from; in
// a ping these fields are zero. The MAC is HMAC-SHA-256, cut to 16 bytes, over everything before it, under a key of the pair and
// the direction, so that neither strangers nor the coordinator nor a reflected packet can pass for the peer.
const (
	pingMagic = 0x2a
	typePing  = 0x11 // version 1
	typePong  = 0x12
	macSize   = 16
	pingSize  = 57
	maxPing   = 1500
)

type (
	tag         [8]byte
	transaction [12]byte
)

type ping struct {
	pong        bool
	tag         tag
	transaction transaction
	observed    netip.AddrPort // pong
	size        int            // of a padded ping; 0: not padded
}

// A sealer makes and checks the pings of one direction of a pair.
type sealer [sha256.Size]byte

// keysOf derives the tag of a pair and the keys of its two directions from the pair's secret.
func keysOf(secret [32]byte, lower bool) (t tag, out, in sealer) {
	derive := func(label string) (k sealer) {
		h := hmac.New(sha256.New, secret[:])
		h.Write([]byte(label))
		h.Sum(k[:0])
		return k
	}
	name := derive("tacit ping 1: tag")
	up, down := derive("tacit ping 1: from the lower seat"), derive("tacit ping 1: from the higher seat")
	if lower {
		return tag(name[:8]), up, down
	}
	return tag(name[:8]), down, up
}

// seal encodes a ping or pong.
func (k *sealer) seal(p ping) []byte {
	size := max(pingSize, p.size)
	b := make([]byte, 0, size)
	typ := byte(typePing)
	if p.pong {
		typ = typePong
	}
	b = append(b, pingMagic, typ)
	b = append(b, p.tag[:]...)
	b = append(b, p.transaction[:]...)
	var family byte
	var addr [16]byte
	if p.observed.IsValid() {
		family = 6
		if p.observed.Addr().Is4() {
			family = 4
		}
		addr = p.observed.Addr().As16()
	}
	b = append(b, family)
	b = append(b, addr[:]...)
	b = binary.BigEndian.AppendUint16(b, p.observed.Port())
	b = b[:size-macSize] // zeros
	return append(b, k.mac(b)...)
}

func (k *sealer) mac(b []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// isPing tells packets of this layout by their first bytes, before any key is known.
func isPing(b []byte) bool {
	if len(b) < pingSize || len(b) > maxPing || b[0] != pingMagic {
		return false
	}
	return b[1] == typePing || b[1] == typePong && len(b) == pingSize
}

func tagOf(b []byte) tag { return tag(b[2:10]) }

// open checks and decodes a packet that isPing accepted. Every encoding but that of seal is refused.
func (k *sealer) open(b []byte) (ping, bool) {
	body, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	if subtle.ConstantTimeCompare(k.mac(body), mac) != 1 {
		return ping{}, false
	}
	p := ping{pong: b[1] == typePong, tag: tagOf(b), transaction: transaction(b[10:22])}
	if len(b) > pingSize {
		p.size = len(b)
	}
	addr, port := netip.AddrFrom16([16]byte(b[23:39])), binary.BigEndian.Uint16(b[39:41])
	switch b[22] {
	case 4:
		p.observed = netip.AddrPortFrom(addr.Unmap(), port)
	case 6:
		p.observed = netip.AddrPortFrom(addr, port)
	}
	if p.pong != p.observed.IsValid() || string(k.seal(p)) != string(b) {
		return ping{}, false
	}
	return p, true
}
