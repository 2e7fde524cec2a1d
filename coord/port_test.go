package coord

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/tacit-mpc/tacit/identity"
)

func openPort(t *testing.T) *Port {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := OpenPort(listener, key(5))
	t.Cleanup(func() { p.Close() })
	return p
}

// One port for coordination and another protocol, both under the coordinator's key.
func TestPort(t *testing.T) {
	p := openPort(t)
	other := p.Listener("stun.turn")
	go func() {
		for {
			c, err := other.Accept()
			if err != nil {
				return
			}
			io.Copy(c, c)
			c.Close()
		}
	}()
	h := serve(t, ServerConfig{Seats: 2}, p)
	cfg := h.config(0)
	cfg.Ticket.Addrs = []string{p.Addr().String()}
	c, err := Join(t.Context(), failing{}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	echo, err := tls.Dial("tcp", p.Addr().String(), key(0).ClientTLS("stun.turn", identity.Exactly(key(5).ID())))
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	echo.Write([]byte("hello"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(echo, got); err != nil || string(got) != "hello" {
		t.Errorf("echo %q, %v", got, err)
	}

	var wrong *identity.KeyError
	if _, err := tls.Dial("tcp", p.Addr().String(), key(0).ClientTLS("stun.turn", identity.Exactly(key(4).ID()))); !errors.As(err, &wrong) {
		t.Errorf("another key expected: %v", err)
	}
	if _, err := tls.Dial("tcp", p.Addr().String(), key(0).ClientTLS("h2", anybody)); !refusedProtocol(err) {
		t.Errorf("a protocol that nobody serves: %v", err)
	}
	for name, change := range map[string]func(*tls.Config){
		"no protocol": func(c *tls.Config) { c.NextProtos = nil },
		"TLS 1.2":     func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
	} {
		config := key(0).ClientTLS("stun.turn", anybody)
		config.VerifyConnection = nil
		change(config)
		if _, err := tls.Dial("tcp", p.Addr().String(), config); err == nil {
			t.Errorf("%s: let in", name)
		}
	}
	// Without a certificate nobody gets as far as the session.
	config := key(0).ClientTLS(ALPN, anybody)
	config.Certificates = nil
	if anonymous, err := tls.Dial("tcp", p.Addr().String(), config); err == nil {
		if _, err := anonymous.Read(got); err == nil {
			t.Error("an anonymous client heard something")
		}
		anonymous.Close()
	}
	other.Close()
	if late, err := tls.Dial("tcp", p.Addr().String(), key(0).ClientTLS("stun.turn", anybody)); err == nil {
		if _, err := late.Read(got); err == nil {
			t.Error("a connection after the listener was closed")
		}
		late.Close()
	}
	p.Close()
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.gate.total > 2 { // the party and the echo, which are not its any more
		t.Errorf("%d connections inside", p.gate.total)
	}
}

// One port serves session after session, as `pre --serve` does.
func TestPortAgain(t *testing.T) {
	p := openPort(t)
	for range 2 {
		h := serve(t, ServerConfig{Seats: 2}, p)
		var clients []*Client
		for i := range 2 {
			cfg := h.config(i)
			cfg.Ticket.Addrs = []string{p.Addr().String()}
			c, err := Join(t.Context(), failing{}, cfg)
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		all(clients, func(_ int, c *Client) {
			if err := c.Ready(t.Context(), nil); err != nil {
				t.Error(err)
			}
			c.Leave(NoCause, "")
		})
		if <-h.done; h.err != nil {
			t.Fatal(h.err)
		}
	}
}
