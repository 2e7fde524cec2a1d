package coord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// ServerConfig says what session to host. Key and Seats are required.
type ServerConfig struct {
	Key       *identity.Key // the coordinator's
	Seats     int           // MinSeats to MaxSeats
	Evaluator int           // the seat that evaluates
	Outputs   []int         // the seats that learn the result; nil means all
	Open      bool          // admit parties without ticket or token
	Require   []Field       // fields that every party must have with these values, for example a pinned program
	Timeout   time.Duration // how long seats stay open; 0 means 30 minutes
	Rand      io.Reader     // nil means crypto/rand

	// Relays, if not nil, mints what one party may use to have its packets relayed: at most 8 offers, best first. It is called for
	// every party that comes, again before the first of its offers expires, and must not wait.
	Relays func(session SessionID, seat int) []RelayOffer
	// STUN lists addresses that answer STUN requests, besides those at which the coordinator itself is reached: "IP:port", or
	// ":port" for wherever the party reached the coordinator. At most 16.
	STUN []string

	// State, if not nil, keeps the session while the coordinator is restarted: a new Server with the same Key, settings and State
	// takes it up again, and the parties come back by themselves. It is removed when the session ends. When a later Save fails
	// the session goes on. A QUIC transport with a StatelessResetKey that outlives the restart (Key.Derive) and connection IDs of
	// 16 bytes, so that pings are long enough to be answered by a reset, lets parties know of it within two seconds.
	State StateStore

	// Events, if not nil, is called for every change of a seat, in order, by one goroutine, which waits for it.
	Events func(Event)
	// Refused, if not nil, is called likewise for every join that was refused. Strangers can cause that at will.
	Refused func(from netip.AddrPort, key identity.ID, why error)
}

// A Server hosts one session, once.
type Server struct {
	cfg     ServerConfig
	session *session
	serve   sync.Once
	gate    *gate
}

// Limits on open connections, beyond what the seats need.
const (
	spareLinks       = 256
	spareSourceLinks = 32
	linksPerSeat     = 4 // coming back, by several addresses
)

// A connection is closed that sends frames faster than this for long: it has to wait, and then its pings come too late.
const (
	frameBurst = 512
	frameEvery = 20 * time.Millisecond
)

// NewServer makes a session: its ID, its token and the secrets of its seats; or takes up the one in cfg.State.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Key == nil {
		return nil, errors.New("host session: no key")
	}
	if cfg.Seats < MinSeats || cfg.Seats > MaxSeats {
		return nil, fmt.Errorf("host session: %d seats, want %d to %d", cfg.Seats, MinSeats, MaxSeats)
	}
	if cfg.Outputs == nil {
		for i := range cfg.Seats {
			cfg.Outputs = append(cfg.Outputs, i)
		}
	}
	cfg.Outputs = slices.Clone(cfg.Outputs)
	slices.Sort(cfg.Outputs)
	for i, seat := range cfg.Outputs {
		if seat < 0 || seat >= cfg.Seats || i > 0 && seat == cfg.Outputs[i-1] {
			return nil, fmt.Errorf("host session: outputs %v: want different seats of 0 to %d", cfg.Outputs, cfg.Seats-1)
		}
	}
	if cfg.Evaluator < 0 || cfg.Evaluator >= cfg.Seats {
		return nil, fmt.Errorf("host session: evaluator %d: want a seat of 0 to %d", cfg.Evaluator, cfg.Seats-1)
	}
	stun, ports, err := parseSTUN(cfg.STUN)
	if err != nil {
		return nil, fmt.Errorf("host session: %w", err)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	s := &session{cfg: cfg, seats: make([]seat, cfg.Seats), store: cfg.State, stun: stun, ports: ports, signals: make(map[signal]*slot),
		in: make(chan delivery), done: make(chan struct{})}
	for i := range s.seats {
		s.seats[i].pace = pace{every: spreadEvery, burst: spreadBurst}
		s.seats[i].joins = pace{every: joinEvery, burst: maxJoins}
	}
	if err := s.found(); err != nil {
		return nil, fmt.Errorf("host session: %w", err)
	}
	seats := linksPerSeat * cfg.Seats // all parties may sit behind one address
	return &Server{cfg: cfg, session: s, gate: newGate(seats+spareLinks, seats+spareSourceLinks)}, nil
}

