package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// These tests use real sockets on loopback.

func transport(t *testing.T) *quic.Transport {
	t.Helper()
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	tr := &quic.Transport{Conn: socket}
	t.Cleanup(func() {
		tr.Close()
		socket.Close()
	})
	return tr
}

// A live is a session served over QUIC.
type live struct {
	t      *testing.T
	server *Server
	tr     *quic.Transport
	addr   string
	stop   context.CancelFunc
	done   chan struct{}
	err    error
}

func serve(t *testing.T, cfg ServerConfig, ports ...*Port) *live {
	t.Helper()
	cfg.Key = key(5)
	server, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &live{t: t, server: server, tr: transport(t), done: make(chan struct{})}
	h.addr = h.tr.Conn.LocalAddr().String()
	ctx, stop := context.WithCancel(t.Context())
	h.stop = stop
	go func() {
		defer close(h.done)
		h.err = server.Serve(ctx, h.tr, ports...)
	}()
	t.Cleanup(func() { stop(); <-h.done })
	return h
}

func (h *live) config(seat int) ClientConfig {
	h.t.Helper()
	ticket, err := h.server.Ticket(seat, []string{h.addr})
	if err != nil {
		h.t.Fatal(err)
	}
	word, err := ticket.Encode()
	if err != nil {
		h.t.Fatal(err)
	}
	if ticket, err = ParseTicket(word); err != nil {
		h.t.Fatal(err)
	}
	return ClientConfig{Key: key(seat), Ticket: &ticket, Fields: []Field{{"program", "abc"}}}
}

func TestQUIC(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 3})
	var clients []*Client
	for i := range 3 {
		tr := transport(t)
		cfg := h.config(i)
		if i == 2 { // the long form, with addresses that nobody answers and a name
			token := h.server.Token()
			_, port, _ := net.SplitHostPort(h.addr)
			cfg.Ticket, cfg.Coordinator, cfg.Addrs, cfg.Token, cfg.Seat = nil, key(5).ID(), []string{"127.0.0.1:9", "[::1]:9", "localhost:" + port}, &token, AnySeat
		}
		c, err := Join(t.Context(), tr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if c.Seat() != i || c.Seats() != 3 || c.Session() != h.server.Session() || c.Observed().String() != tr.Conn.LocalAddr().String() {
			t.Errorf("seat %d of %d, session %v, observed %v", c.Seat(), c.Seats(), c.Session(), c.Observed())
		}
		clients = append(clients, c)
	}
	all(clients, func(i int, c *Client) {
		r, err := c.Roster(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		if len(r.Members) != 3 || len(r.Members[0].Addrs) != 1 || !r.Members[0].Addrs[0].Addr().IsLoopback() {
			t.Errorf("roster %+v", r)
		}
		if err := c.Ready(t.Context(), nil); err != nil {
			t.Error(err)
		}
		c.Leave(NoCause, "")
	})
	<-h.done
	if h.err != nil {
		t.Errorf("session: %v", h.err)
	}
}

// A sizer is a socket that remembers the largest packet sent.
type sizer struct {
	*net.UDPConn
	largest atomic.Int64
}

func (s *sizer) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if size := int64(len(b)); size > s.largest.Load() {
		s.largest.Store(size)
	}
	return s.UDPConn.WriteMsgUDP(b, oob, addr)
}

// TestSmallPackets exchanges many frames, during which QUIC would have found that larger packets pass.
func TestSmallPackets(t *testing.T) {
	sizes := &sizer{UDPConn: transport(t).Conn.(*net.UDPConn)}
	client := &quic.Transport{Conn: sizes}
	t.Cleanup(func() { client.Close() })
	server := transport(t)
	config := quicConfig()
	config.MaxIncomingStreams = 1
	l, err := server.Listen(key(5).ServerTLS(ALPN, anybody), config)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept(t.Context())
		if err != nil {
			return
		}
		s, err := c.AcceptStream(t.Context())
		if err != nil {
			return
		}
		io.Copy(s, s)
	}()
	c, err := client.Dial(t.Context(), server.Conn.LocalAddr(), key(0).ClientTLS(ALPN, identity.Exactly(key(5).ID())), quicConfig())
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.OpenStreamSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 100)
	for range 1000 {
		if _, err := s.Write(frame); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(s, frame); err != nil {
			t.Fatal(err)
		}
	}
	if n := sizes.largest.Load(); n > 1200 {
		t.Errorf("a packet of %d bytes, want at most 1200", n)
	}
}

// One socket hosts session after session, as `pre --serve` does.
func TestQUICAgain(t *testing.T) {
	tr := transport(t)
	for range 2 {
		server, err := NewServer(ServerConfig{Key: key(5), Seats: 2})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- server.Serve(t.Context(), tr) }()
		var clients []*Client
		for i := range 2 {
			ticket, _ := server.Ticket(i, []string{tr.Conn.LocalAddr().String()})
			c, err := Join(t.Context(), transport(t), ClientConfig{Key: key(i), Ticket: &ticket})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		all(clients, func(_ int, c *Client) {
			c.Ready(t.Context(), nil)
			c.Leave(NoCause, "")
		})
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if err := server.Serve(t.Context(), tr); err == nil {
			t.Error("Serve ran twice")
		}
	}
}

