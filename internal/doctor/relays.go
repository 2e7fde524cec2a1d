package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

// relayWithin bounds asking one relay.
const relayWithin = 5 * time.Second

// alpnTURN is the application protocol of TURN over TLS (RFC 7443).
const alpnTURN = "stun.turn"

// A target is a relay to check over one transport. The codes are relay-udp, relay-tcp and relay-tls.
type target struct {
	name        string
	transport   relay.Transport
	addrs       []netip.AddrPort
	tls         *tls.Config
	credentials *relay.Credentials // nil: only ask whether it answers
	after       []string           // checks whose failure explains this one's
	optional    bool               // it was not named: that nobody is there is no failure
}

func (t target) code() string { return "relay-" + string(t.transport) }

// pinned is the TLS of the coordinator's own relay: the coordinator's key, and none of ours.
func (p *party) pinned() *tls.Config {
	cfg := p.key.ClientTLS(alpnTURN, identity.Exactly(p.cfg.Coordinator))
	cfg.Certificates = nil
	return cfg
}

// webTLS is the TLS of any other relay, with a certificate that the machine trusts.
func webTLS(host string) *tls.Config {
	return &tls.Config{ServerName: host, NextProtos: []string{alpnTURN}, MinVersion: tls.VersionTLS12}
}

func (p *party) relayChecks() (all []Check) {
	for _, t := range p.relays {
		after := t.after
		if t.transport == relay.UDP {
			after = append(after, codeUDP)
		}
		all = append(all, Check{Code: t.code(), Subject: t.name, After: after, Run: func(ctx context.Context) Result { return p.relay(ctx, t) }})
	}
	return all
}

func (p *party) relay(ctx context.Context, t target) Result {
	if len(t.addrs) == 0 {
		return Result{Status: Fail, Detail: "its name has no address"}
	}
	if t.credentials != nil {
		return p.allocation(ctx, t)
	}
	a, took, err := fastest(ctx, relayWithin, t.addrs, func(ctx context.Context, a netip.AddrPort) error { return t.answer(ctx, p.sock, a) })
	switch {
	case err == nil:
		return Result{Status: OK, Detail: fmt.Sprintf("%v answers over %s", a, t.transport)}.withRTT(took)
	case t.optional:
		return Result{Status: Unknown, Detail: "none found: " + err.Error(), Hint: "if there is one elsewhere, name it as pre prints it: --relay-url URL"}
	}
	return Result{Status: Fail, Detail: err.Error(), Hint: "let " + string(t.transport) + " out to it, or use another relay"}
}

// allocation gets a relayed address and gives it back.
func (p *party) allocation(ctx context.Context, t target) Result {
	p.allocating.Lock()
	defer p.allocating.Unlock()
	var relayed netip.AddrPort
	a, took, err := fastest(ctx, relayWithin, t.addrs[:1], func(ctx context.Context, a netip.AddrPort) error {
		alloc, err := relay.Allocate(ctx, t.config(a, func([]byte, netip.AddrPort) {}))
		if err != nil {
			return err
		}
		relayed = alloc.Relayed()
		return alloc.Close()
	})
	if err != nil {
		return Result{Status: Fail, Detail: err.Error(), Hint: "does the relay run, does " + string(t.transport) + " reach it, and are the credentials still valid?"}
	}
	return Result{Status: OK, Detail: fmt.Sprintf("%v relays for us at %v", a, relayed), Gloss: "the time is that of an allocation, at least two round trips"}.withRTT(took)
}

func (t target) config(a netip.AddrPort, receive func([]byte, netip.AddrPort)) relay.ClientConfig {
	return relay.ClientConfig{Addr: a, Transport: t.transport, TLS: t.tls, Credentials: *t.credentials, Receive: receive}
}

// answer asks a relay for its STUN answer, which TURN servers give to everybody.
func (t target) answer(ctx context.Context, s *socket, a netip.AddrPort) error {
	if t.transport == relay.UDP {
		_, err := s.stun.Query(ctx, a)
		return err
	}
	var conn net.Conn
	var err error
	if t.transport == relay.TLS {
		conn, err = dialTLS(ctx, a, t.tls)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", a.String())
	}
	if err != nil {
		return err
	}
	return askStream(ctx, conn, a)
}

var errNotSTUN = errors.New("who answers does not speak STUN")

// askStream asks over a connection, which it closes. STUN frames itself there (RFC 8489 section 6.2.2).
func askStream(ctx context.Context, conn net.Conn, server netip.AddrPort) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := natpunch.NewSTUN(func(p []byte, _ netip.AddrPort) {
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		conn.Write(p)
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			m, err := readSTUN(conn)
			if err != nil {
				cancel(err)
				return
			}
			client.Handle(m, server)
		}
	}()
	_, err := client.Query(ctx, server)
	conn.Close()
	<-ended
	return err
}

// readSTUN reads one message: a header of 20 bytes with the length of the rest in its third and fourth.
func readSTUN(r io.Reader) ([]byte, error) {
	const header, most = 20, 548
	m := make([]byte, header)
	if _, err := io.ReadFull(r, m); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(m[2:4]))
	if m[0] > 3 || n > most-header {
		return nil, errNotSTUN
	}
	m = append(m, make([]byte, n)...)
	_, err := io.ReadFull(r, m[header:])
	return m, err
}

// Mint makes credentials from the secret that is shared with a relay, in a room of their own.
func Mint(secret []byte) (relay.Credentials, error) {
	return relay.Mint(secret, relay.User{Room: "doctor", Node: rand.Text(), Ends: time.Now().Add(time.Minute)})
}
