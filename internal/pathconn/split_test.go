package pathconn

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
)

// A link is the network behind a node's socket: packets above most bytes are lost there, with an error if it is the interface's own
// MTU that they exceed.
type link struct {
	most   atomic.Int64
	errno  atomic.Int64
	pieces atomic.Int64 // that were sent
}

// through puts a link behind a node that has not sent anything.
func through(n *node) *link {
	l := &link{}
	raw := n.core.raw
	n.core.raw = func(b, oob []byte, to *net.UDPAddr) (int, int, error) {
		size := len(b)
		if s := segmentSize(oob); s > 0 {
			size = min(size, s)
		}
		if IsPiece(b) {
			l.pieces.Add(1)
		}
		if most := l.most.Load(); most == 0 || size <= int(most) {
			return raw(b, oob, to)
		}
		if errno := syscall.Errno(l.errno.Load()); errno == syscall.EINVAL && segmentSize(oob) == 0 {
			return 0, 0, &net.OpError{Op: "write", Err: os.NewSyscallError("sendmsg", syscall.EMSGSIZE)}
		} else if errno != 0 {
			return 0, 0, &net.OpError{Op: "write", Err: os.NewSyscallError("sendmsg", errno)}
		}
		return len(b), len(oob), nil
	}
	return l
}

// TestNarrowRoute shrinks the path below the size that QUIC has found, with the fast path in use.
func TestNarrowRoute(t *testing.T) {
	a, b := newNode(t, Config{}), newNode(t, Config{})
	la, lb := through(a), through(b)
	pa, pb, ca, cb := connect(t, a, b)
	transfer(t, ca, cb, 4<<20)
	transfer(t, cb, ca, 4<<20)
	if pa.Largest() < 1350 || pb.Largest() < 1350 || pa.Largest() > MaxPacket {
		t.Fatalf("QUIC uses packets of %d and %d bytes", pa.Largest(), pb.Largest())
	}
	if la.pieces.Load()+lb.pieces.Load() > 0 {
		t.Error("packets are split over a path that passes them")
	}
	la.most.Store(750)
	lb.most.Store(750)
	for _, p := range []*Peer{pa, pb} {
		r := p.Route()
		r.Narrow = true
		p.SetRoute(r)
	}
	transfer(t, ca, cb, 1<<20)
	transfer(t, cb, ca, 1<<20)
	if la.pieces.Load() < 1000 || lb.pieces.Load() < 1000 {
		t.Errorf("%d and %d pieces of a MiB", la.pieces.Load(), lb.pieces.Load())
	}
	la.most.Store(0)
	pa.SetRoute(Route{To: b.Bound()})
	before := la.pieces.Load()
	transfer(t, ca, cb, 1<<20)
	if n := la.pieces.Load() - before; n > 0 {
		t.Errorf("%d pieces over a path that is wide again", n)
	}
}

// TestShrunkInterface shrinks the MTU of the own interface: sends fail, with the errors of old and new kernels.
func TestShrunkInterface(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMSGSIZE, syscall.EINVAL} {
		a, b := newNode(t, Config{}), newNode(t, Config{})
		la := through(a)
		pa, _, ca, cb := connect(t, a, b)
		transfer(t, ca, cb, 4<<20)
		if pa.Largest() < 1350 {
			t.Fatalf("QUIC uses packets of %d bytes", pa.Largest())
		}
		la.errno.Store(int64(errno))
		la.most.Store(1252)
		transfer(t, ca, cb, 1<<20)
		transfer(t, cb, ca, 1<<20)
		if la.pieces.Load() == 0 {
			t.Error("nothing was split")
		}
	}
}

// TestProbesStayWhole holds that QUIC's own search finds the limit of a path that was narrow from the start, also after a change to
// a narrow route.
func TestProbesStayWhole(t *testing.T) {
	a, b := newNode(t, Config{}), newNode(t, Config{})
	la, lb := through(a), through(b)
	la.most.Store(1310)
	lb.most.Store(1310)
	pa, pb, ca, cb := connect(t, a, b)
	for _, p := range []*Peer{pa, pb} {
		r := p.Route()
		r.Narrow = true // as after a change of the path
		p.SetRoute(r)
	}
	transfer(t, ca, cb, 2<<20)
	transfer(t, cb, ca, 2<<20)
	if pa.Largest() > 1310 || pb.Largest() > 1310 || pa.Largest() < 1200 {
		t.Errorf("packets of %d and %d bytes are in use where 1310 pass", pa.Largest(), pb.Largest())
	}
}

// TestLargest holds that a size counts once it was sent again.
func TestLargest(t *testing.T) {
	var p Peer
	s := &p.splitter
	for i, step := range []struct{ size, want int }{
		{1200, 0}, {1200, 0}, {1200, 1200}, {1300, 1200}, {1250, 1200}, {1250, 1200}, {1300, 1200}, {1250, 1200}, {900, 1200}, {1250, 1200},
		{1250, 1250}, {57, 1250}, {1400, 1250}, {1400, 1250}, {1400, 1400}, {1200, 1400},
	} {
		s.note(make([]byte, step.size), nil)
		if got := p.Largest(); got != step.want {
			t.Fatalf("step %d: largest is %d, want %d", i, got, step.want)
		}
	}
	for size, want := range map[int]bool{minSplit: false, minSplit + 1: true, 1400: true, 1401: false} {
		if s.splits(packetOf(size, 1)) != want {
			t.Errorf("%d bytes are split: %v, want %v", size, !want, want)
		}
	}
	if s.splits(make([]byte, 1400)) {
		t.Error("what is not QUIC's is split")
	}
}
