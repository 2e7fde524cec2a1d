package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// compiled is what party compile --json prints.
type compiled struct {
	Program  string      `json:"program"`
	File     string      `json:"file"`
	Format   string      `json:"format"`
	BitOrder string      `json:"bit_order"`
	Parties  int         `json:"parties"`
	Inputs   []inputType `json:"inputs"`
	Type     string      `json:"type"`
	AndGates int         `json:"and_gates"`
	CanPanic bool        `json:"can_panic"`
}

func (p *program) compileCommand() *cli.Command {
	return &cli.Command{
		Name: "compile", Usage: "write the Garble program PROGRAM as a Bristol circuit", ArgsUsage: "PROGRAM",
		Description: "The circuit has one input value for each party and the result as its only output value. Whoever evaluates it cannot tell a result from a panic. " +
			"Without --bit-order the file means the same when it is read back as a program: the least significant bit first in Bristol Fashion, the most significant in the old format. " +
			"With one program, flags may stand behind it, too.",
		Flags: []cli.Flag{
			functionFlag(), allConstsFlag(), gatesFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`; - is standard output, the default if that is no terminal", Category: catOutput},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the file: fashion, or old (two parties at most)", Value: "fashion", Category: catOutput},
			&cli.StringFlag{Name: "bit-order", Usage: "`ORDER` of the bits of a value: lsb or msb, the first bit of the file", DefaultText: "lsb, msb for old", Category: catOutput},
			jsonFlag(),
		},
		Action: p.action(1, 1, p.compile),
	}
}

func (p *program) compile(c *call) error {
	cfg, err := c.exportConfig()
	if err != nil {
		return err
	}
	name := c.String("output")
	if err := c.checkTarget(name, cfg.Source.Name); err != nil {
		return err
	}
	e, err := app.Compile(cfg)
	if err != nil {
		return err
	}
	if err := c.export(e, name); err != nil {
		return err
	}
	if e.Panics {
		fmt.Fprintf(c.streams.Err, "%s: warning: the program can panic, and the circuit cannot say so: its result is then meaningless\n", p.root.Name)
	}
	if ext := strings.ToLower(filepath.Ext(name)); name != "" && name != "-" && ext != ".txt" && ext != ".bristol" {
		fmt.Fprintf(c.streams.Err, "%s: warning: party takes only files named .txt and .bristol for circuits\n", p.root.Name)
	}
	if !c.Bool("json") {
		return nil
	}
	k := compiled{Program: e.Program, File: name, Format: c.String("format"), BitOrder: string(cfg.Order), Parties: len(e.Inputs), Inputs: inputTypes(e.Report),
		Type: e.Result, AndGates: e.And, CanPanic: e.Panics}
	return unwritten(writeJSON(c.streams.Out, k))
}

func (c *call) exportConfig() (cfg app.ExportConfig, err error) {
	switch format := c.String("format"); format {
	case "fashion":
		cfg.Order = app.LSBFirst
	case "old":
		cfg.Old, cfg.Order = true, app.MSBFirst
	default:
		return cfg, usagef("--format fashion or --format old")("--format %s is none", quote(format))
	}
	switch order := app.BitOrder(c.String("bit-order")); order {
	case "":
	case app.LSBFirst, app.MSBFirst:
		cfg.Order = order
	default:
		return cfg, usagef("--bit-order lsb or --bit-order msb")("--bit-order %s is none", quote(string(order)))
	}
	if cfg.Consts, err = c.consts(false); err != nil {
		return cfg, err
	}
	cfg.Source, err = c.source(c.args[0])
	return cfg, err
}

// checkTarget refuses to flood a terminal, to mix the circuit with the object of --json, and to overwrite the program.
func (c *call) checkTarget(name, program string) error {
	hint := usagef("name a file: --output FILE")
	if name == "" || name == "-" {
		_, tty := terminal(c.streams.Out)
		switch {
		case c.Bool("json"):
			return hint("standard output cannot hold both the circuit and the object of --json")
		case name == "" && tty:
			return hint("a circuit is not for a terminal (--output - writes it there all the same)")
		}
		return nil
	}
	from, err := os.Stat(program)
	if to, err2 := os.Stat(name); err == nil && err2 == nil && os.SameFile(from, to) {
		return hint("%s would overwrite the program", quote(name))
	}
	return nil
}

// export writes the circuit. What was written of a file when that fails is removed.
func (c *call) export(e *app.Export, name string) error {
	if name == "" || name == "-" {
		return e.Write(c.streams.Out)
	}
	unwritable := func(err error) error {
		return &app.Error{Reason: app.BadFile, Op: "writing the circuit", Err: err, Hint: "name a file that can be written: --output FILE"}
	}
	f, err := os.Create(name)
	if err != nil {
		return unwritable(err)
	}
	err = e.Write(f)
	if closed := f.Close(); err == nil && closed != nil {
		err = unwritable(closed)
	}
	if info, statErr := os.Stat(name); err != nil && statErr == nil && info.Mode().IsRegular() {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// flagsFirst puts the flags of party compile, which people write behind its program (compile prog.gb -o FILE), where the library
// wants them. It takes one argument, so that nothing there is ambiguous.
func (p *program) flagsFirst(args []string) []string {
	if len(args) < 2 || args[1] != "compile" {
		return args
	}
	command := p.root.Command("compile")
	if command == nil {
		return args
	}
	flags, others := args[:2:2], []string(nil)
	for rest := args[2:]; len(rest) > 0; {
		word := rest[0]
		rest = rest[1:]
		switch {
		case word == "--":
			return append(append(flags, others...), append([]string{word}, rest...)...)
		case !looksLikeFlag(word):
			others = append(others, word)
			continue
		}
		flags = append(flags, word)
		name := strings.TrimLeft(word, "-")
		if !strings.Contains(name, "=") && valueFlag(command.Flags, name) != nil {
			if len(rest) == 0 {
				return flags // which tells that the value is missing
			}
			flags, rest = append(flags, rest[0]), rest[1:]
		}
	}
	return append(flags, others...)
}
