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
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// headStart is what QUIC gets before TCP is tried, too: where UDP gets through, QUIC wins.
const headStart = 250 * time.Millisecond

// A reacher finds the coordinator at one of several addresses, over QUIC or TLS on TCP.
type reacher struct {
	dialer      Dialer
	dialTCP     func(ctx context.Context, addr string) (net.Conn, error)
	key         *identity.Key
	coordinator identity.ID
}

// A contact is a connection on which the coordinator proved its key, and where it was reached.
type contact struct {
	conn conn
	addr netip.AddrPort
}

// first starts n attempts at once and keeps the first that succeeds, or the errors of all.
func first(ctx context.Context, n int, attempt func(ctx context.Context, i int) (contact, error)) (contact, []error) {
	racing, stop := context.WithCancel(ctx)
	defer stop()
	var runners sync.WaitGroup
	var mu sync.Mutex
	var winner contact
	errs := make([]error, n)
	for i := range n {
		runners.Go(func() {
			c, err := attempt(racing, i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				errs[i] = err
			case winner.conn != nil:
				c.conn.Close()
			default:
				winner = c
				stop()
			}
		})
	}
	runners.Wait()
	return winner, errs
}

// reach tries all addresses.
func (r reacher) reach(ctx context.Context, addrs []string) (contact, error) {
	c, errs := first(ctx, len(addrs), func(ctx context.Context, i int) (contact, error) { return r.try(ctx, addrs[i]) })
	if c.conn != nil {
		return c, nil
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return contact{}, context.Cause(ctx)
	}
	return contact{}, unreachable(addrs, errs)
}

// try tries one address, which may be a name with several.
func (r reacher) try(ctx context.Context, addr string) (contact, error) {
	target, err := netip.ParseAddrPort(addr)
	if err == nil {
		return r.dial(ctx, target)
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return contact{}, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return contact{}, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return contact{}, err
	}
	var addrs []string
	for _, ip := range ips[:min(len(ips), maxAddrs)] {
		addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)).String())
	}
	return r.reach(ctx, addrs)
}

// dial tries one IP address: QUIC, and TCP a little later or when QUIC has failed.
func (r reacher) dial(ctx context.Context, addr netip.AddrPort) (contact, error) {
	noQUIC := make(chan struct{})
	c, errs := first(ctx, 2, func(ctx context.Context, i int) (contact, error) {
		if i == 0 {
			c, err := r.dialQUIC(ctx, addr)
			if err != nil {
				close(noQUIC)
			}
			return contact{c, addr}, err
		}
		wait := time.NewTimer(headStart)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-noQUIC:
		case <-ctx.Done():
			return contact{}, ctx.Err()
		}
		c, err := r.dialTLS(ctx, addr)
		return contact{c, addr}, err
	})
	if c.conn != nil {
		return c, nil
	}
	return contact{}, fmt.Errorf("%w, and over TCP: %w", errs[0], errs[1])
}

// unreachable prefers, of what was tried, the errors that mean that somebody answered.
func unreachable(addrs []string, errs []error) error {
	for i, err := range errs {
		var wrongKey *identity.KeyError
		if errors.As(err, &wrongKey) {
			return fmt.Errorf("reach the coordinator at %s: %w", addrs[i], wrongKey)
		}
		var transport *quic.TransportError
		quicAnswer := errors.As(err, &transport) && transport.Remote
		if quicAnswer && transport.ErrorCode == versionAlert || refusedProtocol(err) {
			return refuse(ErrVersion, "at %s it does not know %s", addrs[i], ALPN)
		}
		if quicAnswer && transport.ErrorCode == quic.ConnectionRefused {
			return refuse(ErrBusy, "at %s", addrs[i])
		}
	}
	return &UnreachableError{Tried: addrs, Errs: errs}
}

// versionAlert is the TLS alert no_application_protocol as a QUIC error: the coordinator knows another ALPN.
const versionAlert = quic.TransportErrorCode(0x100 + noProtocol)

const noProtocol = 120

// refusedProtocol tells the same alert over TCP, which crypto/tls shows by its text alone.
func refusedProtocol(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == tls.AlertError(noProtocol).Error()
}
