package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// usagef makes a usage error: first its hint, then its text.
func usagef(hint string, args ...any) func(text string, args ...any) error {
	h := fmt.Sprintf(hint, args...)
	return func(text string, args ...any) error {
		return &app.Error{Reason: app.Usage, Err: fmt.Errorf(text, args...), Hint: h}
	}
}

// onUsageError puts the library's and package flag's words for a wrong command line into ours.
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return unknownFlag(c, strings.TrimLeft(name, "-"))
	}
	hint := usagef("run: %s --help", commandLine(c))
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return hint("flag --%s needs a value", strings.TrimLeft(name, "-"))
	}
	// invalid value "x" for flag -parties: parse error
	// invalid boolean value "x" for -json: parse error
	if before, after, ok := strings.Cut(text, " for "); ok && strings.HasPrefix(text, "invalid ") {
		name, _, _ := strings.Cut(strings.TrimLeft(strings.TrimPrefix(after, "flag "), "-"), ":")
		return badValue(c, name, strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(before, "invalid "), "boolean "), "value "))
	}
	if strings.HasPrefix(text, "bad flag syntax: ") {
		return hint("%s is not a flag", quote(strings.TrimPrefix(text, "bad flag syntax: ")))
	}
	return hint("%w", errors.New(text))
}

// badValue explains a value that a flag does not take. shown is the value in quotes.
func badValue(c *cli.Context, name, shown string) error {
	hint := usagef("run: %s --help", commandLine(c))
	want := "a value"
	switch flagNamed(c, name).(type) {
	case *cli.IntFlag:
		want = "a number"
	case *cli.DurationFlag:
		want = "a duration such as 90s or 30m"
	case *cli.BoolFlag:
		want = "true or false"
	}
	if secretFlag(name) {
		return hint("flag --%s takes %s", name, want)
	}
	return hint("flag --%s takes %s, not %s", name, want, shown)
}

func unknownFlag(c *cli.Context, name string) error {
	name, _, _ = strings.Cut(name, "=")
	hint := fmt.Sprintf("run: %s --help", commandLine(c))
	var names []string
	for _, f := range c.Command.Flags {
		names = append(names, f.Names()...)
	}
	if best, ok := closest(name, names); ok {
		hint = fmt.Sprintf("did you mean: --%s", best)
	}
	return usagef("%s", hint)("unknown flag --%s", printable(name))
}

func flagNamed(c *cli.Context, name string) cli.Flag {
	for _, f := range c.Command.Flags {
		for _, n := range f.Names() {
			if n == name {
				return f
			}
		}
	}
	return nil
}
