package cli

import (
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
		&cli.IntFlag{Name: "evaluator", Usage: "the party in `SEAT` evaluates", DefaultText: "0", Category: catSession},
		&cli.BoolFlag{Name: "open", Usage: "admit parties without token or ticket", Category: catSession},
		&cli.BoolFlag{Name: "serve", Usage: "after a session ends host the next, until interrupted", Category: catSession},
		&cli.DurationFlag{Name: "timeout", Usage: "seats stay open for `DURATION`", Value: 30 * time.Minute, Category: catSession},
		&cli.StringFlag{Name: "listen", Usage: "UDP `ADDR` of the coordinator; port 0 picks one", Value: ":4433", Category: catNetwork},
		&cli.StringSliceFlag{Name: "advertise", Usage: "hand out `HOST[:PORT]` as our address", Category: catNetwork},
		&cli.BoolFlag{Name: "relay", Usage: "this version has no relay: only --relay=false is taken", Category: catNetwork},
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
	if c.Bool("relay") {
		return cfg, usagef("leave it out, or say --relay=false")("--relay: this version has no relay")
	}
	cfg = app.HostConfig{
		Parties: c.Int("parties"), Evaluator: c.Int("evaluator"), Open: c.Bool("open"), Serve: c.Bool("serve"),
		Timeout: c.Duration("timeout"), Listen: c.String("listen"), Advertise: c.StringSlice("advertise"),
	}
	if cfg.Timeout <= 0 {
		return cfg, usagef("seats stay open for a while: --timeout 30m")("--timeout %s is not positive", cfg.Timeout)
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
		err = writeJSON(c.streams.Out, v)
	} else {
		var b strings.Builder
		addrs := strings.Join(i.Addrs, ";")
		fmt.Fprintf(&b, "node-id: %s\naddrs: %s\nrelay-url: none\n", i.NodeID, addrs)
		join := fmt.Sprintf("party --node-id=%s --addrs='%s' --relay-url=none", i.NodeID, addrs)
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
