package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

func (p *program) localCommand() *cli.Command {
	return &cli.Command{
		Name: "local", Usage: "run all parties of PROGRAM in this process, with the real protocol", ArgsUsage: "PROGRAM INPUT...",
		Flags: append(append(clearFlags(),
			&cli.StringFlag{Name: "outputs", Usage: "who learns the result: all, or a `LIST` of seats such as 0,2", Value: "all", Category: catCompute},
			&cli.IntFlag{Name: "evaluator", Usage: "the party in `SEAT` evaluates", DefaultText: "seat 0", Category: catCompute},
		), outputFlags()...),
		Action: p.action(1, -1, p.local),
	}
}

func (p *program) local(c *call) error {
	cfg := app.LocalConfig{Evaluator: c.Int("evaluator")}
	var err error
	if cfg.Inputs, err = c.literals(); err != nil {
		return err
	}
	if cfg.Outputs, err = c.outputs(); err != nil {
		return err
	}
	if cfg.Consts, err = c.consts(false); err != nil {
		return err
	}
	if cfg.Source, err = c.source(c.args[0]); err != nil {
		return err
	}
	out, err := c.openOutput()
	if err != nil {
		return err
	}
	cfg.Events = out.event
	r, err := app.Local(c.Context.Context, cfg)
	if err := out.finish(err); err != nil {
		return err
	}
	return c.printResult(r)
}
