package pathconn

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
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

// TestLargest holds that a size counts once it was sent again, and for each path of QUIC by itself.
func TestLargest(t *testing.T) {
	var p Peer
	first, second := new(sizes), new(sizes)
	steps := func(s *sizes, all ...[2]int) {
		t.Helper()
		for i, step := range all {
			p.note(s, make([]byte, step[0]), nil)
			if got := p.Largest(); got != step[1] {
				t.Fatalf("step %d: largest is %d, want %d", i, got, step[1])
			}
		}
	}
	steps(first, [][2]int{
		{1200, 0}, {1200, 0}, {1200, 1200}, {1300, 1200}, {1250, 1200}, {1250, 1200}, {1300, 1200}, {1250, 1200}, {900, 1200}, {1250, 1200},
		{1250, 1250}, {57, 1250}, {1400, 1250}, {1400, 1250}, {1400, 1400}, {1200, 1400},
	}...)
	steps(second, [][2]int{{1200, 1400}, {1200, 1400}, {1200, 1200}, {1300, 1200}}...)
	for s, largest := range map[*sizes]int{first: 1400, second: 1200, nil: 0} {
		for _, size := range []int{minSplit, minSplit + 1, 1200, 1201, 1400, 1401} {
			if got, want := s.splits(packetOf(size, 1)), size > minSplit && size <= largest; got != want {
				t.Errorf("%d bytes are split where %d are in use: %v", size, largest, got)
			}
		}
	}
	if first.splits(make([]byte, 1400)) {
		t.Error("what is not QUIC's is split")
	}
	steps(first, [][2]int{{1200, 1200}, {1400, 1200}, {1400, 1200}, {1400, 1400}}...) // back
}

// TestMoveToNarrowPath has QUIC move to a path that passes less than the one before: on the new one it finds the limit by itself, and
// nothing is split there.
func TestMoveToNarrowPath(t *testing.T) {
	const limit = 1310
	var pb atomic.Pointer[Peer]
	var once sync.Once
	a := newNode(t, Config{})
	b := newNode(t, Config{Intercept: func(p []byte, _ netip.AddrPort) {
		if p[0] == sealed {
			once.Do(pb.Load().Readdress)
			pb.Load().Deliver(p[1:])
		}
	}})
	la, lb := through(a), through(b)
	pa, bp, ca, cb := connect(t, a, b)
	pb.Store(bp)
	transfer(t, ca, cb, 4<<20)
	transfer(t, cb, ca, 4<<20)
	if pa.Largest() <= limit || bp.Largest() <= limit {
		t.Fatalf("QUIC uses packets of %d and %d bytes", pa.Largest(), bp.Largest())
	}
	la.most.Store(limit)
	lb.most.Store(limit)
	ping := func() { // as natpunch does
		for p, to := range map[*Peer]netip.AddrPort{pa: b.Bound(), bp: a.Bound()} {
			p.SetRoute(Route{To: to, Narrow: p.Largest() > limit})
		}
	}
	ping()
	transfer(t, ca, cb, 1<<18)
	transfer(t, cb, ca, 1<<18)
	v := a.View(pa)
	v.Seal(sealProbe)
	tr := &quic.Transport{Conn: v.Conn, ConnectionIDLength: a.transport.ConnectionIDLength}
	t.Cleanup(func() { tr.Close() })
	path, err := ca.AddPath(tr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := path.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	v.Seal(nil)
	if err := path.Switch(); err != nil {
		t.Fatal(err)
	}
	for tries := 0; tries < 50 && (pa.Largest() > limit || bp.Largest() > limit); tries++ {
		transfer(t, ca, cb, 1<<18)
		transfer(t, cb, ca, 1<<18)
		ping()
	}
	if la.pieces.Load() == 0 || lb.pieces.Load() == 0 {
		t.Error("nothing was split before the move")
	}
	la.pieces.Store(0)
	lb.pieces.Store(0)
	transfer(t, ca, cb, 4<<20)
	transfer(t, cb, ca, 4<<20)
	if na, nb := la.pieces.Load(), lb.pieces.Load(); na+nb > 0 {
		t.Errorf("%d and %d pieces of packets of %d and %d bytes on a path that QUIC measured afresh", na, nb, pa.Largest(), bp.Largest())
	}
	if pa.Largest() < 1250 || pa.Largest() > limit {
		t.Errorf("QUIC uses packets of %d bytes where %d pass", pa.Largest(), limit)
	}
}

// TestNarrowRelay carries packets and their pieces over a relay that loses large ones.
func TestNarrowRelay(t *testing.T) {
	a, b := newNode(t, Config{}), newNode(t, Config{})
	pa, pb, ca, cb := connect(t, a, b)
	transfer(t, ca, cb, 4<<20)
	transfer(t, cb, ca, 4<<20)
	var pieces, lost atomic.Int64
	over := func(p *Peer) Route {
		return Route{To: netip.MustParseAddrPort("192.0.2.1:1"), Narrow: true, Out: sender(func(b []byte) {
			switch {
			case len(b) > 800:
				lost.Add(1)
			case IsPiece(b):
				pieces.Add(1)
				fallthrough
			default:
				p.Deliver(b)
			}
		})}
	}
	pa.SetRoute(over(pb))
	pb.SetRoute(over(pa))
	transfer(t, ca, cb, 1<<20)
	transfer(t, cb, ca, 1<<20)
	if pieces.Load() < 1000 || lost.Load() > 100 {
		t.Errorf("%d pieces of two MiB, %d packets lost", pieces.Load(), lost.Load())
	}
}
