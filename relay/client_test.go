package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"
)

// inbox collects what an allocation receives.
type inbox chan packet

func (in inbox) receive(p []byte, from netip.AddrPort) {
	in <- packet{p: append([]byte(nil), p...), to: from}
}

func (in inbox) expect(t *testing.T, want string) netip.AddrPort {
	t.Helper()
	select {
	case p := <-in:
		if string(p.p) != want {
			t.Fatalf("received %q, want %q", p.p, want)
		}
		return p.to
	case <-time.After(5 * time.Second):
		t.Fatalf("nothing received, want %q", want)
	}
	panic("unreachable")
}

func clientOf(t testing.TB, server, from, room, node string, in inbox) ClientConfig {
	return ClientConfig{
		Addr: netip.MustParseAddrPort(server), Credentials: mint(t, room, node), Receive: in.receive,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}
			if network == "tcp" {
				d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
			}
			return d.DialContext(ctx, network, addr)
		},
	}
}

func mustAllocate(t *testing.T, cfg ClientConfig) *Allocation {
	t.Helper()
	a, err := Allocate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestAllocationsTalk(t *testing.T) {
	_, server := serve(t, Config{})
	ina, inb := make(inbox, 8), make(inbox, 8)
	a := mustAllocate(t, clientOf(t, server, "127.0.0.2", "r", "a", ina))
	b := mustAllocate(t, clientOf(t, server, "127.0.0.3", "r", "b", inb))
	if err := a.Permit(b.Relayed().Addr()); err != nil {
		t.Fatal(err)
	}
	if err := b.Permit(a.Relayed().Addr()); err != nil {
		t.Fatal(err)
	}
	b.Send([]byte("hello"), a.Relayed())
	if from := ina.expect(t, "hello"); from != b.Relayed() {
		t.Errorf("from %v, want %v", from, b.Relayed())
	}
	a.Send([]byte("and back"), b.Relayed())
	inb.expect(t, "and back")
	if err := a.Permit(netip.MustParseAddr("127.0.0.77")); err == nil {
		t.Error("permission towards a stranger granted")
	}
}

// TestTransports relays between a client over TCP, one over TLS and a plain socket.
func TestTransports(t *testing.T) {
	sock := listenUDP(t, "127.0.0.1:0")
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, roots := selfSigned(t)
	raw, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure := tls.NewListener(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
	s, err := Serve(Config{Secret: secret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true}, []*net.UDPConn{sock}, []net.Listener{tcp, secure})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })

	ina, inb := make(inbox, 8), make(inbox, 8)
	ca := clientOf(t, tcp.Addr().String(), "127.0.0.2", "r", "a", ina)
	ca.Transport = TCP
	cb := clientOf(t, secure.Addr().String(), "127.0.0.3", "r", "b", inb)
	cb.Transport, cb.TLS = TLS, &tls.Config{RootCAs: roots, ServerName: "relay"}
	a, b := mustAllocate(t, ca), mustAllocate(t, cb)
	if err := errors.Join(a.Permit(b.Relayed().Addr()), b.Permit(a.Relayed().Addr())); err != nil {
		t.Fatal(err)
	}
	a.Send([]byte("over tcp"), b.Relayed())
	inb.expect(t, "over tcp")
	b.Send([]byte("over tls"), a.Relayed())
	ina.expect(t, "over tls")

	cb.TLS = &tls.Config{ServerName: "relay"} // does not know the key
	if c, err := Allocate(t.Context(), cb); err == nil {
		c.Close()
		t.Error("allocated at a relay with an unknown key")
	}
}

// TestDeadRelay ends the relay under an allocation: the client notices although every write still succeeds.
func TestDeadRelay(t *testing.T) {
	s, server := serve(t, Config{})
	a := mustAllocate(t, clientOf(t, server, "127.0.0.2", "r", "a", make(inbox, 8)))
	s.CloseRoom("r") // the server itself still answers; only the allocation is gone
	select {
	case <-a.Done():
		if !errors.Is(a.Err(), ErrDead) {
			t.Errorf("ended with %v", a.Err())
		}
	case <-time.After(15 * time.Second):
		t.Fatal("a dead allocation goes unnoticed")
	}
	if a.Send([]byte("x"), a.Relayed()) {
		t.Error("a dead allocation takes packets")
	}
}

