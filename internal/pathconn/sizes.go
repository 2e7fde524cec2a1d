package pathconn

import (
	"errors"
	"sync/atomic"
	"syscall"
)

// usedAfter is how often a size has to be sent to be in use.
const usedAfter = 3

// A sizes knows how large the packets are that QUIC sends on one of its paths. It starts each path with small ones.
type sizes struct {
	largest atomic.Int32 // in use
	next    atomic.Int32 // another one
	count   atomic.Int32 // that was sent so often
}

// Largest is the size in bytes of the largest packets that QUIC uses for the peer; 0 before it sends any. A probe of path MTU
// discovery does not count, since a size that is lost is not tried again: what is sent again was acknowledged.
func (p *Peer) Largest() int {
	s := p.inUse.Load()
	if s == nil {
		return 0
	}
	return int(s.largest.Load())
}

// note takes the size of packets that QUIC sends on its path s.
func (p *Peer) note(s *sizes, b, oob []byte) {
	size, n := len(b), 1
	if seg := segmentSize(oob); seg > 0 && size > seg {
		size, n = seg, size/seg
	}
	largest := int(s.largest.Load())
	if size < largest || size == largest && p.inUse.Load() == s {
		return
	}
	if s.next.Swap(int32(size)) != int32(size) {
		s.count.Store(0)
	}
	if s.count.Add(int32(n)) >= usedAfter {
		s.count.Store(0)
		s.largest.Store(int32(size))
		p.inUse.Store(s)
	}
}

// splits tells whether a packet is to be split where packets of the size in use do not pass. A larger one is a probe, which has to
// be lost there, so that QUIC does not use its size.
func (s *sizes) splits(p []byte) bool {
	return s != nil && len(p) > minSplit && len(p) <= int(s.largest.Load()) && p[0]&0xc0 != 0
}

// shrunk tells from the error of a send whether the interface's MTU has become smaller than packets that used to leave. Linux before
// 6.14 says EINVAL to segmented sends.
func (s *sizes) shrunk(err error, b, oob []byte) bool {
	if segmentSize(oob) > 0 {
		return errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EINVAL)
	}
	return errors.Is(err, syscall.EMSGSIZE) && s.splits(b)
}
