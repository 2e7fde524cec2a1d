package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

func functionFlag() cli.Flag {
	return &cli.StringFlag{Name: "function", Usage: "`NAME` of the program's entry point", Value: "main", Category: catCompute}
}

// clearFlags are the flags of commands that know the inputs and constants of all parties.
func clearFlags() []cli.Flag {
	return append([]cli.Flag{
		functionFlag(), allConstsFlag(), gatesFlag(),
		&cli.StringSliceFlag{Name: "input", Usage: "a party's input as a `LITERAL`, in order, instead of INPUT arguments", Category: catCompute},
		&cli.StringSliceFlag{Name: "input-file", Usage: "a party's input is in `FILE`, in order, instead of INPUT arguments; - is standard input", Category: catCompute},
	}, valueFlags()...)
}

// evaluated is what party eval --json prints.
type evaluated struct {
	Result  string          `json:"result"`
	Literal json.RawMessage `json:"literal,omitempty"`
	Type    string          `json:"type"`
	Bits    string          `json:"bits"`
}

func (p *program) evalCommand() *cli.Command {
	return &cli.Command{
		Name: "eval", Usage: "evaluate PROGRAM in the clear: the oracle", ArgsUsage: "PROGRAM INPUT...",
		Flags: append(clearFlags(), jsonFlag()),
		Action: p.action(1, -1, func(c *call) error {
			literals, err := c.literals()
			if err != nil {
				return err
			}
			consts, err := c.consts(false)
			if err != nil {
				return err
			}
			source, err := c.source(c.args[0])
			if err != nil {
				return err
			}
			e, err := app.Eval(source, consts, literals)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return unwritten(writeJSON(c.streams.Out, evaluated{e.Value, e.Literal, e.Type, bitString(e.Bits)}))
			}
			return c.printValue(e.Value, e.Literal)
		}),
	}
}

func bitString(bits []bool) string {
	var b strings.Builder
	for _, bit := range bits {
		if bit {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// checked is what party check --json prints.
type checked struct {
	Program  string      `json:"program"`
	Parties  int         `json:"parties"`
	Inputs   []inputType `json:"inputs"`
	Type     string      `json:"type"`
	AndGates int         `json:"and_gates"`
	XorGates int         `json:"xor_gates"`
	NotGates int         `json:"not_gates"`
	Depth    int         `json:"depth"`
	Traffic  int64       `json:"traffic_bytes"`
	Memory   int64       `json:"memory_bytes"`
	Work     float64     `json:"work_seconds"`
	Send     float64     `json:"send_seconds"`
}

type inputType struct {
	Party int    `json:"party"`
	Type  string `json:"type"`
	Bits  int    `json:"bits"`
	Name  string `json:"name,omitempty"`
}

func (p *program) checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "what PROGRAM takes, gives and costs", ArgsUsage: "PROGRAM",
		Description: "What it says of traffic is what the party sends that sends most, within a fifth; memory is within a half, and time within a factor of three " +
			"on a machine that does nothing else.",
		Flags: []cli.Flag{functionFlag(), allConstsFlag(), gatesFlag(), jsonFlag()},
		Action: p.action(1, 1, func(c *call) error {
			consts, err := c.consts(false)
			if err != nil {
				return err
			}
			source, err := c.source(c.args[0])
			if err != nil {
				return err
			}
			r, err := app.Check(source, consts)
			if err != nil {
				return err
			}
			k := checked{Program: r.Program, Parties: len(r.Inputs), Type: r.Result, AndGates: r.And, XorGates: r.Xor, NotGates: r.Not,
				Depth: r.Depth, Traffic: r.Traffic, Memory: r.Memory, Work: r.Work, Send: r.Send}
			k.Inputs = inputTypes(r)
			if c.Bool("json") {
				return unwritten(writeJSON(c.streams.Out, k))
			}
			k.write(c)
			return nil
		}),
	}
}

func inputTypes(r *app.Report) []inputType {
	var list []inputType
	for i, in := range r.Inputs {
		list = append(list, inputType{i, in.Type, in.Bits, in.Name})
	}
	return list
}

func (k checked) write(c *call) {
	w := c.streams.Out
	fmt.Fprintf(w, "program: %s\n", k.Program)
	for _, in := range k.Inputs {
		width := fmt.Sprintf("%d bits", in.Bits)
		if in.Bits == 1 {
			width = "1 bit"
		}
		if in.Name == "" { // of a Bristol circuit, whose types are widths
			fmt.Fprintf(w, "party %d: %s\n", in.Party, in.Type)
		} else {
			fmt.Fprintf(w, "party %d: %s: %s (%s)\n", in.Party, in.Name, in.Type, width)
		}
	}
	fmt.Fprintf(w, "result:  %s\n", k.Type)
	fmt.Fprintf(w, "gates:   %d AND, %d XOR, %d NOT, AND depth %d\n", k.AndGates, k.XorGates, k.NotGates, k.Depth)
	if k.Parties >= 2 {
		fmt.Fprintf(w, "traffic: about %s at most sent by one party\n", bytesText(k.Traffic))
		fmt.Fprintf(w, "memory:  about %s in each party\n", bytesText(k.Memory))
		fmt.Fprintf(w, "time:    about %s of work in each party, and %s to send at 100 Mbit/s\n", seconds(k.Work), seconds(k.Send))
	}
}
