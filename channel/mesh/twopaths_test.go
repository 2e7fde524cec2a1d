package mesh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/pathconn"
)

// A wire carries packets one way, at a rate and with a delay, and loses what does not fit into its queue.
type wire struct {
	rate  float64 // bytes/s
	delay time.Duration
	room  float64 // bytes
	lossy func(p []byte) bool

	cut  atomic.Bool
	sent atomic.Int64 // packets delivered
	mu   sync.Mutex
	free time.Time
	fifo chan parcel
}

type parcel struct {
	at      time.Time
	p       []byte
	deliver func(p []byte)
}

// newWire makes a wire for rtt, with a queue of what the path holds, until the test ends.
func newWire(t *testing.T, mbit float64, rtt time.Duration) *wire {
	rate := mbit * 1e6 / 8
	w := &wire{rate: rate, delay: rtt / 2, room: max(rate*rtt.Seconds(), 30e3), fifo: make(chan parcel, 1<<16)}
	ctx := t.Context()
	go func() {
		for {
			select {
			case x := <-w.fifo:
				time.Sleep(time.Until(x.at))
				if !w.cut.Load() {
					w.sent.Add(1)
					x.deliver(x.p)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}

func (w *wire) send(p []byte, deliver func(p []byte)) {
	if w.cut.Load() || w.lossy != nil && w.lossy(p) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.free.Before(now) {
		w.free = now
	}
	if w.free.Sub(now).Seconds()*w.rate > w.room {
		return
	}
	w.free = w.free.Add(time.Duration(float64(len(p)) / w.rate * 1e9))
	select {
	case w.fifo <- parcel{w.free.Add(w.delay), append([]byte(nil), p...), deliver}:
	default:
	}
}

// twoPaths is a network in virtual time of two parties, with a direct path and one over a relay, where the second party has an address.
// Its user is in a synctest bubble. The index of a wire is the party that sends.
type twoPaths struct {
	t             *testing.T
	direct, relay [2]*wire
	addrs         [2]netip.AddrPort
	socks         [2]*Socket
	conns         [2]simnet.PacketReceiver
	cfg           [2]Config
	meshes        [2]*Mesh
	news
}

var atRelay = netip.MustParseAddrPort("203.0.113.1:1001")

// newTwoPaths has the relay up and the direct path cut.
func newTwoPaths(t *testing.T, relayMbit float64, relayRTT time.Duration, directMbit float64, directRTT time.Duration) *twoPaths {
	// quic-go takes a time of zero, which is when this process began, for long ago: be later than that.
	time.Sleep(100 * 365 * 24 * time.Hour)
	n := &twoPaths{t: t}
	for i := range 2 {
		n.cfg[i].Budget = 4 << 20 // what queues hold takes its time at the end
		n.addrs[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + i)}), 9)
		n.relay[i], n.direct[i] = newWire(t, relayMbit, relayRTT), newWire(t, directMbit, directRTT)
		n.direct[i].cut.Store(true)
		key, err := identity.Generate()
		if err != nil {
			t.Fatal(err)
		}
		n.socks[i] = &Socket{key: key}
		conn := timely{simnet.NewBlockingSimConn(net.UDPAddrFromAddrPort(n.addrs[i]), n)}
		if err := n.socks[i].start(pathconn.NewPlain(conn, pathconn.Config{Intercept: n.socks[i].intercept})); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.socks[i].Close() })
	}
	return n
}

// AddNode is simnet's way to connect a socket.
func (n *twoPaths) AddNode(addr net.Addr, conn simnet.PacketReceiver) {
	n.conns[n.index(addrPort(addr))] = conn
}

func (n *twoPaths) index(a netip.AddrPort) int {
	if a.Addr() == netip.AddrFrom4([4]byte{198, 51, 100, 1}) {
		return 0
	}
	return 1
}

// SendPacket takes what leaves a socket.
func (n *twoPaths) SendPacket(p simnet.Packet) error {
	from := n.index(addrPort(p.From))
	if addrPort(p.To) == atRelay {
		n.relay[from].send(p.Data, func(b []byte) { n.socks[1].arrived(b, relayEnd{n}, n.addrs[from]) })
		return nil
	}
	to := n.index(addrPort(p.To))
	n.direct[from].send(p.Data, func(b []byte) { n.conns[to].RecvPacket(simnet.Packet{From: p.From, To: p.To, Data: b}) })
	return nil
}

// relayEnd is the second party's address at the relay.
type relayEnd struct{ n *twoPaths }

func (r relayEnd) Send(p []byte, _ netip.AddrPort) {
	r.n.relay[1].send(p, func(b []byte) {
		r.n.conns[0].RecvPacket(simnet.Packet{From: net.UDPAddrFromAddrPort(atRelay), To: net.UDPAddrFromAddrPort(r.n.addrs[0]), Data: b})
	})
}

func (r relayEnd) Close() error { return nil }

// join connects the two over the paths that there are.
func (n *twoPaths) join() {
	n.t.Helper()
	errs := make(chan error)
	for i := range 2 {
		cfg := n.cfg[i]
		cfg.Events = n.events(i)
		cfg.PunchKey, cfg.Self, cfg.Session = testPunchKey, channel.Party(i), []byte("test")
		cfg.Peers = []Peer{{Seat: channel.Party(1 - i), ID: n.socks[1-i].key.ID(), Addrs: []netip.AddrPort{n.addrs[1-i]}, PunchKey: publicPunchKey}}
		go func() {
			var err error
			n.meshes[i], err = Join(context.Background(), n.socks[i], cfg)
			errs <- err
		}()
	}
	for n.socks[0].mesh.Load() == nil || n.socks[1].mesh.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	n.socks[1].eachWay(func(w *way) { w.pings.AddOutlet(relayEnd{n}) })
	n.tell()
	if err := errors.Join(<-errs, <-errs); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		go n.meshes[0].Close()
		n.meshes[1].Close()
		n.meshes[0].Close()
	})
}

// serverSees is the address of the client as QUIC's server knows it.
func (n *twoPaths) serverSees() string { return n.meshes[1].pairs[0].conn.RemoteAddr().String() }

// settle waits until both use the direct path, and a little longer.
func (n *twoPaths) settle() {
	for _, m := range n.meshes {
		for deadline := time.Now().Add(time.Minute); m.Paths()[0].Kind != Direct; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				n.t.Fatalf("party %d is not on the direct path", m.Self())
			}
		}
	}
	time.Sleep(time.Second)
}

// tell has both look for paths now, as a coordinator does.
func (n *twoPaths) tell() {
	n.socks[0].Update(PeerUpdate{Seat: 1, Reach: Reach{Relayed: []netip.AddrPort{atRelay}}, Go: true})
	n.socks[1].Update(PeerUpdate{Seat: 0, Go: true})
}

// set cuts or mends the direct path.
func (n *twoPaths) set(up bool) {
	for _, w := range n.direct {
		w.cut.Store(!up)
	}
	if up {
		n.tell()
	}
}
