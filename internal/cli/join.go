package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/app"
)

func joinFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "ticket", Usage: "`TICKET` of our seat, instead of the next five; it is a key: prefer --ticket-file or TACIT_TICKET", Category: catSession},
		&cli.StringFlag{Name: "ticket-file", Usage: "our ticket is in `FILE`; - is standard input", Category: catSession},
		&cli.StringFlag{Name: "node-id", Usage: "the coordinator's public key, 64 hex `DIGITS`", Category: catSession},
		&cli.StringFlag{Name: "addrs", Usage: "the coordinator's addresses, a `LIST` separated by ; or ,", Category: catSession},
		&cli.StringFlag{Name: "relay-url", Aliases: []string{"derp-url"}, Usage: "the relay's `URL`; for completeness: the coordinator tells it too, with credentials", Category: catSession},
		&cli.StringFlag{Name: "token", Usage: "the session's `TOKEN`; prefer --token-file or TACIT_TOKEN", Category: catSession},
		&cli.StringFlag{Name: "token-file", Usage: "the session's token is in `FILE`; - is standard input", Category: catSession},
		&cli.IntFlag{Name: "party", Usage: "take the seat `I`, counted from 0", Value: -1, DefaultText: "none", Category: catSession},
		&cli.StringFlag{Name: "outputs", Usage: "refuse the session unless exactly these learn the result: all, or a `LIST` of seats such as 0,2", Category: catSession},
	}
	flags = append(flags, programFlags()...)
	flags = append(flags, inputFlags()...)
	flags = append(flags,
		&cli.StringFlag{Name: "path", Usage: "`KIND` of path to the other parties: auto, direct or relay", Value: "auto", Category: catNetwork},
		&cli.StringSliceFlag{Name: "stun", Usage: "ask the STUN server at `HOST:PORT` too", Category: catNetwork},
		&cli.StringFlag{Name: "listen", Usage: "our UDP `ADDR`", Value: ":0", Category: catNetwork},
		&cli.StringSliceFlag{Name: "advertise", Usage: "hand out `HOST[:PORT]` as an address of ours", Category: catNetwork},
		&cli.DurationFlag{Name: "connect-timeout", Usage: "once all seats are taken, give up on a party that is not reached within `DURATION`", Value: time.Minute, Category: catNetwork},
		&cli.DurationFlag{Name: "patience", Usage: "give the run up when a path stays lost for `DURATION`", Value: time.Minute, Category: catNetwork},
		&cli.StringFlag{Name: "identity", Usage: "our key is in `FILE` (see party keygen); without it a fresh key", Category: catIdentity},
		&cli.StringSliceFlag{Name: "expect-peer", Usage: "`SEAT=KEY`: refuse anybody else in that seat", Category: catIdentity},
	)
	return append(flags, outputFlags()...)
}

// programFlags choose what is computed.
func programFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "program", Usage: "Garble source, or a Bristol Fashion circuit (.txt, .bristol), in `FILE`", Category: catCompute},
		functionFlag(),
		constFlag("`NAME=LITERAL`: a constant that our seat supplies (PARTY_0::NAME in the program is NAME of seat 0); everybody sees it"),
		gatesFlag(),
	}
}

func (p *program) join(c *call) error {
	cfg, err := c.joinConfig()
	if err != nil {
		return err
	}
	out, err := c.openOutput()
	if err != nil {
		return err
	}
	cfg.Events = out.event
	r, err := app.Join(c.Context.Context, cfg)
	if err := out.finish(err); err != nil {
		return err
	}
	return c.printResult(r)
}

