package pathconn

import "encoding/binary"

// Over a narrow route a QUIC packet travels in two pieces, since QUIC never makes its packets smaller again (design 2.9):
//
//	magic 1 (0x2c) | version and index 1 (0x10 or 0x11) | id 4 | half of the packet, the first half being the longer one
//
// Pieces carry no MAC: the packet has one of its own, which QUIC checks. So all that a forged piece can do, which moreover must seem
// to come from an address of the peer, is to spoil one packet, as dropping that packet would.
const (
	pieceMagic  = 0x2c
	pieceFirst  = 0x10 // version 1
	pieceHeader = 6
	minSplit    = MaxPacket / 2 // larger packets are split: their pieces are not larger than others that stay whole
	minHalf     = (minSplit + 1) / 2
	maxHalf     = (MaxPacket + 1) / 2
)

// IsPiece tells pieces from pings and whatever else is not QUIC's.
func IsPiece(p []byte) bool { return len(p) > 0 && p[0] == pieceMagic }

// split calls send for the pieces of b.
func split(b []byte, id uint32, send func(piece []byte)) {
	half := (len(b) + 1) / 2
	var buf [pieceHeader + maxHalf]byte
	for i, part := range [2][]byte{b[:half], b[half:]} {
		h := append(buf[:0], pieceMagic, pieceFirst+byte(i))
		h = binary.BigEndian.AppendUint32(h, id)
		send(append(h, part...))
	}
}

// sendNarrow sends b, which may be several packets, over a route that large packets do not pass.
func (p *Peer) sendNarrow(r *route, s *sizes, b, oob []byte) {
	send := func(b []byte) {
		if r.Out != nil {
			r.Out.Send(b, r.To)
		} else {
			p.conn.raw(b, nil, r.to)
		}
	}
	segments(b, oob, func(b []byte) {
		if s.splits(b) {
			split(b, p.pieces.Add(1), send)
		} else {
			send(b)
		}
	})
}
