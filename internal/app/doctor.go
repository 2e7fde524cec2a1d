package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/doctor"
	"github.com/tacit-mpc/tacit/relay"
)

// DoctorConfig says whom a party's doctor may ask. Everything may be left out.
type DoctorConfig struct {
	Ticket   string      // of our seat: it names the coordinator; it is not used up
	NodeID   identity.ID // the long form, without a ticket
	Addrs    []string
	RelayURL string // as pre prints it

	Listen string   // our UDP socket
	STUN   []string // further STUN servers, "host:port"
	TURN   []TURN   // further relays
}

// A TURN is a relay that a party may use: by the user's name and password, by a shared secret, or neither.
type TURN struct {
	URL                string
	Username, Password string
	Secret             []byte
}

// Doctor examines the network as a party meets it. The error is an *Error of Usage, of a ticket, or of our socket; what does not
// work is in the report.
func Doctor(ctx context.Context, cfg DoctorConfig) (doctor.Report, error) {
	d := doctor.PartyConfig{Listen: cfg.Listen, Coordinator: cfg.NodeID, Addrs: cfg.Addrs, RelayURL: cfg.RelayURL}
	if cfg.Ticket != "" {
		t, err := coord.ParseTicket(cfg.Ticket)
		if err != nil {
			return doctor.Report{}, &Error{Reason: BadTicket, Op: "reading the ticket", Err: err, Hint: "copy the whole ticket again, as pre printed it"}
		}
		d.Coordinator, d.Addrs = t.Coordinator, t.Addrs
	}
	if d.RelayURL != "" && d.RelayURL != "none" {
		if _, err := relay.ParseURL(d.RelayURL); err != nil {
			return doctor.Report{}, usage("as pre prints it, or --relay-url none", "--relay-url: %w", err)
		}
	}
	for _, a := range d.Addrs {
		if err := checkHostPort(a); err != nil {
			return doctor.Report{}, &Error{Reason: BadAddress, Op: "reading the coordinator's addresses", Err: err, Hint: "give HOST:PORT, as pre prints them"}
		}
	}
	var err error
	if d.STUN, err = stunServers(cfg.STUN); err != nil {
		return doctor.Report{}, err
	}
	for _, t := range cfg.TURN {
		r, err := t.relay()
		if err != nil {
			return doctor.Report{}, err
		}
		d.Relays = append(d.Relays, r)
	}
	report, err := doctor.Party(ctx, d)
	return report, doctorFailed(ctx, cfg.Listen, err)
}

// HostDoctor examines whether a host's ports can be opened and reached.
func HostDoctor(ctx context.Context, cfg doctor.HostConfig) (doctor.Report, error) {
	var err error
	if cfg.STUN, err = stunServers(cfg.STUN); err != nil {
		return doctor.Report{}, err
	}
	report, err := doctor.Host(ctx, cfg)
	return report, doctorFailed(ctx, cfg.Listen, err)
}

func doctorFailed(ctx context.Context, listen string, err error) error {
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted()
	case errors.As(err, &op):
		return listenFailed(listen, err)
	}
	return explain("examining the network", err)
}

// stunServers checks and completes addresses of STUN servers.
func stunServers(given []string) (all []string, err error) {
	for _, s := range given {
		hp, err := stunHostPort(s)
		if err != nil {
			return nil, &Error{Reason: BadAddress, Op: "reading --stun", Err: err, Hint: "give HOST:PORT, as in --stun stun.example:3478"}
		}
		all = append(all, hp)
	}
	return all, nil
}

// stunHostPort reads "HOST:PORT" or a URL of RFC 7064, whose port may be left out.
func stunHostPort(s string) (string, error) {
	if rest, ok := strings.CutPrefix(s, "stun:"); ok {
		s = rest
		if _, _, err := net.SplitHostPort(s); err != nil {
			s = net.JoinHostPort(strings.Trim(s, "[]"), "3478")
		}
	}
	return s, checkHostPort(s)
}

func (t TURN) relay() (doctor.Relay, error) {
	u, err := relay.ParseURL(t.URL)
	if err != nil {
		return doctor.Relay{}, usage("as in --turn turn:relay.example:3478", "--turn: %w", err)
	}
	r := doctor.Relay{URL: u}
	switch {
	case t.Username != "":
		r.Credentials = &relay.Credentials{Username: t.Username, Password: t.Password}
	case t.Secret != nil:
		c, err := doctor.Mint(t.Secret)
		if err != nil {
			return doctor.Relay{}, explain(fmt.Sprintf("making credentials for %v", u), err)
		}
		r.Credentials = &c
	}
	return r, nil
}
