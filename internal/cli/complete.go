package cli

import (
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

//go:embed completion
var completionScripts embed.FS

// place is where on a command line a word stands.
type place struct {
	command *cli.Command // nil: none named yet
	waiting cli.Flag     // the flag whose value the word would be
	literal bool         // after --
	unknown bool         // after a word that is no command
}

// locate reads the words before one.
func (p *program) locate(words []string) place {
	var at place
	for _, w := range words {
		switch {
		case at.waiting != nil:
			at.waiting = nil
		case w == "--":
			at.literal = true
			return at
		case strings.HasPrefix(w, "-"):
			if name := strings.TrimLeft(w, "-"); !strings.Contains(name, "=") {
				at.waiting = valueFlag(p.flagsOf(at.command), name)
			}
		case at.command == nil:
			at.command = p.root.Command(w)
			at.unknown = at.unknown || at.command == nil
		}
	}
	return at
}

// flagsOf returns the flags of a command, nil being the program itself.
func (p *program) flagsOf(c *cli.Command) []cli.Flag {
	if c == nil {
		return p.root.Flags
	}
	return c.Flags
}

// complete answers the completion scripts: words are what stands after the program's name, the last one being typed. It
// returns nothing where the shell should complete file names. (The library's own completion reads os.Args and panics after
// an unknown command.)
func (p *program) complete(words []string) []string {
	typed := ""
	if len(words) > 0 {
		typed, words = words[len(words)-1], words[:len(words)-1]
	}
	at := p.locate(words)
	switch {
	case at.unknown || at.literal:
		return nil
	case at.waiting != nil:
		return starting(fixedValues(at.waiting), typed)
	case strings.HasPrefix(typed, "-"):
		return starting(append(flagWords(p.flagsOf(at.command)), "--help"), typed)
	case at.command == nil:
		return starting(p.commandNames(), typed)
	case at.command.Name == "completion":
		return starting(shells(), typed)
	case at.command.Name == "help":
		return starting(p.commandNames(), typed)
	}
	return nil
}

func (p *program) commandNames() []string {
	var names []string
	for _, c := range p.root.Commands {
		names = append(names, c.Name)
	}
	return names
}

func valueFlag(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name && takesValue(f) {
				return f
			}
		}
	}
	return nil
}

// fixedValues are the values of a flag that takes one of a few words.
func fixedValues(f cli.Flag) []string {
	switch f.Names()[0] {
	case "path":
		return []string{"auto", "direct", "relay"}
	case "outputs":
		return []string{"all"}
	case "format":
		return []string{"fashion", "old"}
	case "bit-order":
		return []string{"lsb", "msb"}
	}
	return nil
}

func flagWords(flags []cli.Flag) []string {
	var words []string
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) > 1 {
				words = append(words, "--"+n)
			}
		}
	}
	return words
}

func starting(words []string, with string) []string {
	var out []string
	for _, w := range words {
		if strings.HasPrefix(w, with) {
			out = append(out, w)
		}
	}
	return out
}

func shells() []string { return []string{"bash", "fish", "zsh"} }

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print the completion script of a shell: bash, zsh or fish", ArgsUsage: "SHELL",
		Description: "To use it at once: source <(" + p.root.Name + " completion bash). fish: " + p.root.Name + " completion fish | source.",
		Action: p.action(1, 1, func(c *call) error {
			script, err := completionScripts.ReadFile("completion/" + c.args[0] + ".sh")
			if err != nil {
				return usagef("run: %s completion bash", p.root.Name)("no completion for shell %s: there is %s", quote(c.args[0]), strings.Join(shells(), ", "))
			}
			fmt.Fprint(p.streams.Out, strings.ReplaceAll(string(script), "PROGRAM", p.root.Name))
			return nil
		}),
	}
}
