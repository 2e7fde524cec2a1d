package cli

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"
)

// positionals returns the arguments of a command. The library stops parsing at the first of them, so that a later flag would
// silently become an argument: it is refused with the corrected command. One -- is taken away wherever it stands; after it
// everything is an argument. A negative number needs no --.
func positionals(c *cli.Context) ([]string, error) {
	parsed := c.Args().Slice()
	raw := rawTail(c)
	literal := false // a -- before the first argument, which the library took away
	if i := len(raw) - len(parsed) - 1; i >= 0 && raw[i] == "--" {
		literal = true
	}
	var args []string
	for i, a := range parsed {
		switch {
		case a == "--" && !(literal && i == 0):
			return append(args, parsed[i+1:]...), nil
		case !literal && looksLikeFlag(a):
			return nil, misplacedFlag(c, args, parsed[i:])
		}
		args = append(args, a)
	}
	return args, nil
}

// rawTail returns what stood after the command's name.
func rawTail(c *cli.Context) []string {
	if isRoot(c) {
		raw, _ := c.App.Metadata[rawArgs].([]string)
		return raw[min(1, len(raw)):]
	}
	return c.Lineage()[1].Args().Tail()
}

func looksLikeFlag(a string) bool {
	return len(a) > 1 && a[0] == '-' && !('0' <= a[1] && a[1] <= '9')
}

// misplacedFlag explains a flag among the arguments. rest begins with the flag. The corrected command shows no value of a
// flag that may be secret.
func misplacedFlag(c *cli.Context, before, rest []string) error {
	known := map[string]cli.Flag{}
	for _, f := range c.Command.Flags {
		for _, n := range f.Names() {
			known[n] = f
		}
	}
	var moved, args []string
	args = append(args, before...)
	for i := 0; i < len(rest); i++ {
		if rest[i] == "--" {
			args = append(args, rest[i+1:]...)
			break
		}
		if !looksLikeFlag(rest[i]) {
			args = append(args, rest[i])
			continue
		}
		name, value, inline := strings.Cut(strings.TrimLeft(rest[i], "-"), "=")
		f := known[name]
		if f == nil {
			return unknownFlag(c, name)
		}
		word := "--" + name
		if takesValue(f) {
			if !inline && i+1 < len(rest) {
				i++
				value, inline = rest[i], true
			}
			if secretFlag(name) {
				value = "..."
			}
		}
		if inline {
			word += "=" + value
		}
		moved = append(moved, shellQuote(word))
	}
	words := append([]string{commandLine(c)}, moved...)
	for _, a := range args {
		if looksLikeFlag(a) || strings.HasPrefix(a, "-") {
			words = append(words, "--")
			break
		}
	}
	for _, a := range args {
		words = append(words, shellQuote(a))
	}
	flag, _, _ := strings.Cut(rest[0], "=")
	return usagef("did you mean: %s", strings.Join(words, " "))("flag %s stands after an argument: flags go first", flag)
}

// secretFlag says whether a flag's value must not be shown.
func secretFlag(name string) bool {
	switch name {
	case "input", "token", "ticket":
		return true
	}
	return false
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// shellQuote quotes a word for a POSIX shell where it needs it.
func shellQuote(word string) string {
	safe := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./=:,@%+", r)
	}
	if word != "" && strings.TrimFunc(word, safe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(printable(word), "'", `'\''`) + "'"
}

// quote shows a word of the command line in an error: printable and not long.
func quote(word string) string {
	if len(word) > 60 {
		word = word[:60] + "..."
	}
	return fmt.Sprintf("%q", word)
}

// printable keeps what is no printable character away from the terminal: control characters, and those that turn the direction
// of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
