package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// A Dialer opens QUIC connections from the party's UDP socket. *quic.Transport is one.
type Dialer interface {
	Dial(ctx context.Context, addr net.Addr, tls *tls.Config, config *quic.Config) (*quic.Conn, error)
}

// quicConn is a stream that is the only one of its connection.
type quicConn struct {
	*quic.Stream
	c *quic.Conn
}

func (q *quicConn) Close() error { return q.c.CloseWithError(0, "") }

// quicConfig has small windows, since frames are small, and leaves it to the pings of a link to keep the connection alive and
// to notice its end.
func quicConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           joinWithin,
		MaxIdleTimeout:                 lostAfter + pingEvery,
		MaxIncomingStreams:             -1,
		MaxIncomingUniStreams:          -1,
		InitialStreamReceiveWindow:     64 << 10,
		MaxStreamReceiveWindow:         maxRoster,
		InitialConnectionReceiveWindow: 64 << 10,
		MaxConnectionReceiveWindow:     maxRoster,
	}
}

// versionAlert is the TLS alert no_application_protocol as a QUIC error: the coordinator knows another ALPN.
const versionAlert = quic.TransportErrorCode(0x100 + 120)

// A reacher finds the coordinator at one of several addresses.
type reacher struct {
	dialer      Dialer
	key         *identity.Key
	coordinator identity.ID
}

// race dials all addresses at once and keeps the first connection on which the coordinator proves its key.
func (r reacher) race(ctx context.Context, addrs []string) (*quicConn, error) {
	racing, stop := context.WithCancel(ctx)
	defer stop()
	var runners sync.WaitGroup
	results := make([]*quicConn, len(addrs))
	errs := make([]error, len(addrs))
	for i, addr := range addrs {
		runners.Go(func() {
			if results[i], errs[i] = r.try(racing, addr); errs[i] == nil {
				stop()
			}
		})
	}
	runners.Wait()
	var winner *quicConn
	for _, c := range results {
		switch {
		case c == nil:
		case winner == nil:
			winner = c
		default:
			c.Close()
		}
	}
	if winner != nil {
		return winner, nil
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, context.Cause(ctx)
	}
	return nil, unreachable(addrs, errs)
}

// unreachable prefers, of what was tried, the errors that mean that somebody answered.
func unreachable(addrs []string, errs []error) error {
	for i, err := range errs {
		var wrongKey *identity.KeyError
		if errors.As(err, &wrongKey) {
			return fmt.Errorf("reach the coordinator at %s: %w", addrs[i], wrongKey)
		}
		var transport *quic.TransportError
		if errors.As(err, &transport) && transport.Remote && transport.ErrorCode == versionAlert {
			return refuse(ErrVersion, "at %s it does not know %s", addrs[i], ALPN)
		}
		if transport != nil && transport.Remote && transport.ErrorCode == quic.ConnectionRefused {
			return refuse(ErrBusy, "at %s", addrs[i])
		}
	}
	return &UnreachableError{Tried: addrs, Errs: errs}
}

// try dials one address, which may be a name with several.
func (r reacher) try(ctx context.Context, addr string) (*quicConn, error) {
	target, err := netip.ParseAddrPort(addr)
	if err == nil {
		return r.dial(ctx, target)
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addrs []string
	for _, ip := range ips[:min(len(ips), maxAddrs)] {
		addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)).String())
	}
	return r.race(ctx, addrs)
}

func (r reacher) dial(ctx context.Context, addr netip.AddrPort) (*quicConn, error) {
	c, err := r.dialer.Dial(ctx, net.UDPAddrFromAddrPort(addr), r.key.ClientTLS(ALPN, identity.Exactly(r.coordinator)), quicConfig())
	if err != nil {
		return nil, err
	}
	stream, err := c.OpenStreamSync(ctx)
	if err != nil {
		c.CloseWithError(0, "")
		return nil, err
	}
	return &quicConn{stream, c}, nil
}

// refusedBy is the refusal in the code that a connection was closed with, or nil.
func refusedBy(err error) error {
	var closed *quic.ApplicationError
	if errors.As(err, &closed) && closed.Remote && closed.ErrorCode > 0 && closed.ErrorCode < quic.ApplicationErrorCode(refusals) {
		return Refusal(closed.ErrorCode)
	}
	return nil
}
