package cli

import (
	"bytes"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
	"github.com/tacit-mpc/tacit/internal/doctor"
)

const doctorCodes = "The verdict stands first, then what was checked: ok, warn (works, with less than there could be), fail or unknown (cannot be told from here), " +
	"a stable code, what was found and what it means. What a failed check explains is left out, and is in --json. "

func (p *program) partyDoctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "examine the network: which kinds of path there are",
		Description: doctorCodes + "The verdict is \"direct likely\", \"relay only\" or \"no path\" (exit code 9), or \"unknown\" if nobody was named to ask. " +
			"A ticket is not used up: no session is joined. See docs/doctor.md.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "ticket", Usage: "ask the coordinator of `TICKET`; prefer --ticket-file or TACIT_TICKET", Category: catSession},
			&cli.StringFlag{Name: "ticket-file", Usage: "our ticket is in `FILE`; - is standard input", Category: catSession},
			&cli.StringFlag{Name: "node-id", Usage: "without a ticket: the coordinator's public key, 64 hex `DIGITS`", Category: catSession},
			&cli.StringFlag{Name: "addrs", Usage: "without a ticket: the coordinator's addresses, a `LIST` separated by ; or ,", Category: catSession},
			&cli.StringFlag{Name: "relay-url", Aliases: []string{"derp-url"}, Usage: "the coordinator's relay has this `URL`, as pre prints it; without it port 3478 is tried", Category: catSession},
			&cli.StringFlag{Name: "listen", Usage: "our UDP `ADDR`", Value: ":0", Category: catNetwork},
			stunFlag(),
			&cli.StringSliceFlag{Name: "turn", Usage: "check the TURN server at `URL` too", Category: catNetwork},
			&cli.StringSliceFlag{Name: "turn-credentials-file", Usage: "the user's name and the password for a TURN server are the two lines of `FILE`; one for each --turn, in order", Category: catNetwork},
			&cli.StringSliceFlag{Name: "turn-secret-file", Usage: "instead: the secret shared with a TURN server is in `FILE`; one for each --turn, in order", Category: catNetwork},
			jsonFlag(),
		},
		Action: p.action(0, 0, func(c *call) error {
			cfg, err := c.doctorConfig()
			if err != nil {
				return err
			}
			c.examining()
			r, err := app.Doctor(c.Context.Context, cfg)
			if err != nil {
				return err
			}
			return c.printReport(r)
		}),
	}
}

func (p *program) preDoctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "examine whether our ports can be opened and reached",
		Description: doctorCodes + "The verdict is \"reachable likely\", \"local only\" or \"no path\" (exit code 9: a port cannot be opened). " +
			"Whether a firewall before this machine lets parties in is seen only from outside: party doctor, there. See docs/doctor.md.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "UDP and TCP `ADDR` of the coordinator", Value: ":4433", Category: catNetwork},
			&cli.BoolFlag{Name: "relay", Usage: "there is to be a relay", Value: true, Category: catNetwork},
			&cli.StringFlag{Name: "relay-listen", Usage: "UDP and TCP `ADDR` of the relay", Value: ":3478", Category: catNetwork},
			stunFlag(),
			jsonFlag(),
		},
		Action: p.action(0, 0, func(c *call) error {
			cfg := doctor.HostConfig{Listen: c.String("listen"), STUN: c.StringSlice("stun")}
			if c.Bool("relay") {
				cfg.RelayListen = c.String("relay-listen")
			}
			c.examining()
			r, err := app.HostDoctor(c.Context.Context, cfg)
			if err != nil {
				return err
			}
			return c.printReport(r)
		}),
	}
}

func stunFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "stun", Usage: "ask the STUN server at `HOST:PORT` too", Category: catNetwork}
}

// examining says what takes so long.
func (c *call) examining() {
	fmt.Fprintf(c.streams.Err, "%s: asking servers, relays and the router; takes up to 20s\n", c.App.Name)
}

func (c *call) doctorConfig() (app.DoctorConfig, error) {
	cfg := app.DoctorConfig{Listen: c.String("listen"), STUN: c.StringSlice("stun"), RelayURL: c.String("relay-url")}
	var err error
	ticket, long := c.IsSet("ticket") || c.IsSet("ticket-file"), c.IsSet("node-id") || c.IsSet("addrs")
	typedTicket, typedLong := c.typed("ticket") || c.typed("ticket-file"), c.typed("node-id") || c.typed("addrs")
	switch {
	case typedTicket && typedLong:
		return cfg, usagef("use the ticket alone: it names the coordinator")("a ticket and --node-id or --addrs are both given")
	case long && (typedLong || !ticket):
		var join app.JoinConfig
		err = c.longForm(&join)
		cfg.NodeID, cfg.Addrs = join.NodeID, join.Addrs
	case ticket:
		cfg.Ticket, err = c.secret("ticket")
	case cfg.RelayURL != "":
		err = usagef("check a relay by itself with: --turn %s", shellQuote(cfg.RelayURL))("--relay-url is the relay of a coordinator, and none is named")
	}
	if err != nil {
		return cfg, err
	}
	cfg.TURN, err = c.turns()
	return cfg, err
}

// turns reads the further relays.
func (c *call) turns() ([]app.TURN, error) {
	urls, credentials, secrets := c.StringSlice("turn"), c.StringSlice("turn-credentials-file"), c.StringSlice("turn-secret-file")
	bad := usagef("give one --turn-credentials-file, or one --turn-secret-file, for each --turn; or none, to ask only whether it answers")
	if len(credentials) > 0 && len(secrets) > 0 {
		return nil, bad("--turn-credentials-file and --turn-secret-file are both given")
	}
	if n := len(credentials) + len(secrets); n > 0 && n != len(urls) {
		return nil, bad("%d --turn and %d files for them", len(urls), n)
	}
	all := make([]app.TURN, len(urls))
	for i, u := range urls {
		all[i].URL = u
		if len(credentials) == 0 && len(secrets) == 0 {
			continue
		}
		name := append(credentials, secrets...)[i]
		text, err := c.readAll(name, maxSecret)
		if err != nil {
			return nil, &app.Error{Reason: app.BadFile, Op: "reading what opens " + u, Err: err, Hint: "name a file that can be read"}
		}
		text = bytes.TrimSpace(text)
		if len(secrets) > 0 {
			all[i].Secret = text
			continue
		}
		user, password, ok := bytes.Cut(text, []byte("\n"))
		if user = bytes.TrimSpace(user); !ok || len(user) == 0 || bytes.ContainsRune(password, '\n') {
			return nil, bad("%s does not hold two lines: the user's name and the password", name)
		}
		all[i].Username, all[i].Password = string(user), string(bytes.TrimSpace(password))
	}
	return all, nil
}

// A noPath ends a command whose report says that there is no path: everything has been said, on stdout.
type noPath struct{}

func (noPath) Error() string { return "no path" }

func (c *call) printReport(r doctor.Report) error {
	var err error
	if c.Bool("json") {
		err = writeJSON(c.streams.Out, r)
	} else {
		_, err = fmt.Fprint(c.streams.Out, sentence(r.String()))
	}
	if err == nil && r.Verdict == doctor.NoPath {
		return noPath{}
	}
	return unwritten(err)
}