// found takes up the session that was saved, or makes a new one.
func (s *session) found() error {
	if s.store != nil {
		state, err := s.store.Load()
		if err != nil {
			return err
		}
		if len(state) > 0 {
			if err := s.restore(state); err != nil {
				return fmt.Errorf("resume the saved session: %w", err)
			}
			return nil
		}
	}
	random := orCryptoRand(s.cfg.Rand)
	_, err := io.ReadFull(random, s.id[:])
	for i := range s.seats {
		if err == nil {
			s.seats[i].secret, err = newSecret(random)
		}
	}
	if err == nil {
		s.token, err = newSecret(random)
	}
	if err != nil {
		return err
	}
	return s.persist()
}

// Session is the ID of the session.
func (s *Server) Session() SessionID { return s.session.id }

// Resumed tells whether NewServer took up a session that was saved, and, if seats are still open, when they close.
func (s *Server) Resumed() (closes time.Time, ok bool) {
	return s.session.resumedUntil, s.session.resumed
}

// Token opens any free seat.
func (s *Server) Token() Secret { return s.session.token }

// Ticket opens one seat; addrs are where the coordinator is reached, best first.
func (s *Server) Ticket(seat int, addrs []string) (Ticket, error) {
	if seat < 0 || seat >= s.cfg.Seats {
		return Ticket{}, fmt.Errorf("make ticket: no seat %d", seat)
	}
	return Ticket{s.session.id, seat, s.session.seats[seat].secret, s.cfg.Key.ID(), addrs}, nil
}

// Serve hosts the session on the transport and the TCP ports. These stay the caller's, who may go on to read STUN from the
// transport's socket, dial, and host the next session. Serve returns when the session has ended and everybody was told: nil if all parties were done; a
// *PartyError if one was lost, left or aborted; an *EmptyError if seats stayed empty; a *MismatchError; the cause of ctx if it
// was cancelled; or that it could not listen. It may be called once.
func (s *Server) Serve(ctx context.Context, transport *quic.Transport, ports ...*Port) error {
	err := errors.New("host session: Serve was called twice")
	s.serve.Do(func() { err = s.serveOnce(ctx, transport, ports) })
	return err
}

func (s *Server) serveOnce(ctx context.Context, transport *quic.Transport, ports []*Port) error {
	listener, err := s.listen(transport)
	if err != nil {
		return fmt.Errorf("host session: %w", err)
	}
	accepting, stop := context.WithCancel(context.WithoutCancel(ctx))
	var accepts sync.WaitGroup
	accepts.Go(func() { s.acceptAll(accepting, listener) })
	for _, p := range ports {
		accepts.Go(func() { s.acceptFrom(accepting, p) })
	}
	outcome := s.session.run(ctx)
	stop()
	listener.Close()
	accepts.Wait()
	s.gate.close()
	return outcome
}

// handle serves one connection over any byte stream. When ctx ends the session has: strangers are dropped then, while a party's
// last frame is still delivered.
func (s *Server) handle(ctx context.Context, c conn, id identity.ID, addr netip.AddrPort, settle func()) {
	l := newLink(c, id, addr)
	l.settle = settle
	l.limit = &pace{every: frameEvery, burst: frameBurst}
	stop := context.AfterFunc(ctx, func() {
		if !l.finished.Load() {
			c.Close()
		}
	})
	defer stop()
	l.run(frameType.fromParty, s.session.deliver)
}

// anybody may connect: a join decides.
func anybody(identity.ID) error { return nil }

// parseSTUN reads the addresses of further STUN servers.
func parseSTUN(list []string) (addrs []netip.AddrPort, ports []uint16, err error) {
	for _, text := range list {
		port, here := strings.CutPrefix(text, ":")
		if n, err := strconv.ParseUint(port, 10, 16); here && err == nil && n > 0 {
			ports = append(ports, uint16(n))
		} else if a, err := netip.ParseAddrPort(text); err == nil && usable(a, true) {
			addrs = append(addrs, a)
		} else {
			return nil, nil, fmt.Errorf("STUN server %q: want an IP address and a port, or :port", text)
		}
	}
	if len(list) > maxAddrs {
		return nil, nil, fmt.Errorf("%d STUN servers, at most %d", len(list), maxAddrs)
	}
	return addrs, ports, nil
}
