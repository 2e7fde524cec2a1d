package pathconn

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// joined is the packet that p completes if it is a piece from an address of a peer; nil otherwise. It is written over p.
func (t *table) joined(p []byte, from netip.AddrPort) []byte {
	owner := t.real[from]
	if owner == nil || cap(p) < MaxPacket {
		return nil
	}
	return owner.joiner.join(p[:0], p)
}

// pendingPieces is how many packets of a peer may wait for their other half. A newer one takes the place of an older one.
const pendingPieces = 64

// A joiner puts the pieces of a peer's packets together.
type joiner struct {
	mu      sync.Mutex
	pending []piece // by id modulo pendingPieces; nil until there is one
}

// A piece is one half of a packet, the second if index is 1.
type piece struct {
	id    uint32
	index byte
	data  []byte // empty: there is none
}

// parsePiece reads a piece, whose data stays in p.
func parsePiece(p []byte) (piece, bool) {
	if len(p) < pieceHeader+minHalf || len(p) > pieceHeader+maxHalf || p[0] != pieceMagic || p[1]&^1 != pieceFirst {
		return piece{}, false
	}
	return piece{binary.BigEndian.Uint32(p[2:]), p[1] & 1, p[pieceHeader:]}, true
}

// join takes a piece and returns the packet if it is whole now, nil if not. The packet is written to dst, which may overlap p, or
// to new memory if it does not fit there.
func (j *joiner) join(dst, p []byte) []byte {
	n, ok := parsePiece(p)
	if !ok {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pending == nil {
		j.pending = make([]piece, pendingPieces)
	}
	old := &j.pending[n.id%pendingPieces]
	if len(old.data) == 0 || old.id != n.id || old.index == n.index {
		*old = piece{n.id, n.index, append(old.data[:0], n.data...)}
		return nil
	}
	first, second := n.data, old.data
	if n.index == 1 {
		first, second = second, first
	}
	size := len(first) + len(second)
	if more := len(first) - len(second); more < 0 || more > 1 || size > MaxPacket || size <= minSplit || first[0]&0xc0 == 0 {
		old.data = old.data[:0]
		return nil
	}
	if cap(dst) < size {
		dst = make([]byte, size)
	}
	dst = dst[:size]
	if n.index == 0 { // n may lie in dst: move it before the other half overwrites it
		copy(dst, first)
		copy(dst[len(first):], second)
	} else {
		copy(dst[len(first):], second)
		copy(dst, first)
	}
	old.data = old.data[:0]
	return dst
}
