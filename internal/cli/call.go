package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// rawArgs is the key of the unparsed command line in the application's metadata.
const rawArgs = "args"

// A call is one invocation of a command.
type call struct {
	*cli.Context
	streams Streams
	args    []string        // positional arguments; the command's -- is gone
	fromEnv map[string]bool // flags whose value came from the environment
}

// action makes the library's action of a command that takes between least and most positional arguments (most < 0: any
// number). It refuses flags after arguments, and fills flags from the environment.
func (p *program) action(least, most int, do func(*call) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := parentFlags(c); err != nil {
			return err
		}
		args, err := positionals(c)
		if err != nil {
			return err
		}
		if err := checkArity(c, args, least, most); err != nil {
			return err
		}
		call := &call{Context: c, streams: p.streams, args: args, fromEnv: map[string]bool{}}
		if err := call.readEnvironment(); err != nil {
			return err
		}
		return do(call)
	}
}

// typed says whether a flag was set on the command line.
func (c *call) typed(name string) bool { return c.IsSet(name) && !c.fromEnv[name] }

// parentFlags refuses flags before a command's name: the library would drop them.
func parentFlags(c *cli.Context) error {
	if isRoot(c) {
		return nil
	}
	parent := c.Lineage()[1]
	if parent.NumFlags() == 0 {
		return nil
	}
	name := parent.LocalFlagNames()[0]
	return usagef("run: %s %s --help", c.App.Name, c.Command.Name)("flag --%s stands before the command %s: flags go after it", name, c.Command.Name)
}

func isRoot(c *cli.Context) bool { return c.Command.Name == c.App.Name }

// commandLine is how the command of c is called.
func commandLine(c *cli.Context) string {
	if isRoot(c) {
		return c.App.Name
	}
	return c.App.Name + " " + c.Command.Name
}

func checkArity(c *cli.Context, args []string, least, most int) error {
	hint := usagef("run: %s --help", commandLine(c))
	switch {
	case len(args) < least:
		return hint("%s needs %s", commandLine(c), c.Command.ArgsUsage)
	case most == 0 && len(args) > 0 && isRoot(c):
		return unknownCommand(c, args[0])
	case most >= 0 && len(args) > most:
		return hint("unexpected argument %s: %s takes %s", quote(args[most]), commandLine(c), orNone(c.Command.ArgsUsage))
	}
	return nil
}

func unknownCommand(c *cli.Context, name string) error {
	hint := fmt.Sprintf("run: %s --help", c.App.Name)
	var names []string
	for _, s := range c.App.Commands {
		names = append(names, s.Name)
	}
	if best, ok := closest(name, names); ok {
		hint = fmt.Sprintf("did you mean: %s %s", c.App.Name, best)
	}
	return usagef("%s", hint)("unknown command %s", quote(name))
}

func orNone(s string) string {
	if s == "" {
		return "no arguments"
	}
	return s
}
