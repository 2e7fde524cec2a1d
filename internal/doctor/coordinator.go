package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
)

// The codes of the way to the coordinator.
const (
	codeQUIC = "coordinator-quic"
	codeTLS  = "coordinator-tls"
)

// handshakeWithin bounds one handshake with the coordinator.
const handshakeWithin = 5 * time.Second

// coordinatorChecks try the two ways to the coordinator; without an address of it there are none. They end after the handshake,
// in which the coordinator proves its key: no seat is taken.
func (p *party) coordinatorChecks() []Check {
	if len(p.cfg.Addrs) == 0 {
		return nil
	}
	return []Check{
		{Code: codeQUIC, Run: func(ctx context.Context) Result {
			return p.reach(ctx, p.shakeQUIC, "let UDP out to it; a party that cannot joins over TLS and takes part through a relay")
		}},
		{Code: codeTLS, Run: func(ctx context.Context) Result {
			return p.reach(ctx, p.shakeTLS, "let TCP out to it; it is needed only where QUIC does not get through")
		}},
	}
}

// reach tries every address of the coordinator at once, and tells of the one that was fastest.
func (p *party) reach(ctx context.Context, shake func(context.Context, netip.AddrPort) error, hint string) Result {
	if len(p.addrs) == 0 {
		return Result{Status: Fail, Detail: "none of its names has an address"}
	}
	a, took, err := fastest(ctx, handshakeWithin, p.addrs, shake)
	var wrong *identity.KeyError
	switch {
	case errors.As(err, &wrong):
		return Result{Status: Fail, Detail: fmt.Sprintf("who answers has the key %s, and we expected %s", wrong.Got, wrong.Want),
			Hint: "ask the host for a fresh ticket; if it names the same key, somebody sits in between"}
	case err != nil:
		return Result{Status: Fail, Detail: err.Error(), Hint: hint}
	}
	return Result{Status: OK, Detail: fmt.Sprintf("%v answers and proves its key", a)}.withRTT(took)
}

// fastest tries all addresses at once and returns the first that works and how long it took, or what each failed with.
func fastest(ctx context.Context, within time.Duration, addrs []netip.AddrPort, try func(context.Context, netip.AddrPort) error) (netip.AddrPort, time.Duration, error) {
	type outcome struct {
		addr netip.AddrPort
		took time.Duration
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	outcomes := make(chan outcome, len(addrs))
	for _, a := range addrs {
		go func() {
			start := time.Now()
			err := try(ctx, a)
			outcomes <- outcome{a, time.Since(start), err}
		}()
	}
	var won *outcome
	var errs []error
	for range addrs { // every try ends before this returns
		o := <-outcomes
		switch {
		case o.err != nil && won == nil:
			errs = append(errs, fmt.Errorf("%v: %w", o.addr, plain(o.err)))
		case o.err == nil && won == nil:
			won = &o
			cancel()
		}
	}
	if won == nil {
		return netip.AddrPort{}, 0, &triedError{errs}
	}
	return won.addr, won.took, nil
}

// A triedError is what every address failed with, on one line.
type triedError struct{ errs []error }

func (e *triedError) Error() string {
	var all []string
	for _, err := range e.errs {
		all = append(all, err.Error())
	}
	return strings.Join(all, "; ")
}

func (e *triedError) Unwrap() []error { return e.errs }

var errSilent = errors.New("no answer in time")

// plain puts the many words for silence into one.
func plain(err error) error {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return errSilent
	}
	return err
}

func (p *party) shakeQUIC(ctx context.Context, addr netip.AddrPort) error {
	sock, err := mesh.Listen(p.cfg.fresh(), p.key)
	if err != nil {
		return err
	}
	defer sock.Close()
	c, err := sock.Dial(ctx, net.UDPAddrFromAddrPort(addr), p.key.ClientTLS(coord.ALPN, identity.Exactly(p.cfg.Coordinator)), nil)
	if err != nil {
		return err
	}
	return c.CloseWithError(0, "")
}

func (p *party) shakeTLS(ctx context.Context, addr netip.AddrPort) error {
	c, err := dialTLS(ctx, addr, p.key.ClientTLS(coord.ALPN, identity.Exactly(p.cfg.Coordinator)))
	if err != nil {
		return err
	}
	return c.Close()
}

func dialTLS(ctx context.Context, addr netip.AddrPort, cfg *tls.Config) (net.Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}
