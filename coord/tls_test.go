package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/identity"
)

// overTCP serves a live session on a TCP port of loopback, too, and returns its address. wrap may turn what is accepted into
// something else.
func (h *live) overTCP(wrap func(net.Conn) net.Conn) string {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() { h.server.ServeConn(ctx, wrap(c)) })
		}
	})
	h.t.Cleanup(func() {
		listener.Close()
		stop()
		handlers.Wait()
	})
	return listener.Addr().String()
}

func plain(c net.Conn) net.Conn { return c }

// Where no UDP leaves, a party joins over TCP and takes part like any other; the coordinator does TLS itself, or the owner of the
// port has told protocols apart before.
func TestTLS(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"plain": plain,
		"shared port": func(c net.Conn) net.Conn {
			config := key(5).ServerTLS(ALPN, anybody)
			config.NextProtos = append(config.NextProtos, "stun.turn")
			return tls.Server(c, config)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, ServerConfig{Seats: 2})
			addr := h.overTCP(wrap)
			first, err := Join(t.Context(), transport(t), h.config(0))
			if err != nil {
				t.Fatal(err)
			}
			cfg := h.config(1)
			cfg.Ticket.Addrs = []string{addr}
			second, err := Join(t.Context(), failing{}, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if first.Transport() != QUIC || second.Transport() != TLS || !second.Observed().Addr().IsLoopback() {
				t.Errorf("over %v and %v, observed %v", first.Transport(), second.Transport(), second.Observed())
			}
			clients := []*Client{first, second}
			all(clients, func(i int, c *Client) {
				r, err := c.Roster(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if len(r.Members[0].Addrs) != 1 || len(r.Members[1].Addrs) != 0 {
					t.Errorf("addresses %v and %v", r.Members[0].Addrs, r.Members[1].Addrs)
				}
				if err := c.Ready(t.Context(), nil); err != nil {
					t.Error(err)
				}
				c.Leave(NoCause, "")
			})
			if <-h.done; h.err != nil {
				t.Errorf("session: %v", h.err)
			}
		})
	}
}

// UDP that is silently dropped costs the head start.
func TestTLSWhereUDPIsDropped(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 2})
	cfg := h.config(0)
	cfg.Ticket.Addrs = []string{h.overTCP(plain)} // nobody answers UDP there
	c, err := Join(t.Context(), transport(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Transport() != TLS {
		t.Errorf("over %v", c.Transport())
	}
	// Where both answer, QUIC is used.
	cfg = h.config(1)
	cfg.DialTCP = func(context.Context, string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(t.Context(), "tcp", cfg.Ticket.Addrs[0])
	}
	other, err := Join(t.Context(), transport(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Transport() != QUIC {
		t.Errorf("over %v", other.Transport())
	}
}

func TestTLSWrongKey(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 2})
	cfg := h.config(0)
	cfg.Ticket.Addrs = []string{h.overTCP(plain)}
	cfg.Ticket.Coordinator = key(4).ID()
	_, err := Join(t.Context(), failing{}, cfg)
	var wrong *identity.KeyError
	if !errors.As(err, &wrong) || wrong.Got != key(5).ID() {
		t.Errorf("Join: %v", err)
	}
}

// Whoever owns the port and speaks another version of the protocol, or the wrong one by mistake.
func TestTLSOtherProtocol(t *testing.T) {
	h := serve(t, ServerConfig{Seats: 2})
	for name, tc := range map[string]struct {
		alpn string
		want error
	}{
		"later version":        {"tacit-coord/2", ErrVersion},
		"no certificate asked": {ALPN, nil},
	} {
		cfg := h.config(0)
		cfg.Ticket.Addrs = []string{h.overTCP(func(c net.Conn) net.Conn {
			config := key(5).ServerTLS(tc.alpn, anybody)
			if tc.want == nil {
				config.ClientAuth, config.VerifyConnection = tls.NoClientCert, nil
			}
			return tls.Server(c, config)
		})}
		_, err := Join(t.Context(), failing{}, cfg)
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A party whose UDP stops getting through in mid-run comes back over TCP by itself.
func TestTLSAfterQUIC(t *testing.T) {
	t.Parallel() // it waits for real deadlines
	h := serve(t, ServerConfig{Seats: 2})
	tcp := h.overTCP(plain)
	back := make(chan struct{})
	var clients []*Client
	socket := transport(t)
	for i, tr := range []Dialer{transport(t), socket} {
		cfg := h.config(i)
		cfg.DialTCP = func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", tcp)
		}
		cfg.Events = func(e Event) {
			if i == 1 && e.Seat == Coordinator && e.State == Joined {
				close(back)
			}
		}
		c, err := Join(t.Context(), tr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if c.Transport() != QUIC {
			t.Errorf("party %d over %v", i, c.Transport())
		}
		clients = append(clients, c)
	}
	all(clients, func(i int, c *Client) {
		if err := c.Ready(t.Context(), nil); err != nil {
			t.Errorf("party %d: %v", i, err)
		}
	})
	socket.Conn.Close()
	<-back
	if got := clients[1].Transport(); got != TLS {
		t.Errorf("back over %v", got)
	}
	all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
	if <-h.done; h.err != nil {
		t.Errorf("session: %v", h.err)
	}
}

// The system closes the TCP connections of a program that is killed: that is told at once, as what it is.
func TestTLSKilled(t *testing.T) {
	events := make(chan Event, 10)
	h := serve(t, ServerConfig{Seats: 3, Events: func(e Event) { events <- e }})
	cfg := h.config(0)
	cfg.Ticket.Addrs = []string{h.overTCP(plain)}
	var raw net.Conn
	cfg.DialTCP = func(ctx context.Context, addr string) (net.Conn, error) {
		if raw != nil {
			return nil, errors.New("killed")
		}
		var d net.Dialer
		var err error
		raw, err = d.DialContext(ctx, "tcp", addr)
		return raw, err
	}
	c, err := Join(t.Context(), failing{}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	raw.Close()
	for e := range events {
		if e.State == Lost {
			if !e.Closed {
				t.Errorf("%+v", e)
			}
			break
		}
	}
	c.Close()
}
