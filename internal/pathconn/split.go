package pathconn

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"syscall"
)

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
	provenAfter = 3
)

// IsPiece tells pieces from pings and whatever else is not QUIC's.
func IsPiece(p []byte) bool { return len(p) > 0 && p[0] == pieceMagic }

// A splitter knows which packets to a peer may be split.
type splitter struct {
	id      atomic.Uint32
	largest atomic.Int32 // size in use
	next    atomic.Int32 // a larger one
	count   atomic.Int32 // that was sent so often
}

// Largest is the size in bytes of the largest packets that QUIC uses for the peer; 0 before it sends any. A probe of path MTU
// discovery does not count, since a size that is lost is not tried again: what is sent again was acknowledged.
func (p *Peer) Largest() int { return int(p.splitter.largest.Load()) }

// note takes the size of packets that QUIC sends.
func (s *splitter) note(b, oob []byte) {
	size, n := len(b), 1
	if seg := segmentSize(oob); seg > 0 && size > seg {
		size, n = seg, size/seg
	}
	if int32(size) <= s.largest.Load() {
		return
	}
	if s.next.Swap(int32(size)) != int32(size) {
		s.count.Store(0)
	}
	if s.count.Add(int32(n)) >= provenAfter {
		s.largest.Store(int32(size))
	}
}

// splits tells whether a packet is to be split where packets of the size in use do not pass. A larger one is a probe, which has to
// be lost there, so that QUIC does not use its size.
func (s *splitter) splits(p []byte) bool {
	return len(p) > minSplit && len(p) <= int(s.largest.Load()) && p[0]&0xc0 != 0
}

// split calls send for the pieces of b.
func (s *splitter) split(b []byte, send func(piece []byte)) {
	id, half := s.id.Add(1), (len(b)+1)/2
	var buf [pieceHeader + maxHalf]byte
	for i, part := range [2][]byte{b[:half], b[half:]} {
		h := append(buf[:0], pieceMagic, pieceFirst+byte(i))
		h = binary.BigEndian.AppendUint32(h, id)
		send(append(h, part...))
	}
}

// sendNarrow sends b, which may be several packets, over a route that large packets do not pass.
func (p *Peer) sendNarrow(r *route, b, oob []byte) {
	send := func(s []byte) {
		if r.Out != nil {
			r.Out.Send(s, r.To)
		} else {
			p.conn.raw(s, nil, r.to)
		}
	}
	segments(b, oob, func(s []byte) {
		if p.splitter.splits(s) {
			p.splitter.split(s, send)
		} else {
			send(s)
		}
	})
}

// shrunk tells from the error of a send whether the interface's MTU has become smaller than packets that used to leave. Linux before
// 6.14 says EINVAL to segmented sends.
func (s *splitter) shrunk(err error, b, oob []byte) bool {
	if segmentSize(oob) > 0 {
		return errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EINVAL)
	}
	return errors.Is(err, syscall.EMSGSIZE) && s.splits(b)
}
