package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
)

// TestCandidates gives a peer's good address among bad ones: closed ports, a stranger, our own socket, hostile nonsense.
func TestCandidates(t *testing.T) {
	all := parties(t, 2)
	other := parties(t, 1)[0]
	closed := parties(t, 1)[0]
	closed.sock.Close()
	good := all[0].cfg.Peers[0].Addrs[0]
	all[0].cfg.Peers[0].Addrs = []netip.AddrPort{
		closed.sock.LocalAddr(), other.sock.LocalAddr(), all[0].sock.LocalAddr(), netip.MustParseAddrPort("224.0.0.1:9"), {}, good,
	}
	meshes := join(t, all)
	paths := meshes[0].Paths()
	for stop := time.Now().Add(20 * time.Second); paths[0].Remote != good && time.Now().Before(stop); paths = meshes[0].Paths() {
		exchange(t, meshes, 1) // QUIC may be quicker than pings
	}
	if len(paths) != 1 || paths[0].Peer != 1 || paths[0].Kind != Direct || paths[0].Remote != good || paths[0].Local != all[0].sock.LocalAddr() || paths[0].RTT <= 0 {
		t.Errorf("paths: %+v", paths)
	}
}

// TestWildcard joins over sockets bound to every interface, IPv4 and IPv6.
func TestWildcard(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			var all []*party
			for i := range 2 {
				key, err := identity.Generate()
				if err != nil {
					t.Fatal(err)
				}
				sock, err := Listen(":0", key)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { sock.Close() })
				if !sock.LocalAddr().Addr().IsUnspecified() {
					t.Errorf("bound to %v", sock.LocalAddr())
				}
				all = append(all, &party{key: key, sock: sock, cfg: Config{Self: channel.Party(i), Session: []byte("test"), PunchKey: testPunchKey, ConnectTimeout: 10 * time.Second}})
			}
			for i, p := range all {
				addr := netip.AddrPortFrom(netip.MustParseAddr(host), all[1-i].sock.LocalAddr().Port())
				p.cfg.Peers = []Peer{{Seat: channel.Party(1 - i), ID: all[1-i].key.ID(), Addrs: []netip.AddrPort{addr}, PunchKey: publicPunchKey}}
			}
			meshes := join(t, all)
			for i, m := range meshes {
				want := netip.AddrPortFrom(netip.MustParseAddr(host), all[i].sock.LocalAddr().Port())
				if got := m.Paths()[0].Local; got != want {
					t.Errorf("local address %v, want %v", got, want)
				}
			}
		})
	}
}

// TestMissing has parties that cannot be reached, each for another reason: the error names them and says what was tried.
func TestMissing(t *testing.T) {
	t.Parallel()
	all := parties(t, 5)
	all[4].sock.Close()                                                                 // nobody there
	all[3].cfg.Session = []byte("another")                                              // there, but elsewhere
	all[0].cfg.Peers[1].Addrs = all[1].cfg.Peers[2].Addrs                               // seat 2's address is seat 3's
	all[1].cfg.Peers[1].Addrs = []netip.AddrPort{}                                      // no address
	all[0].cfg.ConnectTimeout, all[3].cfg.ConnectTimeout = 9*time.Second, 8*time.Second // longer than a handshake on a busy machine
	others := make(chan error, 2)
	for _, i := range []int{1, 3} {
		go func() {
			_, err := Join(t.Context(), all[i].sock, all[i].cfg)
			others <- err
		}()
	}
	_, err := Join(t.Context(), all[0].sock, all[0].cfg)
	var e *ConnectError
	if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("join: %v", err)
	}
	var missing []channel.Party
	for _, m := range e.Missing {
		missing = append(missing, m.Peer.Seat)
	}
	if len(missing) != 3 || missing[0] != 2 || missing[1] != 3 || missing[2] != 4 {
		t.Errorf("missing are %v, want 2, 3 and 4", missing)
	}
	for _, want := range []string{
		"party 2 (p2) is missing: another key answered: " + all[3].key.ID().Short() + ": tried " + all[3].sock.LocalAddr().String(),
		"party 3 (p3) is missing: it is in another session or seat: tried " + all[3].sock.LocalAddr().String(),
		"party 4 (p4) is missing: no answer within 5s: tried " + all[4].sock.LocalAddr().String(),
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
	// Seat 1 was connected to seat 0, which tells it why it is all over.
	for range 2 {
		err := <-others
		var left *channel.PeerError
		switch {
		case errors.As(err, &e):
			if !strings.Contains(err.Error(), "party 0 (p0) is missing: it is in another session or seat") {
				t.Errorf("seat 3: %v", err)
			}
		case errors.As(err, &left):
			if err.Error() != "connect to party 0: it left: could not reach party 2" {
				t.Errorf("seat 1: %v", err)
			}
		default:
			t.Error(err)
		}
	}
}

// TestUnroutable gives addresses that packets of a socket on loopback cannot go to.
func TestUnroutable(t *testing.T) {
	all := parties(t, 2)
	all[0].cfg.ConnectTimeout = time.Second
	all[0].cfg.Peers[0].Addrs = []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:99"), netip.MustParseAddrPort("[2001:db8::1]:5")}
	_, err := Join(t.Context(), all[0].sock, all[0].cfg)
	var e *ConnectError
	if !errors.As(err, &e) || len(e.Missing) != 1 || len(e.Missing[0].Tried) != 2 {
		t.Fatalf("join: %v", err)
	}
	for _, a := range e.Missing[0].Tried {
		if a.Tries < 1 || a.Why == "" || strings.Contains(a.Why, "INTERNAL") || strings.Contains(a.Why, "127.0.0.1") {
			t.Errorf("tried %+v", a)
		}
	}
}