// joinConfig reads the flags: first how to find the session, then what to compute.
func (c *call) joinConfig() (cfg app.JoinConfig, err error) {
	cfg = app.JoinConfig{
		Listen: c.String("listen"), Advertise: c.StringSlice("advertise"),
		ConnectTimeout: c.Duration("connect-timeout"), Patience: c.Duration("patience"),
	}
	if cfg.ConnectTimeout <= 0 || cfg.Patience <= 0 {
		return cfg, usagef("give a duration such as 60s")("--connect-timeout and --patience must be positive")
	}
	switch kind := c.String("path"); kind {
	case "auto", "direct", "relay":
		cfg.Path = app.PathPolicy(kind)
	default:
		return cfg, usagef("--path auto, --path direct or --path relay")("--path %s is no kind of path", quote(kind))
	}
	cfg.STUN = c.StringSlice("stun")
	if err := c.invitation(&cfg); err != nil {
		return cfg, err
	}
	if c.IsSet("outputs") {
		seats, err := c.outputs()
		if err != nil {
			return cfg, err
		}
		cfg.Outputs = &seats
	}
	if cfg.Consts, err = c.consts(true); err != nil {
		return cfg, err
	}
	if cfg.Expect, err = c.expectedPeers(); err != nil {
		return cfg, err
	}
	if cfg.Key, err = c.loadKey(); err != nil {
		return cfg, err
	}
	cfg.Kept = c.String("identity") != ""
	if !c.IsSet("program") {
		return cfg, &app.Error{Reason: app.NoProgram, Err: errNoProgram, Hint: "add --program FILE"}
	}
	if cfg.Source, err = c.source(c.String("program")); err != nil {
		return cfg, err
	}
	if c.String("input-file") == "-" && (c.String("ticket-file") == "-" || c.String("token-file") == "-") {
		return cfg, usagef("put one of them into a file")("standard input cannot be both our input and our ticket or token")
	}
	cfg.Input, err = c.privateInput()
	return cfg, err
}

// invitation reads how to find the session: a ticket, or the long form. What was typed wins over the environment.
func (c *call) invitation(cfg *app.JoinConfig) error {
	long := []string{"node-id", "addrs", "relay-url", "token", "token-file", "party"}
	typedLong := ""
	for _, name := range long {
		if c.typed(name) {
			typedLong = name
		}
	}
	typedTicket := c.typed("ticket") || c.typed("ticket-file")
	if typedTicket && typedLong != "" {
		return usagef("use the ticket alone: it names the coordinator, the session and the seat")("--%s and a ticket are both given", typedLong)
	}
	if typedTicket || typedLong == "" && (c.IsSet("ticket") || c.IsSet("ticket-file")) {
		ticket, err := c.secret("ticket")
		cfg.Ticket = ticket
		return err
	}
	if typedLong == "" && !c.IsSet("node-id") && !c.IsSet("addrs") {
		return usagef("add --ticket-file FILE or TACIT_TICKET, or --node-id, --addrs, --token and --party as pre prints them")("which session? there is no ticket")
	}
	return c.longForm(cfg)
}

func (c *call) longForm(cfg *app.JoinConfig) error {
	as := usagef("as pre prints it: party --node-id=... --addrs='...' --token=... --party=0")
	if !c.IsSet("node-id") || !c.IsSet("addrs") {
		return as("without a ticket, --node-id and --addrs are needed")
	}
	id, err := identity.ParseID(c.String("node-id"))
	if err != nil {
		return as("--node-id is no key: %w", err)
	}
	cfg.NodeID = id
	for _, a := range strings.FieldsFunc(c.String("addrs"), func(r rune) bool { return r == ';' || r == ',' }) {
		if a = strings.TrimSpace(a); a != "" {
			cfg.Addrs = append(cfg.Addrs, a)
		}
	}
	if len(cfg.Addrs) == 0 {
		return as("--addrs holds no address")
	}
	if url := c.String("relay-url"); url != "" && url != "none" {
		if err := app.CheckRelayURL(url); err != nil {
			return usagef("as pre prints it, or --relay-url none")("--relay-url: %w", err)
		}
	}
	if cfg.Token, err = c.secret("token"); err != nil {
		return err
	}
	if cfg.Token == "none" { // as pre --open prints it
		cfg.Token = ""
	}
	cfg.Party = app.AnySeat
	if c.IsSet("party") {
		if cfg.Party = c.Int("party"); cfg.Party < 0 || cfg.Party > 63 {
			return usagef("seats are counted from 0")("--party %d is no seat", cfg.Party)
		}
	}
	return nil
}

func (c *call) expectedPeers() (map[int]identity.ID, error) {
	expect := map[int]identity.ID{}
	bad := usagef("as in: --expect-peer 1=KEY, with the key that party id FILE prints there")
	for _, text := range c.StringSlice("expect-peer") {
		seatText, keyText, ok := strings.Cut(text, "=")
		seat, err := strconv.Atoi(seatText)
		if !ok || err != nil || seat < 0 || seat > 63 {
			return nil, bad("--expect-peer %s does not begin with a seat", quote(text))
		}
		id, err := identity.ParseID(keyText)
		if err != nil {
			return nil, bad("--expect-peer for seat %d: %w", seat, err)
		}
		if _, twice := expect[seat]; twice {
			return nil, bad("--expect-peer names seat %d twice", seat)
		}
		expect[seat] = id
	}
	return expect, nil
}
