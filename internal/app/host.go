package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/stunconn"
)

// HostConfig is a session to host.
type HostConfig struct {
	Parties   int
	Program   *Source // pinned: parties with another program are refused; nil if they must only agree
	Outputs   []int   // who learns the result; nil means everybody
	Evaluator int
	Open      bool          // admit parties without token or ticket
	Serve     bool          // host the next session when one has ended
	Timeout   time.Duration // how long seats stay open

	Listen    string   // UDP address, "host:port"
	Advertise []string // addresses to hand out, "host" or "host:port"; empty: those of the machine
	Relay     RelayConfig
	State     string // file that lets a restarted host go on with its session; empty: none
	Key       *identity.Key
	Ready     func(Invitation) error // called when a session is open; an error ends the hosting
	Events    func(Event)
}

// An Invitation is what the parties of a session need. It holds secrets.
type Invitation struct {
	Session string
	NodeID  string
	Addrs   []string
	Relay   string // URL of the embedded relay; empty if there is none
	Token   string // empty if the session is open to all
	Tickets []string
}

// Host hosts a session, or with Serve one after the other. It returns when the (last) session has ended, with an *Error unless
// that was well.
func Host(ctx context.Context, cfg HostConfig) error {
	if cfg.Parties < coord.MinSeats || cfg.Parties > coord.MaxSeats {
		return usage(fmt.Sprintf("a session has %d to %d parties", coord.MinSeats, coord.MaxSeats), "a session of %d parties cannot be", cfg.Parties)
	}
	if err := checkSeats(cfg.Parties, cfg.Evaluator, cfg.Outputs); err != nil {
		return err
	}
	h := &host{cfg: cfg, events: listener(cfg.Events)}
	if cfg.Program != nil {
		d, err := check(*cfg.Program)
		if err != nil {
			return err
		}
		if err := d.checkParties(cfg.Parties); err != nil {
			return err
		}
		h.require = []coord.Field{{Name: fieldProgram, Value: cfg.Program.Hash()}}
	}
	socket, tcp, err := listenBoth(cfg.Listen)
	if err != nil {
		return listenFailed(cfg.Listen, err)
	}
	defer socket.Close()
	port := coord.OpenPort(tcp, cfg.Key) // coordination over TLS, and TURN over TLS
	defer port.Close()
	if h.addrs, err = coordinatorAddrs(socket.LocalAddr().(*net.UDPAddr).AddrPort(), cfg.Advertise); err != nil {
		return err
	}
	if err := h.openRelay(port); err != nil {
		return err
	}
	if h.relay != nil {
		defer h.relay.server.Close()
	}
	// With the key kept, parties notice a restart at once: from resets, which want room in the packets that they answer.
	reset := quic.StatelessResetKey(cfg.Key.Derive("quic stateless reset"))
	transport := &quic.Transport{Conn: stunconn.New(socket), StatelessResetKey: &reset, ConnectionIDLength: 16}
	defer transport.Close()
	for {
		err := h.session(ctx, transport, port)
		if ctx.Err() != nil {
			return errInterrupted()
		}
		if known := (*Error)(nil); !cfg.Serve || errors.As(err, &known) && (known.Reason == Bug || known.Reason == BadFile) {
			return err
		}
	}
}

// host hosts sessions, one after the other.
type host struct {
	cfg     HostConfig
	events  func(Event)
	addrs   []string
	require []coord.Field
	relay   *hostRelay // nil: none

	mu   sync.Mutex
	room string // the relay's room of the session of now
}

// session hosts one session to its end.
func (h *host) session(ctx context.Context, transport *quic.Transport, port *coord.Port) error {
	free := make(map[int]bool, h.cfg.Parties)
	for i := range h.cfg.Parties {
		free[i] = true
	}
	until := time.Now().Add(h.cfg.Timeout)
	cfg := coord.ServerConfig{
		Key: h.cfg.Key, Seats: h.cfg.Parties, Evaluator: h.cfg.Evaluator, Outputs: h.cfg.Outputs, Open: h.cfg.Open,
		Require: h.require, Timeout: h.cfg.Timeout, Relays: h.offers, STUN: h.stunPorts(),
		Events: func(e coord.Event) { h.event(e, free, until) },
	}
	if h.cfg.State != "" {
		cfg.State = coord.StateFile(h.cfg.State)
	}
	server, err := coord.NewServer(cfg)
	if err != nil {
		return explain("opening a session", err)
	}
	closes, resumed := server.Resumed()
	if !closes.IsZero() {
		until = closes
	}
	invitation, err := h.invite(server)
	if err != nil {
		return err
	}
	h.setRoom(invitation.Session)
	if h.relay != nil {
		defer h.relay.server.CloseRoom(invitation.Session)
	}
	h.events(Listening{Session: invitation.Session, NodeID: invitation.NodeID, Addrs: h.addrs, Parties: h.cfg.Parties, Until: until, Resumed: resumed})
	if !resumed || !closes.IsZero() { // else no seat is free
		h.events(Waiting{Parties: seats(free), Until: until})
	}
	if h.cfg.Ready != nil {
		if err := h.cfg.Ready(invitation); err != nil {
			return err
		}
	}
	err = explain("hosting session "+invitation.Session, server.Serve(ctx, transport, port))
	ended := Ended{Session: invitation.Session}
	if known := (*Error)(nil); errors.As(err, &known) {
		ended.Reason, ended.Why = known.Reason, known.Err.Error()
	}
	h.events(ended)
	return err
}

// invite makes what the parties need.
func (h *host) invite(server *coord.Server) (Invitation, error) {
	i := Invitation{Session: server.Session().String(), NodeID: h.cfg.Key.ID().String(), Addrs: h.addrs, Relay: h.relay.url()}
	if !h.cfg.Open {
		i.Token = server.Token().Text()
	}
	for seat := range h.cfg.Parties {
		ticket, err := server.Ticket(seat, h.addrs)
		if err != nil {
			return i, explain("making the tickets", err)
		}
		word, err := ticket.Encode()
		if err != nil {
			return i, &Error{Reason: BadAddress, Op: "making the tickets", Err: err, Hint: "name an address that parties can use: --advertise HOST"}
		}
		i.Tickets = append(i.Tickets, word)
	}
	return i, nil
}

// event passes on what happened to a seat, and whom the session still waits for.
func (h *host) event(e coord.Event, free map[int]bool, until time.Time) {
	h.events(partyState(e))
	before := len(free)
	if e.State == coord.Empty {
		free[e.Seat] = true
	} else {
		delete(free, e.Seat)
	}
	if len(free) != before {
		h.events(Waiting{Parties: seats(free), Until: until})
	}
}

// seats is a list even if it is empty: events say [], not null.
func seats(set map[int]bool) []int {
	list := slices.AppendSeq(make([]int, 0, len(set)), maps.Keys(set))
	slices.Sort(list)
	return list
}

// partyState is an event of the coordinator in our words.
func partyState(e coord.Event) PartyState {
	s := PartyState{Party: e.Seat, State: e.State.String(), Why: e.Reason}
	if !e.Key.IsZero() {
		s.Key = e.Key.String()
	}
	return s
}
