package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

const (
	strangers       = 1000
	strangerSources = 20
	strangersAtOnce = 50 // in the midst of connecting: what this machine can do at a time
)

// place is an address of loopback other than 127.0.0.1.
func place(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}), 0)
}

// A stranger connects from one place, says more or less, stays until it is dropped, and says whether it was let in at all.
type stranger func(place int) (in bool, err error)

// A thousand strangers connect from many places, say nothing, half a sentence or nonsense, and stay. Parties join among them as
// if nobody else was there; strangers are dropped within the time that they have; what they cost is bounded.
func TestStrangers(t *testing.T) {
	for name, crowd := range map[string]func(*testing.T, *live, *Port) stranger{"TCP": overTCP, "QUIC": overQUIC} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // with each other alone: they take all there is
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := OpenPort(listener, key(5))
			defer port.Close()
			h := serve(t, ServerConfig{Seats: 2}, port)
			come := crowd(t, h, port)

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			var wg sync.WaitGroup
			var in atomic.Int64
			for i := range strangers {
				wg.Go(func() {
					was, err := come(i % strangerSources)
					if was {
						in.Add(1)
					}
					if err != nil {
						t.Errorf("a stranger from %v: %v", place(i%strangerSources), err)
					}
				})
			}
			clients := joinAmong(t, h, port)
			runtime.ReadMemStats(&after)
			h.server.gate.mu.Lock()
			if inside := h.server.gate.total; inside > h.server.gate.most {
				t.Errorf("%d connections inside, at most %d should be", inside, h.server.gate.most)
			}
			h.server.gate.mu.Unlock()
			wg.Wait()
			all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
			if <-h.done; h.err != nil {
				t.Errorf("session: %v", h.err)
			}
			took, grown := time.Since(began), int64(after.HeapAlloc)-int64(before.HeapAlloc)
			t.Logf("%d strangers, %d of them let in, the last gone after %v; %d KiB more in use at the height", strangers, in.Load(), took, grown/1024)
			if took > time.Minute || grown > 256<<20 { // with two thousand clients in both tests
				t.Errorf("gone after %v, %d bytes in use", took, grown)
			}
		})
	}
}

// joinAmong brings two parties to the start, over QUIC and over TCP.
func joinAmong(t *testing.T, h *live, port *Port) []*Client {
	var clients []*Client
	for seat := range 2 {
		cfg := h.config(seat)
		if seat == 1 {
			cfg.Ticket.Addrs = []string{port.Addr().String()}
		}
		asked := time.Now()
		c, err := Join(t.Context(), transport(t), cfg)
		if err != nil {
			t.Fatalf("party %d after %v: %v", seat, time.Since(asked), err)
		}
		t.Logf("party %d joined over %v in %v", seat, c.Transport(), time.Since(asked))
		clients = append(clients, c)
	}
	all(clients, func(i int, c *Client) {
		if err := c.Ready(t.Context(), nil); err != nil {
			t.Errorf("party %d: %v", i, err)
		}
	})
	return clients
}

func overTCP(_ *testing.T, _ *live, port *Port) stranger {
	slots := make(chan struct{}, strangersAtOnce)
	return func(from int) (bool, error) {
		slots <- struct{}{}
		leave := sync.OnceFunc(func() { <-slots })
		defer leave()
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(place(from)), Timeout: 10 * time.Second}
		c, err := d.Dial("tcp", port.Addr().String())
		if err != nil {
			return false, nil
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		switch from % 4 {
		case 1: // half a ClientHello
			c.Write([]byte{22, 3, 1, 2, 0, 1, 0})
		case 2, 3: // a whole handshake, and half a frame
			t := tls.Client(c, key(4).ClientTLS(ALPN, identity.Exactly(key(5).ID())))
			if t.Handshake() == nil && from%4 == 3 {
				t.Write([]byte{byte(frameJoin), 0, 0, 99, wireVersion})
			}
		}
		leave()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			return true, fmt.Errorf("it was kept: %w", err)
		}
		return true, nil
	}
}

func overQUIC(t *testing.T, h *live, _ *Port) stranger {
	transports := make([]*quic.Transport, strangerSources)
	for i := range transports {
		socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(place(i)))
		if err != nil {
			t.Skip("this machine has one loopback address only:", err)
		}
		transports[i] = &quic.Transport{Conn: socket}
		t.Cleanup(func() {
			transports[i].Close()
			socket.Close()
		})
	}
	addr := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(h.addr))
	slots := make(chan struct{}, strangersAtOnce)
	return func(from int) (bool, error) {
		slots <- struct{}{}
		c, err := transports[from].Dial(context.Background(), addr, key(4).ClientTLS(ALPN, identity.Exactly(key(5).ID())), quicConfig())
		<-slots
		ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
		defer stop()
		if err != nil {
			return false, nil
		}
		defer c.CloseWithError(0, "")
		if stream, err := c.OpenStream(); err == nil && from%2 == 1 {
			stream.Write([]byte{byte(frameJoin), 0, 0, 99, wireVersion})
		}
		select {
		case <-c.Context().Done():
			return true, nil
		case <-ctx.Done():
			return true, errors.New("it was kept")
		}
	}
}

// A full gate makes room for a newcomer where it is most crowded, but not among parties, and not for the crowd itself.
func TestGate(t *testing.T) {
	g := newGate(4, 3)
	var kicked []int
	enter := func(from int) *visitor { return g.enter(place(from), func() { kicked = append(kicked, from) }) }
	party, old, young := enter(0), enter(0), enter(0)
	party.settle()
	if enter(0) != nil || g.mayEnter(place(0)) || !g.mayEnter(place(1)) {
		t.Error("a fourth came from one source")
	}
	enter(1)
	if enter(1) == nil || len(kicked) != 1 || kicked[0] != 0 || !old.out || young.out || party.out {
		t.Errorf("kicked %v", kicked)
	}
	if enter(0) != nil || enter(1) != nil { // each has two
		t.Error("a crowd made room for itself")
	}
	if enter(2) == nil || len(kicked) != 2 {
		t.Errorf("kicked %v", kicked)
	}
	old.exit() // late, as its connection takes a while to close
	if g.total != 4 {
		t.Errorf("%d inside", g.total)
	}
	settled := newGate(1, 1)
	settled.enter(place(0), nil).settle()
	if settled.enter(place(1), nil) != nil {
		t.Error("a party lost its place")
	}
}
