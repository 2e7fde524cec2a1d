package coord

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"

	"github.com/tacit-mpc/tacit/identity"
)

// ServeConn serves one TCP connection, like those that Serve accepts by itself over QUIC, and closes it. c is either a *tls.Conn
// that has negotiated ALPN, before or after its handshake (with Key.ServerTLS: the party must show its certificate), so that
// other protocols can share the port; or a plain connection, on which ServeConn then does TLS itself. It returns when the
// connection or the session has ended, soon where there is no room for c, and when ctx is cancelled. It may be called as soon as
// there is a Server.
func (s *Server) ServeConn(ctx context.Context, c net.Conn) {
	defer c.Close()
	addr := addrPort(c.RemoteAddr())
	raw := c
	if t, ok := c.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	visitor := s.gate.enter(addr, func() { raw.Close() })
	if visitor == nil {
		return
	}
	defer visitor.exit()
	ctx, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() {
		select {
		case <-s.session.done:
			stop()
		case <-ctx.Done():
		}
	})
	t, ok := c.(*tls.Conn)
	if !ok {
		t = tls.Server(c, s.cfg.Key.ServerTLS(ALPN, anybody))
	}
	within, cancel := context.WithTimeout(ctx, joinWithin)
	err := t.HandshakeContext(within)
	cancel()
	if err != nil {
		return
	}
	state := t.ConnectionState()
	id, err := identity.PeerID(state)
	if err != nil || state.NegotiatedProtocol != ALPN {
		return
	}
	s.handle(ctx, &tlsConn{t}, id, addr, visitor.settle)
}

// dialTLS connects to one address of the coordinator over TCP.
func (r reacher) dialTLS(ctx context.Context, addr netip.AddrPort) (conn, error) {
	ctx, stop := context.WithTimeout(ctx, joinWithin)
	defer stop()
	dial := r.dialTCP
	if dial == nil {
		dial = func(ctx context.Context, addr string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	raw, err := dial(ctx, addr.String())
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, r.key.ClientTLS(ALPN, identity.Exactly(r.coordinator)))
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return &tlsConn{c}, nil
}
