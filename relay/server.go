package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v4"
)

// Defaults of a Config's zero fields.
const (
	DefaultPerUser  = 4   // over IPv4 and IPv6, an old and a new allocation each while a client fails over
	DefaultPerRoom  = 256 // as many for each of 64 parties
	DefaultTotal    = 4096
	DefaultRoomCap  = 1 << 40 // bytes
	DefaultLifetime = 24 * time.Hour
)

// A Config says what a relay serves. Secret and Addr are required.
type Config struct {
	Secret []byte     // shared with whoever mints credentials
	Addr   netip.Addr // address that relayed addresses carry, IPv4 or IPv6: where parties' packets reach this machine
	Bind   netip.Addr // local address of relay sockets; the zero value binds Addr
	Local  bool       // let parties of a room reach private and loopback addresses of their room

	Open     func(room string) bool // whether a room exists; nil admits every room with valid credentials
	PerUser  int                    // allocations of one party; 0 means DefaultPerUser
	PerRoom  int                    // allocations of one room; 0 means DefaultPerRoom
	Total    int                    // allocations of all; 0 means DefaultTotal
	RoomCap  int64                  // bytes that one room may relay; 0 means DefaultRoomCap
	Lifetime time.Duration          // longest life of an allocation however often refreshed; 0 means DefaultLifetime
}

// Realm is the TURN realm of every relay of this package.
const Realm = "tacit"

// A Server is a running relay. It owns the sockets and listeners it was given.
type Server struct {
	turn *turn.Server
	book *book
}

// Serve runs a relay on UDP sockets and on listeners of TCP or TLS connections, until Close.
func Serve(cfg Config, sockets []*net.UDPConn, listeners []net.Listener) (*Server, error) {
	if len(cfg.Secret) < 16 {
		return nil, errors.New("start relay: the shared secret has fewer than 16 bytes")
	}
	if !cfg.Addr.IsValid() || cfg.Addr.IsUnspecified() || cfg.Addr.Is4In6() {
		return nil, fmt.Errorf("start relay: %v is no address to hand out", cfg.Addr)
	}
	return newBook(cfg).serve(sockets, listeners)
}

func (b *book) serve(sockets []*net.UDPConn, listeners []net.Listener) (*Server, error) {
	tc := turn.ServerConfig{
		Realm:         Realm,
		AuthHandler:   b.authenticate,
		QuotaHandler:  b.admit,
		EventHandler:  turn.EventHandler{OnAllocationCreated: b.created, OnAllocationDeleted: b.deleted},
		LoggerFactory: silent{},
	}
	for _, c := range sockets {
		s := newSocket(c, b)
		tc.PacketConnConfigs = append(tc.PacketConnConfigs, turn.PacketConnConfig{PacketConn: s, RelayAddressGenerator: door{b, s}, PermissionHandler: b.permit})
	}
	for _, l := range listeners {
		tc.ListenerConfigs = append(tc.ListenerConfigs, turn.ListenerConfig{Listener: newListener(l, b), RelayAddressGenerator: b, PermissionHandler: b.permit})
	}
	t, err := turn.NewServer(tc)
	if err != nil {
		return nil, fmt.Errorf("start relay: %w", err)
	}
	return &Server{t, b}, nil
}

// CloseRoom ends every allocation of a room, and admits none from then on.
func (s *Server) CloseRoom(room string) { s.book.closeRoom(room) }

// Stats are counters since the start, except Allocations, which is the number now.
type Stats struct {
	Allocations int
	Bytes       int64 // relayed, both ways
	Refused     int64 // packets not relayed, for their destination or a spent cap
}

// Stats returns the counters.
func (s *Server) Stats() Stats { return s.book.stats() }

// Close ends all allocations and closes the sockets and listeners.
func (s *Server) Close() error {
	err := s.turn.Close()
	s.book.closeAll()
	return err
}

// silent is the logger of the TURN library: what matters is told by return values and counters.
type silent struct{}

func (silent) NewLogger(string) logging.LeveledLogger { return silent{} }
func (silent) Trace(string)                           {}
func (silent) Tracef(string, ...any)                  {}
func (silent) Debug(string)                           {}
func (silent) Debugf(string, ...any)                  {}
func (silent) Info(string)                            {}
func (silent) Infof(string, ...any)                   {}
func (silent) Warn(string)                            {}
func (silent) Warnf(string, ...any)                   {}
func (silent) Error(string)                           {}
func (silent) Errorf(string, ...any)                  {}
