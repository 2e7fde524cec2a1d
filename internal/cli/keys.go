package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/app"
)

// loadKey loads the key of --identity; without one it makes a fresh key.
func (c *call) loadKey() (*identity.Key, error) {
	name := c.String("identity")
	if name == "" {
		return identity.Generate()
	}
	key, err := identity.Load(name)
	if err != nil {
		return nil, badKeyFile("reading our key", name, err)
	}
	return key, nil
}

// badKeyFile explains why a key cannot be loaded.
func badKeyFile(op, name string, err error) error {
	hint := "it is no file that party keygen made; make one with: party keygen FILE"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "make one with: party keygen " + shellQuote(name)
	case errors.Is(err, identity.ErrExposed):
		hint = "if nobody read it meanwhile: chmod 600 " + shellQuote(name)
	case errors.Is(err, fs.ErrPermission):
		hint = "name a file that can be read"
	}
	return &app.Error{Reason: app.BadKeyFile, Op: op, Err: err, Hint: hint}
}

func (p *program) keygenCommand() *cli.Command {
	return &cli.Command{
		Name: "keygen", Usage: "make a key, write it to FILE, print its public half", ArgsUsage: "FILE",
		Flags: []cli.Flag{jsonFlag()},
		Action: p.action(1, 1, func(c *call) error {
			key, err := identity.Generate()
			if err != nil {
				return err
			}
			if err := key.Save(c.args[0]); err != nil {
				hint := "name a file in a directory that can be written"
				if errors.Is(err, fs.ErrExist) {
					hint = "a key is never overwritten; see it with: party id " + shellQuote(c.args[0])
				}
				return &app.Error{Reason: app.BadKeyFile, Op: "making a key", Err: err, Hint: hint}
			}
			return c.printKey(key)
		}),
	}
}

func (p *program) idCommand() *cli.Command {
	return &cli.Command{
		Name: "id", Usage: "print the public half of the key in FILE", ArgsUsage: "FILE",
		Flags: []cli.Flag{jsonFlag()},
		Action: p.action(1, 1, func(c *call) error {
			key, err := identity.Load(c.args[0])
			if err != nil {
				return badKeyFile("reading a key", c.args[0], err)
			}
			return c.printKey(key)
		}),
	}
}

// publicKey is what party keygen and party id print with --json.
type publicKey struct {
	ID identity.ID `json:"id"`
}

func (c *call) printKey(key *identity.Key) error {
	if c.Bool("json") {
		return unwritten(writeJSON(c.streams.Out, publicKey{key.ID()}))
	}
	_, err := fmt.Fprintln(c.streams.Out, key.ID())
	return unwritten(err)
}
