package pathconn

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
)

// sealed marks probes in tests: the first byte makes them no QUIC packets.
const sealed = 0x2b

func sealProbe(p []byte) []byte { return append([]byte{sealed}, p...) }

// With these methods quic-go sends segments through a view, too.
var _ interface {
	quic.OOBCapablePacketConn
	ReadBatch([]ipv4.Message, int) (int, error)
} = (*fastView)(nil)

// TestMove has the QUIC client move to a view time and again, in turn over two of them, while data flows; the server follows to each new
// address of its peer, and earlier addresses are forgotten in time.
func TestMove(t *testing.T) {
	var pb atomic.Pointer[Peer] // how b sees a
	var moving atomic.Bool
	var probes atomic.Int64
	a := newNode(t, Config{})
	b := newNode(t, Config{Intercept: func(p []byte, _ netip.AddrPort) {
		if p[0] != sealed {
			return
		}
		probes.Add(1)
		if moving.CompareAndSwap(true, false) {
			pb.Load().Readdress()
		}
		pb.Load().Deliver(p[1:])
	}})
	pa, bp, ca, cb := connect(t, a, b)
	pb.Store(bp)
	transfer(t, ca, cb, 1<<16) // by now the handshake is confirmed
	transfer(t, cb, ca, 1<<16)

	var views [2]*View
	var transports [2]*quic.Transport
	for i := range views {
		views[i] = a.View(pa)
		transports[i] = &quic.Transport{Conn: views[i].Conn, ConnectionIDLength: a.transport.ConnectionIDLength}
		t.Cleanup(func() { transports[i].Close() })
	}
	var last *quic.Path
	for i := range 6 {
		before := cb.RemoteAddr().String()
		v := views[i%2]
		v.Seal(sealProbe)
		moving.Store(true)
		path, err := ca.AddPath(transports[i%2])
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err = path.Probe(ctx)
		cancel()
		if err != nil {
			t.Fatalf("move %d: probe: %v", i, err)
		}
		v.Seal(nil)
		if err := path.Switch(); err != nil {
			t.Fatalf("move %d: switch: %v", i, err)
		}
		now := before
		for tries := 0; now == before && tries < 50; tries++ { // the server moves with the first data after it has validated the path
			transfer(t, ca, cb, 1<<18)
			transfer(t, cb, ca, 1<<18)
			now = cb.RemoteAddr().String()
		}
		if last != nil {
			last.Close()
		}
		last = path
		if now == before || now != bp.Addr().String() {
			t.Errorf("move %d: the server's QUIC went from %s to %s, the peer is at %s", i, before, now, bp.Addr())
		}
	}
	if probes.Load() < 6 {
		t.Errorf("%d probes were marked", probes.Load())
	}
	if n := len(b.table.Load().synthetic); n != 1+oldAddrs {
		t.Errorf("%d addresses of one peer, want %d", n, 1+oldAddrs)
	}
	bp.Remove()
	bp.Readdress()
	if n := len(b.table.Load().synthetic); n != 0 {
		t.Errorf("%d addresses of a removed peer", n)
	}
}

// TestFailedMove probes in vain, and sends more packets afterwards than QUIC keeps track of.
func TestFailedMove(t *testing.T) {
	a, b := newNode(t, Config{}), newNode(t, Config{})
	pa, _, ca, cb := connect(t, a, b)
	transfer(t, ca, cb, 1<<16)
	transfer(t, cb, ca, 1<<16)
	v := a.View(pa)
	v.Seal(sealProbe) // which nobody takes
	tr := &quic.Transport{Conn: v.Conn, ConnectionIDLength: a.transport.ConnectionIDLength}
	t.Cleanup(func() { tr.Close() })
	for range 5 {
		path, err := ca.AddPath(tr)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			err = path.Probe(ctx)
			cancel()
			if err == nil {
				t.Fatal("a probe was answered that nobody saw")
			}
		}
		if err := path.Close(); err != nil {
			t.Fatal(err)
		}
		bulk(t, ca, cb, 8<<20)
	}
	bulk(t, cb, ca, 8<<20)
}
