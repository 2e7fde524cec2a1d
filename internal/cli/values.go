package cli

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// gatesFlag bounds compilation.
func gatesFlag() cli.Flag {
	return &cli.IntFlag{Name: "max-gates", Usage: "refuse a program of more than `N` XOR and AND gates", Value: app.DefaultMaxGates, Category: catCompute}
}

// valueFlags say how inputs and results are written.
func valueFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "input-json", Usage: "inputs are in the JSON form of literals, however they are given", Category: catCompute},
		&cli.BoolFlag{Name: "sort-joins", Usage: "sort the rows of our input that the program joins, instead of refusing unsorted ones", Category: catCompute},
		&cli.BoolFlag{Name: "json-literals", Usage: "the result in the JSON form of literals; with --json as the field literal", Category: catOutput},
	}
}

// source reads the program and how its values are written.
func (c *call) source(name string) (app.Source, error) {
	s, err := app.ReadSource(name, c.String("function"))
	if err != nil {
		return s, err
	}
	if s.MaxGates = c.Int("max-gates"); s.MaxGates < 1 || s.MaxGates > app.MostGates {
		return s, usagef("as in --max-gates %d", app.DefaultMaxGates)("--max-gates %d is not between 1 and %d", s.MaxGates, app.MostGates)
	}
	s.Values = app.Values{JSONInput: c.Bool("input-json"), JSONResult: c.Bool("json-literals"), SortJoins: c.Bool("sort-joins")}
	return s, nil
}

// literals are the inputs of all parties: arguments after PROGRAM, --input flags, or the files of --input-file. The command line
// wins over the environment.
func (c *call) literals() ([]string, error) {
	flags, files, args := c.StringSlice("input"), c.StringSlice("input-file"), c.args[1:]
	if len(flags)+len(args) > 0 && c.fromEnv["input-file"] {
		files = nil
	}
	given := 0
	for _, n := range []int{len(flags), len(files), len(args)} {
		given += min(n, 1)
	}
	if given > 1 {
		return nil, usagef("choose one of them: they are in the order of the parties")("inputs are given in more than one way: as arguments, by --input, by --input-file")
	}
	stdin := false
	for _, name := range files {
		if name == "-" && stdin {
			return nil, usagef("put one of them into a file")("standard input cannot be the input of two parties")
		}
		stdin = stdin || name == "-"
		text, err := c.readInput(name)
		if err != nil {
			return nil, err
		}
		flags = append(flags, text)
	}
	return append(flags, args...), nil
}

// printValue prints a result alone, in the form that was asked for.
func (c *call) printValue(value string, literal json.RawMessage) error {
	if literal != nil {
		value = string(literal)
	}
	_, err := fmt.Fprintln(c.streams.Out, value)
	return unwritten(err)
}