func TestQUICWrongKey(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 2})
	cfg := h.config(0)
	cfg.Ticket.Coordinator = key(4).ID()
	_, err := Join(t.Context(), transport(t), cfg)
	var wrong *identity.KeyError
	if !errors.As(err, &wrong) || wrong.Got != key(5).ID() || wrong.Want != key(4).ID() {
		t.Errorf("Join: %v", err)
	}
}

func TestQUICUnreachable(t *testing.T) {
	closed := transport(t)
	addr := closed.Conn.LocalAddr().String()
	closed.Close()
	closed.Conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Join(ctx, transport(t), ClientConfig{Key: key(0), Coordinator: key(5).ID(), Addrs: []string{addr}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Join: %v", err)
	}
	noTCP := func(context.Context, string) (net.Conn, error) { return nil, errors.New("no route either") }
	_, err = Join(t.Context(), failing{}, ClientConfig{Key: key(0), Coordinator: key(5).ID(), Addrs: []string{addr, "192.0.2.1:1"}, DialTCP: noTCP})
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || len(unreachable.Tried) != 2 || !strings.Contains(err.Error(), addr+": no route, and over TCP: no route either") {
		t.Errorf("Join: %v", err)
	}
	if _, err = Join(t.Context(), failing{}, ClientConfig{Key: key(0), Coordinator: key(5).ID()}); err == nil {
		t.Error("joined without an address")
	}
}

type failing struct{}

func (failing) Dial(context.Context, net.Addr, *tls.Config, *quic.Config) (*quic.Conn, error) {
	return nil, errors.New("no route")
}

func TestQUICOtherProtocol(t *testing.T) {
	tr := transport(t)
	anybody := func(identity.ID) error { return nil }
	listener, err := tr.Listen(key(5).ServerTLS("tacit-coord/2", anybody), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = Join(t.Context(), transport(t), ClientConfig{Key: key(0), Coordinator: key(5).ID(), Addrs: []string{tr.Conn.LocalAddr().String()}})
	if !errors.Is(err, ErrVersion) {
		t.Errorf("Join: %v", err)
	}
}

// Strangers that open connections and say nothing, or garbage, neither disturb a session nor use up its places.
func TestQUICStrangers(t *testing.T) {
	t.Parallel() // it waits for real deadlines
	h := serve(t, ServerConfig{Seats: 2})
	tr := transport(t)
	addr := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(h.addr))
	dial := func() (*quic.Conn, error) {
		return tr.Dial(t.Context(), addr, key(4).ClientTLS(ALPN, identity.Exactly(key(5).ID())), quicConfig())
	}
	var silent []*quic.Conn
	for range 2*linksPerSeat + spareSourceLinks + 5 {
		c, err := dial()
		if err != nil {
			break // refused
		}
		silent = append(silent, c)
	}
	// The last ones are over the limit of one source; a party behind the same address waits until the silent ones are dropped.
	last := silent[len(silent)-1]
	<-last.Context().Done()
	var closed *quic.ApplicationError
	if err := context.Cause(last.Context()); !errors.As(err, &closed) && !strings.Contains(err.Error(), "refused") {
		t.Errorf("a connection over the limit: %v", err)
	}
	for _, c := range silent {
		<-c.Context().Done()
	}
	garbage, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := garbage.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	stream.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	io.Copy(io.Discard, stream)
	<-garbage.Context().Done()

	for i := range 2 {
		c, err := Join(t.Context(), transport(t), h.config(i))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
}

// A coordinator that was interrupted tells everybody at once.
func TestQUICStopped(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 2})
	c, err := Join(t.Context(), transport(t), h.config(0))
	if err != nil {
		t.Fatal(err)
	}
	h.stop()
	if _, err := c.Roster(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("Roster: %v", err)
	}
	<-h.done
	if !errors.Is(h.err, context.Canceled) {
		t.Errorf("Serve: %v", h.err)
	}
	c.Close()
}

// A process that is killed closes no connection: its socket is gone, and nothing more comes from it.
func TestQUICKilled(t *testing.T) {
	t.Parallel() // it waits for real deadlines
	h := serve(t, ServerConfig{Seats: 3})
	began := time.Now()
	first, err := Join(t.Context(), transport(t), h.config(0))
	if err != nil {
		t.Fatal(err)
	}
	victim := transport(t)
	if _, err := Join(t.Context(), victim, h.config(1)); err != nil {
		t.Fatal(err)
	}
	victim.Conn.Close()
	_, err = first.Roster(t.Context())
	var pe *PartyError
	if !errors.As(err, &pe) || pe.Seat != 1 || pe.Cause != Silent || pe.Reason != "nothing was heard of it for 6s" {
		t.Errorf("Roster: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("known after %v", took)
	}
	first.Close()
}
