package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
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
// to notice its end. Packets stay as small as every path passes: QUIC would not make them smaller again when a path shrinks.
func quicConfig() *quic.Config {
	return &quic.Config{
		InitialPacketSize:              1200, // fits where the MTU is 1280
		DisablePathMTUDiscovery:        true,
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

// dialQUIC connects to one address of the coordinator and opens the stream.
func (r reacher) dialQUIC(ctx context.Context, addr netip.AddrPort) (conn, error) {
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

// listen takes the coordinator's connections from the transport, and nothing where there is no room.
func (s *Server) listen(transport *quic.Transport) (*quic.Listener, error) {
	config := quicConfig()
	config.MaxIncomingStreams = 1
	config.GetConfigForClient = func(info *quic.ClientInfo) (*quic.Config, error) {
		if !s.gate.mayEnter(addrPort(info.RemoteAddr)) {
			return nil, ErrBusy
		}
		return config, nil
	}
	return transport.Listen(s.cfg.Key.ServerTLS(ALPN, anybody), config)
}

// acceptAll serves the connections of the listener until ctx ends.
func (s *Server) acceptAll(ctx context.Context, listener *quic.Listener) {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	for {
		c, err := listener.Accept(ctx)
		if err != nil {
			return
		}
		handlers.Go(func() { s.accept(ctx, c) })
	}
}

// accept serves one connection. Its client opens the stream and speaks first.
func (s *Server) accept(ctx context.Context, c *quic.Conn) {
	addr := addrPort(c.RemoteAddr())
	busy := func() { c.CloseWithError(quic.ApplicationErrorCode(ErrBusy), "") }
	visitor := s.gate.enter(addr, func() { go busy() }) // it may wait for the connection's own goroutine
	if visitor == nil {
		busy()
		return
	}
	defer visitor.exit()
	id, err := identity.PeerID(c.ConnectionState().TLS)
	if err != nil {
		c.CloseWithError(quic.ApplicationErrorCode(ErrMalformed), "")
		return
	}
	within, cancel := context.WithTimeout(ctx, joinWithin)
	stream, err := c.AcceptStream(within)
	cancel()
	if err != nil {
		why := ErrMalformed // it said nothing
		if ctx.Err() != nil {
			why = ErrExpired
		}
		c.CloseWithError(quic.ApplicationErrorCode(why), "")
		return
	}
	s.handle(ctx, &quicConn{stream, c}, id, addr, visitor.settle)
}

// refusedBy is the refusal in what a connection was closed with, or nil.
func refusedBy(err error) error {
	var closed *quic.ApplicationError
	if errors.As(err, &closed) && closed.Remote && closed.ErrorCode > 0 && closed.ErrorCode < quic.ApplicationErrorCode(refusals) {
		return Refusal(closed.ErrorCode)
	}
	var transport *quic.TransportError
	if errors.As(err, &transport) && transport.Remote && transport.ErrorCode == quic.ConnectionRefused {
		return ErrBusy // more connections at once than it can take
	}
	return nil
}