// TestGoneRelay ends the whole relay: the system says at once that nobody listens there.
func TestGoneRelay(t *testing.T) {
	s, server := serve(t, Config{})
	a := mustAllocate(t, clientOf(t, server, "127.0.0.2", "r", "a", make(inbox, 8)))
	s.Close()
	gone := time.Now()
	a.Send([]byte("x"), a.Relayed())
	select {
	case <-a.Done():
	case <-time.After(15 * time.Second):
		t.Fatal("a dead allocation goes unnoticed")
	}
	t.Logf("noticed after %v", time.Since(gone))
	if err := a.Permit(netip.MustParseAddr("127.0.0.3")); !errors.Is(err, ErrDead) {
		t.Errorf("a permission of a dead allocation: %v", err)
	}
	if _, err := Allocate(t.Context(), clientOf(t, server, "127.0.0.2", "r", "a", make(inbox, 8))); !errors.Is(err, ErrDead) {
		t.Errorf("Allocate at a relay that is gone = %v", err)
	}
}

// TestCloseByMany closes allocations from several goroutines at once, as a mesh that ends while its relay dies does.
func TestCloseByMany(t *testing.T) {
	_, server := serve(t, Config{})
	for i := range 20 {
		a := mustAllocate(t, clientOf(t, server, "127.0.0.2", strconv.Itoa(i), "a", make(inbox, 8)))
		var closing sync.WaitGroup
		start := make(chan struct{})
		for range 8 {
			closing.Go(func() {
				<-start
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		closing.Wait()
	}
}

func TestForeignPackets(t *testing.T) {
	_, server := serve(t, Config{})
	in := make(inbox, 8)
	cfg := clientOf(t, server, "127.0.0.2", "r", "a", in)
	var local net.Addr
	dial := cfg.Dial
	cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err == nil {
			local = c.LocalAddr()
		}
		return c, err
	}
	a := mustAllocate(t, cfg)
	stranger, err := net.Dial("udp4", local.String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for _, p := range []string{"\x40\x00\x00\x01x\x00\x00\x00", "\x00\x17\x00\x00\x21\x12\xa4\x42123456789012", "\x01\x01", "garbage", ""} {
		stranger.Write([]byte(p))
	}
	in2 := make(inbox, 8)
	b := mustAllocate(t, clientOf(t, server, "127.0.0.3", "r", "b", in2))
	if err := errors.Join(a.Permit(b.Relayed().Addr()), b.Permit(a.Relayed().Addr())); err != nil {
		t.Fatal(err)
	}
	b.Send([]byte("real"), a.Relayed())
	in.expect(t, "real") // and nothing before it
}

func TestAllocateGivesUp(t *testing.T) {
	mute, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	_, err = Allocate(ctx, clientOf(t, mute.LocalAddr().String(), "127.0.0.2", "r", "a", make(inbox, 1)))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Allocate = %v, want the deadline", err)
	}
}

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"turn:203.0.113.5:3478":               "turn:203.0.113.5:3478",
		"turn:relay.example":                  "turn:relay.example:3478",
		"turn:relay.example?transport=tcp":    "turn:relay.example:3478?transport=tcp",
		"turns:relay.example":                 "turns:relay.example:5349",
		"turns:relay.example:443":             "turns:relay.example:443",
		"turn:[2001:db8::1]:3478":             "turn:[2001:db8::1]:3478",
		"turns:[2001:db8::1]:1?transport=tcp": "turns:[2001:db8::1]:1",
	} {
		if u, err := ParseURL(in); err != nil || u.String() != want {
			t.Errorf("ParseURL(%q) = %v, %v; want %s", in, u, err, want)
		}
	}
	for _, in := range []string{"", "none", "http://a", "stun:a:1", "turn:", "turn:a:0", "turn:a:65536", "turn:a:x", "turns:a?transport=udp"} {
		if u, err := ParseURL(in); err == nil {
			t.Errorf("ParseURL(%q) = %v", in, u)
		}
	}
}

func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"relay"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
