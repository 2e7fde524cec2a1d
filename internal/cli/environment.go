package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// variable is the environment variable of a flag; a private input has none, because it would be too easy to leave it there.
func variable(f cli.Flag) (string, bool) {
	name := f.Names()[0]
	if name == "input" {
		return "", false
	}
	return "TACIT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")), true
}

// readEnvironment sets the flags that the command line did not from TACIT_ variables; a flag that may be repeated takes one
// value a line.
func (c *call) readEnvironment() error {
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		env, ok := variable(f)
		if !ok || c.IsSet(name) {
			continue
		}
		text, ok := c.streams.env(env)
		if !ok {
			continue
		}
		values := []string{text}
		if repeats(f) {
			values = strings.Split(strings.TrimSpace(text), "\n")
		}
		for _, v := range values {
			if err := c.Set(name, v); err != nil {
				e := badValue(c.Context, name, quote(v)).(*app.Error)
				e.Op = "reading " + env
				return e
			}
		}
		c.fromEnv[name] = true
	}
	return nil
}

func repeats(f cli.Flag) bool {
	_, ok := f.(*cli.StringSliceFlag)
	return ok
}
