package mesh

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/pathconn"
	"github.com/tacit-mpc/tacit/natpunch"
)

// A Socket is the one UDP socket of a party with QUIC on it: it listens for parties, dials parties, and dials the coordinator.
// It listens from the start, so that a party which is told to begin a moment earlier than we are loses no time; connections of
// strangers are turned down once a Mesh knows the roster.
type Socket struct {
	key       *identity.Key
	conn      pathSocket
	puncher   *natpunch.Puncher
	stun      *natpunch.STUN
	transport *quic.Transport
	listener  *quic.Listener
	warnings  []error
	windows   windows
	mesh      atomic.Pointer[Mesh] // the one that accepts, if any
	close     func() error

	reachMu sync.Mutex
	reach   *reacher // nil until Reach
	updates map[channel.Party]PeerUpdate

	// What only a real UDP socket can tell.
	refuses func(context.Context, netip.AddrPort) bool // whether a port is known to be closed
	loss    func(netip.AddrPort) error                 // why the last packet to an address did not leave this machine
}

// Listen opens a UDP socket on addr ("host:port"; host may be empty, port may be 0) for the party that holds key.
func Listen(addr string, key *identity.Key) (*Socket, error) {
	local, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	udp, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil, err // net's error says what was done, and where
	}
	s := &Socket{key: key}
	var lost losses
	conn := &packetConn{Conn: pathconn.New(udp, pathconn.Config{Intercept: s.intercept, Lost: lost.note})}
	err = s.start(conn)
	if err != nil {
		udp.Close()
		return nil, err
	}
	s.warnings = conn.warnings()
	s.refuses, s.loss = refuses, lost.last
	return s, nil
}

// pathSocket is a UDP socket with paths: *pathconn.Conn, or *pathconn.Plain in simulated networks.
type pathSocket interface {
	net.PacketConn
	Bound() netip.AddrPort
	Peer() *pathconn.Peer
	Owner(netip.AddrPort) *pathconn.Peer
	Allow(netip.AddrPort)
	Restrict(bool)
	View(*pathconn.Peer) *pathconn.View
	Send(p []byte, to netip.AddrPort)
}

// start puts pings and QUIC on conn, and owns it.
func (s *Socket) start(conn pathSocket) error {
	s.conn = conn
	s.stun = natpunch.NewSTUN(conn.Send)
	s.puncher = natpunch.NewPuncher(natpunch.PunchConfig{Main: mainOutlet{conn}, Open: s.openOutlet})
	// A peer that missed the end of a connection learns of it from the answer to its next packet (RFC 9000 section 10.3).
	// The key outlives a restart with the same identity, so that peers notice that.
	reset := quic.StatelessResetKey(s.key.Derive("quic stateless reset"))
	s.transport = &quic.Transport{Conn: conn, ConnectionIDLength: connectionIDSize, StatelessResetKey: &reset}
	if s.refuses == nil {
		s.refuses = func(context.Context, netip.AddrPort) bool { return false }
		s.loss = func(netip.AddrPort) error { return nil }
	}
	s.close = sync.OnceValue(s.shutdown)
	var err error
	s.listener, err = s.transport.Listen(s.key.ServerTLS(alpn, s.admit), s.windows.config(longestPatience, 1))
	if err != nil {
		return fmt.Errorf("listen for parties on %s: %w", conn.Bound(), err)
	}
	return nil
}

// intercept takes what arrives and is not QUIC: answers of STUN servers, pings, and probes.
func (s *Socket) intercept(p []byte, from netip.AddrPort) {
	if s.stun.Handle(p, from) {
		return
	}
	s.pinged(p, mainOutlet{s.conn}, from)
}

// pinged takes pings and probes of peers.
func (s *Socket) pinged(p []byte, out natpunch.Outlet, from netip.AddrPort) {
	if !isProbe(p) {
		s.puncher.Handle(p, out, from)
		return
	}
	if owner := s.conn.Owner(from); owner != nil {
		s.eachWay(func(w *way) {
			if w.quic == owner {
				w.probed(p)
			}
		})
	}
}

// errStranger refuses a key during the handshake.
var errStranger = errors.New("the key is not on the roster")

// admit checks a dialing party's key during the handshake. Before a Mesh states the roster every key may wait in the bounded
// queue of the listener; the Mesh then checks again.
func (s *Socket) admit(id identity.ID) error {
	if m := s.mesh.Load(); m != nil {
		if _, known := m.seats[id]; !known {
			return errStranger
		}
	}
	return nil
}

// LocalAddr is the bound address; its IP is unspecified if the socket listens on every interface.
func (s *Socket) LocalAddr() netip.AddrPort { return s.conn.Bound() }

// Dial opens a QUIC connection from the socket, as quic.Transport.Dial does: the way to the coordinator.
func (s *Socket) Dial(ctx context.Context, addr net.Addr, tlsConf *tls.Config, conf *quic.Config) (*quic.Conn, error) {
	s.conn.Allow(addrPort(addr))
	return s.transport.Dial(ctx, addr, tlsConf, conf)
}

// Warnings tells what is less than it should be but works: *BufferWarning.
func (s *Socket) Warnings() []error { return s.warnings }

// Close closes the socket at once. Close the Mesh and what was dialed first: they take leave of their peers.
func (s *Socket) Close() error { return s.close() }

func (s *Socket) shutdown() error {
	s.reachMu.Lock()
	r := s.reach
	s.reachMu.Unlock()
	if r != nil {
		r.close()
	}
	return errors.Join(s.listener.Close(), s.transport.Close(), s.conn.Close())
}

// addrPort reads a UDP address. IPv4 addresses come out as IPv4, mapped or not.
func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
