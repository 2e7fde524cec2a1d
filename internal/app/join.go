package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
)

// AnySeat asks for any free seat.
const AnySeat = coord.AnySeat

// JoinConfig is one party of a session.
type JoinConfig struct {
	Ticket string // or, if it is empty, the next four

	NodeID identity.ID // the coordinator's key
	Addrs  []string    // its addresses, "host:port"
	Token  string      // empty for a session that needs none
	Party  int         // our seat, or AnySeat

	Key     *identity.Key
	Kept    bool // Key outlives this run
	Source  Source
	Consts  []Const // ours; Party may be left empty
	Input   InputFunc
	Outputs *[]int              // refuse any other learners (nil in it: everybody); nil accepts the choice of the host
	Expect  map[int]identity.ID // refuse other keys in these seats

	Listen         string     // our UDP socket, "host:port"
	Advertise      []string   // further addresses of ours, "host" or "host:port"
	STUN           []string   // servers besides the coordinator's, "host:port"
	Path           PathPolicy // empty: PathAuto
	ConnectTimeout time.Duration
	Patience       time.Duration
	Events         func(Event)

	version string // tests only: another version of the protocol
}

// An InputFunc delivers our private input. It is called at most once, when the program is known to want one; typ is the type.
// It may use check to let a person try again.
type InputFunc func(typ string, check func(literal string) error) (string, error)

// Join takes a seat in a session, computes the program with the other parties and returns the result. What is wrong with the
// program or the input is found before the network is touched, as far as the seat is known then. Whatever goes wrong later, the
// coordinator and the parties are told why we leave.
func Join(ctx context.Context, cfg JoinConfig) (*Result, error) {
	p := &party{cfg: cfg, events: listener(cfg.Events)}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	socket, err := mesh.Listen(cfg.Listen, cfg.Key)
	if err != nil {
		return nil, listenFailed(cfg.Listen, err)
	}
	defer socket.Close()
	for _, w := range socket.Warnings() {
		p.events(warning(w))
	}
	return p.take(ctx, socket)
}

// party is one party on its way through a session.
type party struct {
	cfg    JoinConfig
	events func(Event)

	find    coord.ClientConfig // how to find the session
	draft   *draft
	program *program // nil: waits for the constants of others
	input   []bool   // nil: not asked for yet
}

// prepare does what needs no network.
func (p *party) prepare() error {
	if err := p.invitation(); err != nil {
		return err
	}
	var err error
	if p.draft, err = check(p.cfg.Source); err != nil {
		return err
	}
	seat := p.find.Seat
	if seat >= 0 {
		p.consts(seat)
		if err := p.draft.supplies(seat, p.cfg.Consts); err != nil {
			return err
		}
	}
	if len(p.draft.needs) > 0 {
		return nil
	}
	if p.program, err = p.draft.compile(nil); err != nil {
		return err
	}
	// A seat that the program does not have is for the coordinator to refuse first.
	if seat >= 0 && seat < p.program.parties() {
		p.input, err = p.program.ourInput(seat, p.cfg.Input)
	}
	return err
}

// consts puts our seat into the names of our constants.
func (p *party) consts(seat int) {
	own := slices.Clone(p.cfg.Consts)
	for i := range own {
		if own[i].Party == "" {
			own[i].Party = partyName(seat)
		}
	}
	p.cfg.Consts = own
}

// invitation reads the ticket or the long form.
func (p *party) invitation() error {
	if p.cfg.Ticket != "" {
		ticket, err := coord.ParseTicket(p.cfg.Ticket)
		if err != nil {
			return &Error{Reason: BadTicket, Op: "reading the ticket", Err: err, Hint: "copy it again: it is one word that begins with tacit1"}
		}
		p.find.Ticket, p.find.Seat = &ticket, ticket.Seat
		return nil
	}
	p.find.Coordinator, p.find.Addrs, p.find.Seat = p.cfg.NodeID, p.cfg.Addrs, p.cfg.Party
	if p.cfg.Token != "" {
		token, err := coord.ParseToken(p.cfg.Token)
		if err != nil {
			return usage("copy it again, as pre prints it", "%w", err)
		}
		p.find.Token = &token
	}
	for _, a := range p.cfg.Addrs {
		if err := checkHostPort(a); err != nil {
			return &Error{Reason: BadAddress, Op: "reading --addrs", Err: err, Hint: "as pre prints them: --addrs='203.0.113.5:4433;[2001:db8::1]:4433'"}
		}
	}
	return nil
}

// coordinator names whom we talk to.
func (p *party) coordinator() (id identity.ID, addrs []string) {
	if p.find.Ticket != nil {
		return p.find.Ticket.Coordinator, p.find.Ticket.Addrs
	}
	return p.find.Coordinator, p.find.Addrs
}

func warning(err error) Warning {
	w := Warning{Message: err.Error()}
	if small := (*mesh.BufferWarning)(nil); errors.As(err, &small) {
		w.Hint = "large programs run faster with more: sysctl net.core.rmem_max=7340032 net.core.wmem_max=7340032"
	}
	return w
}
