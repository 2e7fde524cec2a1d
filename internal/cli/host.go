package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

func hostFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.IntFlag{Name: "parties", Usage: "`N` seats, 2 to 64; required", Category: catSession},
		&cli.StringFlag{Name: "program", Usage: "pin the program in `FILE`: a party with another one is refused", Category: catSession},
		&cli.StringFlag{Name: "outputs", Usage: "who learns the result: all, or a `LIST` of seats such as 0,2", Value: "all", Category: catSession},
		&cli.IntFlag{Name: "evaluator", Usage: "the party in `SEAT` evaluates", DefaultText: "seat 0", Category: catSession},
		&cli.BoolFlag{Name: "open", Usage: "admit parties without token or ticket", Category: catSession},
		&cli.BoolFlag{Name: "serve", Usage: "after a session ends host the next, until interrupted", Category: catSession},
		&cli.DurationFlag{Name: "timeout", Usage: "seats stay open for `DURATION`", Value: 30 * time.Minute, Category: catSession},
		&cli.StringFlag{Name: "listen", Usage: "UDP `ADDR` of the coordinator; port 0 picks one", Value: ":4433", Category: catNetwork},
		&cli.StringSliceFlag{Name: "advertise", Usage: "hand out `HOST[:PORT]` as our address", Category: catNetwork},
		&cli.BoolFlag{Name: "relay", Usage: "run a TURN relay for parties that find no direct path; --relay=false for none", Value: true, Category: catNetwork},
		&cli.StringFlag{Name: "relay-listen", Usage: "UDP and TCP `ADDR` of the relay; port 0 picks one", Value: ":3478", Category: catNetwork},
		&cli.BoolFlag{Name: "relay-private", Usage: "let the relay reach private and loopback addresses of parties (by itself if every address we hand out is such)", Category: catNetwork},
		&cli.StringSliceFlag{Name: "turn", Usage: "offer the parties the TURN server at `URL` too, such as coturn", Category: catNetwork},
		&cli.StringSliceFlag{Name: "turn-secret-file", Usage: "the secret shared with the TURN server is in `FILE`; one for each --turn, in order", Category: catNetwork},
		&cli.StringFlag{Name: "state", Usage: "keep the session in `FILE`, so that a restarted pre with the same --identity and --listen goes on with it", Category: catSession},
		&cli.StringFlag{Name: "identity", Usage: "keep the coordinator's key in `FILE` (see party keygen); without it a fresh key", Category: catIdentity},
		&cli.BoolFlag{Name: "qr", Usage: "draw each ticket as a QR code on stderr", Category: catOutput},
	}, outputFlags()...)
}

func (p *program) host(c *call) error {
	cfg, err := c.hostConfig()
	if err != nil {
		return err
	}
	out, err := c.openOutput()
	if err != nil {
		return err
	}
	cfg.Events = out.event
	cfg.Ready = func(i app.Invitation) error { return c.printInvitation(i, out) }
	return out.finish(app.Host(c.Context.Context, cfg))
}

func (c *call) hostConfig() (cfg app.HostConfig, err error) {
	if !c.IsSet("parties") {
		return cfg, usagef("run: pre --parties=3")("how many parties? --parties is missing")
	}
	cfg = app.HostConfig{
		Parties: c.Int("parties"), Evaluator: c.Int("evaluator"), Open: c.Bool("open"), Serve: c.Bool("serve"),
		Timeout: c.Duration("timeout"), Listen: c.String("listen"), Advertise: c.StringSlice("advertise"),
	}
	if cfg.Timeout <= 0 {
		return cfg, usagef("seats stay open for a while: --timeout 30m")("--timeout %s is not positive", cfg.Timeout)
	}
	if cfg.Relay, err = c.relays(); err != nil {
		return cfg, err
	}
	cfg.State = c.String("state")
	if cfg.State != "" && c.String("identity") == "" {
		return cfg, usagef("make one: party keygen FILE, and say --identity FILE")("--state needs --identity: parties know the coordinator by its key")
	}
	if cfg.Outputs, err = c.outputs(); err != nil {
		return cfg, err
	}
	if name := c.String("program"); name != "" {
		source, err := app.ReadSource(name, "")
		if err != nil {
			return cfg, err
		}
		cfg.Program = &source
	}
	cfg.Key, err = c.loadKey()
	return cfg, err
}

// relays reads what relays the parties are offered.
func (c *call) relays() (cfg app.RelayConfig, err error) {
	cfg = app.RelayConfig{Off: !c.Bool("relay"), Listen: c.String("relay-listen"), Private: c.Bool("relay-private")}
	urls, files := c.StringSlice("turn"), c.StringSlice("turn-secret-file")
	if len(urls) != len(files) {
		return cfg, usagef("give one --turn-secret-file for each --turn")("%d --turn and %d --turn-secret-file", len(urls), len(files))
	}
	for i, u := range urls {
		if err := app.CheckRelayURL(u); err != nil {
			return cfg, usagef("as in --turn turn:relay.example:3478")("--turn: %w", err)
		}
		secret, err := c.readAll(files[i], maxSecret)
		if err != nil {
			return cfg, &app.Error{Reason: app.BadFile, Op: "reading the secret of " + u, Err: err, Hint: "name a file that can be read: --turn-secret-file FILE"}
		}
		cfg.External = append(cfg.External, app.ExternalRelay{URL: u, Secret: bytes.TrimSpace(secret)})
	}
	return cfg, nil
}

// invitation is what pre --json prints: one line for each session.
type invitation struct {
	Session  string   `json:"session"`
	NodeID   string   `json:"node_id"`
	Addrs    []string `json:"addrs"`
	RelayURL *string  `json:"relay_url"`
	Token    *string  `json:"token"`
	Tickets  []string `json:"tickets"`
}

// printInvitation prints what the parties of a session need. It is the answer of pre, so it goes to stdout.
func (c *call) printInvitation(i app.Invitation, out *output) (err error) {
	if c.Bool("json") {
		v := invitation{Session: i.Session, NodeID: i.NodeID, Addrs: i.Addrs, Tickets: i.Tickets}
		if i.Token != "" {
			v.Token = &i.Token
		}
		if i.Relay != "" {
			v.RelayURL = &i.Relay
		}
		err = writeJSON(c.streams.Out, v)
	} else {
		var b strings.Builder
		addrs := strings.Join(i.Addrs, ";")
		relay := cmp.Or(i.Relay, "none")
		fmt.Fprintf(&b, "node-id: %s\naddrs: %s\nrelay-url: %s\n", i.NodeID, addrs, relay)
		join := fmt.Sprintf("party --node-id=%s --addrs='%s' --relay-url=%s", i.NodeID, addrs, relay)
		token := "none"
		if i.Token != "" {
			token = i.Token
			join += " --token=" + i.Token
		}
		fmt.Fprintf(&b, "token: %s\n", token)
		for seat, ticket := range i.Tickets {
			fmt.Fprintf(&b, "ticket %d: %s\n", seat, ticket)
		}
		fmt.Fprintf(&b, "join: %s\n", join)
		_, err = fmt.Fprint(c.streams.Out, b.String())
	}
	if c.Bool("qr") {
		for seat, ticket := range i.Tickets {
			out.screen.picture(fmt.Sprintf("ticket %d", seat), drawQR(ticket))
		}
	}
	return unwritten(err)
}