// TestTroubleTold joins a party that never comes, but has said why.
func TestTroubleTold(t *testing.T) {
	all := parties(t, 2)
	unreached := make(chan Event, 8)
	all[0].cfg.ConnectTimeout = unreachedEvery + time.Second
	all[0].cfg.Events = func(e Event) { unreached <- e }
	all[0].cfg.Peers[0].Addrs = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}
	all[0].sock.Update(PeerUpdate{Seat: 1, Trouble: "no UDP leaves\x1b our network"})
	all[0].sock.Update(PeerUpdate{Seat: 1})
	_, err := Join(t.Context(), all[0].sock, all[0].cfg)
	if want := "; it says of us: no UDP leaves  our network"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("join: %v, want %q at the end", err, want)
	}
	if e := <-unreached; e.Kind != Unreached || e.Peer != 1 || e.Why == "" {
		t.Errorf("told %+v", e)
	}
}

func TestJoinCancelled(t *testing.T) {
	all := parties(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan Event, 1)
	all[0].cfg.Events = func(e Event) { events <- e }
	joined := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, err := Join(ctx, all[i].sock, all[i].cfg)
			joined <- err
		}()
	}
	<-events // one pair is connected, the others wait for seat 2
	cancel()
	for range 2 {
		err := <-joined
		var left *LeftError
		if !errors.Is(err, context.Canceled) && !(errors.As(err, &left) && left.Reason == Interrupted) {
			t.Errorf("cancelled join: %v", err)
		}
	}
	// The sockets are as good as new.
	all[0].cfg.Events = nil
	join(t, all)
}

// TestJoinCancelledBecause has one party stop with a cause, which is what the party that it had reached is told.
func TestJoinCancelledBecause(t *testing.T) {
	all := parties(t, 3)
	ctx, cancel := context.WithCancelCause(t.Context())
	events := make(chan Event, 2)
	all[0].cfg.Events = func(e Event) { events <- e }
	all[1].cfg.Events = all[0].cfg.Events
	joined := make(chan error, 2)
	go func() {
		_, err := Join(ctx, all[0].sock, all[0].cfg)
		joined <- err
	}()
	go func() {
		_, err := Join(t.Context(), all[1].sock, all[1].cfg)
		joined <- err
	}()
	<-events
	<-events // parties 0 and 1 are connected, and wait for seat 2
	cancel(fmt.Errorf("the session ended: %w", &LeftError{Reason: LostPeer, Text: "party 2 was lost"}))
	for range 2 {
		err := <-joined
		var left *LeftError
		if !errors.Is(err, context.Canceled) && !(errors.As(err, &left) && left.Reason == LostPeer && left.Text == "party 2 was lost") {
			t.Errorf("cancelled join: %v", err)
		}
	}
}

// TestLateStart has the dialer try before its peer listens.
func TestLateStart(t *testing.T) {
	all := parties(t, 2)
	addr := all[1].sock.LocalAddr()
	all[1].sock.Close()
	joined := make(chan error, 1)
	go func() {
		m, err := Join(t.Context(), all[0].sock, all[0].cfg)
		if err == nil {
			defer m.Close()
		}
		joined <- err
	}()
	// Wait for the first packet of the dialer, then let the peer come.
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	conn.ReadFrom(b[:])
	conn.Close()
	if all[1].sock, err = Listen(addr.String(), all[1].key); err != nil {
		t.Fatal(err)
	}
	defer all[1].sock.Close()
	m, err := Join(t.Context(), all[1].sock, all[1].cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-joined; err != nil { // before the peer leaves
		t.Error(err)
	}
	m.Close()
}

func TestOneMeshASocket(t *testing.T) {
	all := parties(t, 2)
	meshes := join(t, all)
	if _, err := Join(t.Context(), all[0].sock, all[0].cfg); err == nil {
		t.Error("joined twice on one socket")
	}
	go meshes[1].Close()
	if err := meshes[0].Close(); err != nil {
		t.Fatal(err)
	}
	if err := meshes[1].Close(); err != nil {
		t.Fatal(err)
	}
	join(t, all) // one after the other is fine
}

func TestConfig(t *testing.T) {
	all := parties(t, 3)
	for name, spoil := range map[string]func(*Config){
		"nobody else":      func(c *Config) { c.Peers = nil },
		"own seat":         func(c *Config) { c.Self = 3 },
		"negative seat":    func(c *Config) { c.Self = -1 },
		"no session":       func(c *Config) { c.Session = nil },
		"seat twice":       func(c *Config) { c.Peers[0].Seat = 2 },
		"seat is ours":     func(c *Config) { c.Peers[0].Seat = 0 },
		"seat too high":    func(c *Config) { c.Peers[0].Seat = 9 },
		"no key":           func(c *Config) { c.Peers[0].ID = identity.ID{} },
		"key twice":        func(c *Config) { c.Peers[0].ID = c.Peers[1].ID },
		"our key":          func(c *Config) { c.Peers[0].ID = all[0].key.ID() },
		"negative message": func(c *Config) { c.MaxMessage = -1 },
		"huge message":     func(c *Config) { c.MaxMessage = 1 << 31 },
		"long patience":    func(c *Config) { c.Patience = time.Hour },
		"negative linger":  func(c *Config) { c.Linger = -1 },
		"too many": func(c *Config) {
			for i := range 64 {
				c.Peers = append(c.Peers, Peer{Seat: channel.Party(3 + i), ID: identity.ID{byte(i), 1}})
			}
		},
	} {
		cfg := all[0].cfg
		cfg.Peers = append([]Peer(nil), cfg.Peers...)
		spoil(&cfg)
		if m, err := Join(t.Context(), all[0].sock, cfg); err == nil {
			m.Close()
			t.Errorf("%s: joined", name)
		}
	}
}
