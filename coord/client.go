package coord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// ClientConfig says which session to join, and as whom. Key is required, and either Ticket or Coordinator and Addrs.
type ClientConfig struct {
	Key    *identity.Key
	Kept   bool // Key outlives this process, so the seat can wait for us if we leave before the start
	Ticket *Ticket

	// The long form, without a ticket.
	Coordinator identity.ID
	Addrs       []string // "host:port"
	Token       *Secret  // nil for an open session
	Seat        int      // AnySeat if it does not matter

	Name       string              // shown to the others; may be empty
	Fields     []Field             // what all parties must agree on: version, program, parameters
	Parties    int                 // refuse the session unless it has as many seats; 0 means any
	Outputs    []int               // refuse the session unless exactly these seats learn the result; nil means any
	Consts     []Field             // the constants that we supply
	Candidates []netip.AddrPort    // where peers may reach us; loopback is handed out only if the coordinator is reached over it
	Expect     map[int]identity.ID // refuse the roster unless these seats have these keys
	PunchKey   [32]byte            // our X25519 public key for pings, fresh in every session: Member.PunchKey for the others
	Rand       io.Reader           // nil means crypto/rand

	// Events, if not nil, is called for everything that changes, in order, by one goroutine, which waits for it. It must not
	// call methods of the Client that wait.
	Events func(Event)
	// Peers, if not nil, is called by the same goroutine with what is needed to reach the other parties, once the roster is known.
	// For each party the latest counts. Addresses that nobody may be sent to have been taken out. It may call Announce, Repunch
	// and Trouble.
	Peers func(PeerUpdate)
	// Offered, if not nil, is called by the same goroutine when Offers has changed.
	Offered func()

	// DialTCP connects to a coordinator that does not answer over UDP; nil means net.Dialer.
	DialTCP func(ctx context.Context, addr string) (net.Conn, error)
	// Patience is how long a lost coordinator that keeps its state is waited for before the start; 0 means a minute. Afterwards
	// the run does not need it, and it is looked for until Leave.
	Patience time.Duration
}

func (cfg *ClientConfig) addrs() []string {
	if cfg.Ticket != nil {
		return cfg.Ticket.Addrs
	}
	return cfg.Addrs
}

// A Client is a party's membership in a session: Join, Roster, Ready, then Leave. It survives a lost connection to the
// coordinator if that comes back in time, before the start; from the start on it goes on trying, and the run does not need it.
// Methods may be called concurrently.
type Client struct {
	cfg         ClientConfig
	connect     connector
	coordinator identity.ID
	addrs       []string // of the coordinator
	hello       join
	nonce       [32]byte
	cancel      context.CancelFunc

	in      chan delivery
	dialed  chan dialed
	readies chan []Field
	byes    chan bye
	outbox  *outbox
	news    news

	welcomed chan struct{} // closed when welcome is valid
	welcome  welcome
	sealed   chan struct{} // closed when roster is valid
	roster   *Roster
	started  chan struct{} // closed at the start
	done     chan struct{} // closed when the client has ended and err is valid
	err      error         // why, never nil then
	leave    sync.Once
}

// A connector opens a connection to the coordinator, and says where to.
type connector func(context.Context) (conn, netip.AddrPort, error)

// Join asks the coordinator for a seat and returns when it has one. ctx bounds that alone; the Client lives until Leave or
// Close. The error is or wraps an *UnreachableError, an *identity.KeyError if the coordinator has another key, a Refusal, a
// *MismatchError, or how the session ended meanwhile: *PartyError, *EmptyError.
func Join(ctx context.Context, dialer Dialer, cfg ClientConfig) (*Client, error) {
	coordinator, addrs := cfg.Coordinator, cfg.addrs()
	if cfg.Ticket != nil {
		coordinator = cfg.Ticket.Coordinator
	}
	r := reacher{dialer, cfg.DialTCP, cfg.Key, coordinator}
	if len(addrs) == 0 {
		return nil, errors.New("join session: no address of the coordinator")
	}
	return joinOver(ctx, cfg, coordinator, func(ctx context.Context) (conn, netip.AddrPort, error) {
		c, err := r.reach(ctx, addrs)
		return c.conn, c.addr, err
	})
}

func joinOver(ctx context.Context, cfg ClientConfig, coordinator identity.ID, connect connector) (*Client, error) {
	hello, err := newJoin(cfg)
	if err != nil {
		return nil, fmt.Errorf("join session: %w", err)
	}
	c := &Client{cfg: cfg, connect: connect, coordinator: coordinator, addrs: cfg.addrs(), hello: hello,
		in: make(chan delivery), dialed: make(chan dialed), readies: make(chan []Field), byes: make(chan bye), outbox: newOutbox(),
		welcomed: make(chan struct{}), sealed: make(chan struct{}), started: make(chan struct{}), done: make(chan struct{})}
	if _, err := io.ReadFull(orCryptoRand(cfg.Rand), c.nonce[:]); err != nil {
		return nil, fmt.Errorf("join session: %w", err)
	}
	c.hello.commitment = commitmentTo(cfg.Key.ID(), c.nonce)
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	go c.run(life)
	select {
	case <-c.welcomed:
		return c, nil
	case <-c.done:
		return nil, fmt.Errorf("join session: %w", c.err)
	case <-ctx.Done():
		c.Close()
		return nil, fmt.Errorf("join session: %w", context.Cause(ctx))
	}
}

