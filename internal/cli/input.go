package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/tacit-mpc/tacit/internal/app"
)

// Limits of what is read from files and standard input.
const (
	maxInput  = 64 << 20
	maxSecret = 4096
)

func inputFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "input", Usage: "our private input as a `LITERAL`; for demos, since other users of the machine can see it: prefer --input-file", Category: catCompute},
		&cli.StringFlag{Name: "input-file", Usage: "our private input is in `FILE`; - is standard input", Category: catCompute},
	}, valueFlags()...)
}

var errNoProgram = errors.New("what is to be computed? there is no program")

// privateInput makes the source of our private input: --input, --input-file, its environment variable, or a prompt without
// echo, which asks again when an answer does not fit.
func (c *call) privateInput() (app.InputFunc, error) {
	if c.IsSet("input") && c.typed("input-file") {
		return nil, usagef("choose one of them")("--input and --input-file are both given")
	}
	switch {
	case c.IsSet("input"):
		literal := c.String("input")
		return func(string, func(string) error) (string, error) { return literal, nil }, nil
	case c.IsSet("input-file"):
		name := c.String("input-file")
		return func(string, func(string) error) (string, error) { return c.readInput(name) }, nil
	}
	return c.promptInput, nil
}

func (c *call) readInput(name string) (string, error) {
	data, err := c.readAll(name, maxInput)
	if err != nil {
		return "", &app.Error{Reason: app.NoInput, Op: "reading the input", Err: err, Hint: "name a file that can be read: --input-file FILE"}
	}
	return strings.TrimSpace(string(data)), nil
}

// readAll reads a file, or standard input for "-", up to a limit.
func (c *call) readAll(name string, limit int64) ([]byte, error) {
	r := c.streams.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %s", name, bytesText(limit))
	}
	return data, nil
}

// promptTries is how often a prompt asks again.
const promptTries = 3

// promptInput asks on the terminal, without echo.
func (c *call) promptInput(typ string, check func(literal string) error) (string, error) {
	missing := &app.Error{Reason: app.NoInput, Op: "reading our input", Err: errors.New("no input given, and standard input is no terminal to ask on"),
		Hint: "add --input-file FILE, or --input-file - to read standard input"}
	fd, ok := terminal(c.streams.In)
	if !ok {
		return "", missing
	}
	for try := 1; ; try++ {
		fmt.Fprintf(c.streams.Err, "%s: our input (%s), not shown: ", c.App.Name, typ)
		data, err := readPassword(c, fd)
		fmt.Fprintln(c.streams.Err)
		if err != nil {
			if known := (*app.Error)(nil); errors.As(err, &known) {
				return "", err
			}
			missing.Err = err
			return "", missing
		}
		literal := strings.TrimSpace(string(data))
		if err = check(literal); err == nil || try == promptTries {
			return literal, err
		}
		fmt.Fprintf(c.streams.Err, "%s: %s\n", c.App.Name, printable(err.Error()))
	}
}

// readPassword reads a line without echo; an interrupt ends it and gives the terminal back as it was.
func readPassword(c *call, fd int) ([]byte, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		data []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() { // ends with the process if nobody types anything
		data, err := term.ReadPassword(fd)
		answered <- answer{data, err}
	}()
	select {
	case a := <-answered:
		return a.data, a.err
	case <-c.Context.Context.Done():
		_ = term.Restore(fd, before)
		return nil, &app.Error{Reason: app.Interrupted, Err: errors.New("interrupted")}
	}
}

// secret reads a ticket or token: the flag, its file, or their environment variables; what was typed wins.
func (c *call) secret(name string) (string, error) {
	file := name + "-file"
	if c.typed(name) && c.typed(file) {
		return "", usagef("choose one of them")("--%s and --%s are both given", name, file)
	}
	if c.IsSet(file) && !c.typed(name) && (c.typed(file) || !c.IsSet(name)) {
		data, err := c.readAll(c.String(file), maxSecret)
		if err != nil {
			return "", &app.Error{Reason: app.BadFile, Op: "reading the " + name, Err: err, Hint: fmt.Sprintf("name a file that can be read: --%s FILE", file)}
		}
		return strings.TrimSpace(string(data)), nil
	}
	return strings.TrimSpace(c.String(name)), nil
}