// newJoin checks the configuration by writing and reading it, so that the coordinator will not find fault with it.
func newJoin(cfg ClientConfig) (join, error) {
	if cfg.Key == nil {
		return join{}, errors.New("no key")
	}
	j := join{seat: cfg.Seat, kept: cfg.Kept, name: cfg.Name, fields: cfg.Fields, consts: cfg.Consts, addrs: cfg.Candidates,
		punchKey: cfg.PunchKey, parties: cfg.Parties}
	switch {
	case cfg.Ticket != nil:
		j.by, j.session, j.seat, j.secret.b = byTicket, cfg.Ticket.Session, cfg.Ticket.Seat, cfg.Ticket.Secret.b
	case cfg.Token != nil:
		j.by, j.secret.b = byToken, cfg.Token.b
	}
	if j.seat < AnySeat || j.seat >= MaxSeats {
		return join{}, refuse(ErrSeatRange, "seat %d", j.seat)
	}
	if j.parties < 0 || j.parties > MaxSeats {
		return join{}, refuse(ErrParties, "no session has %d parties", j.parties)
	}
	if cfg.Outputs != nil {
		j.outputs = append([]int{}, cfg.Outputs...)
		slices.Sort(j.outputs)
		if n := len(j.outputs); n > 0 && (j.outputs[0] < 0 || j.outputs[n-1] >= MaxSeats || len(slices.Compact(slices.Clone(j.outputs))) < n) {
			return join{}, fmt.Errorf("outputs %v: want different seats of 0 to %d", cfg.Outputs, MaxSeats-1)
		}
	}
	if len(j.addrs) > maxAddrs {
		j.addrs = j.addrs[:maxAddrs]
	}
	frame, err := encode(j)
	if err != nil {
		return join{}, err
	}
	if _, err := decode(frameJoin, frame[frameHeader:]); err != nil {
		return join{}, fmt.Errorf("name, fields, constants or addresses are too long, given twice or not printable: %w", err)
	}
	return j, nil
}

// Seat is the seat that the coordinator gave us.
func (c *Client) Seat() int { return c.welcome.seat }

// Seats is the number of parties of the session.
func (c *Client) Seats() int { return c.welcome.seats }

// Session is the ID of the session.
func (c *Client) Session() SessionID { return c.welcome.session }

// Observed is our address as the coordinator saw it when we joined: that of our UDP socket, unless Transport is TLS.
func (c *Client) Observed() netip.AddrPort { return c.welcome.observed }

// Roster waits until all seats are taken, everybody holds the same roster and the nonces are open, and returns it checked:
// ours in it what we said, the fields equal to ours, expected keys in their seats. It belongs to the Client and is not to be
// changed. The error is as for Join, or ErrInconsistent, ErrLost, ErrClosed.
func (c *Client) Roster(ctx context.Context) (*Roster, error) {
	if err := c.wait(ctx, c.sealed); err != nil {
		return nil, fmt.Errorf("wait for the roster: %w", err)
	}
	return c.roster, nil
}

// Ready says that we are connected to all others and have these further fields to agree on, for example the digest of the
// compiled circuit, and waits until all are ready: the start. Only the first call counts. Errors are as for Roster.
func (c *Client) Ready(ctx context.Context, fields []Field) error {
	frame, err := encode(ready{fields})
	if err == nil {
		_, err = decode(frameReady, frame[frameHeader:])
	}
	if err != nil {
		return fmt.Errorf("get ready: %w", err)
	}
	select {
	case c.readies <- fields:
		err = c.wait(ctx, c.started)
	case <-c.done:
		err = c.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("wait for the start: %w", err)
	}
	return nil
}

func (c *Client) wait(ctx context.Context, reached <-chan struct{}) error {
	select {
	case <-reached:
		return nil
	default:
	}
	select {
	case <-reached:
		return nil
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave says goodbye and waits, not for long, until the coordinator has heard it: with NoCause we are done well, which is
// possible after the start only; otherwise everybody is told cause and reason. Unprintable characters of the reason become
// spaces, and a long one is cut; with ProtocolAbort it must not say which check failed. Only the first Leave or Close counts.
func (c *Client) Leave(cause Cause, reason string) {
	c.leave.Do(func() {
		select {
		case c.byes <- bye{cause, clean(reason, maxReason)}:
		case <-c.done:
		}
	})
	<-c.done
	c.cancel()
}

// Close is Leave for one who was interrupted, and does nothing after Leave.
func (c *Client) Close() error {
	c.Leave(Interrupted, "it left")
	return nil
}
