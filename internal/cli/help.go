package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// The categories of flags, in the order of the help.
const (
	catSession  = "session"
	catCompute  = "program and input"
	catNetwork  = "network"
	catIdentity = "identity"
	catOutput   = "output"
)

var categories = []string{catSession, catCompute, catNetwork, catIdentity, catOutput}

// flagDoc is what help, man pages, completion and the reference say about a flag.
type flagDoc struct {
	names    []string
	value    string // placeholder; empty for a switch
	usage    string
	def      string
	variable string
	category string
	repeats  bool
}

func docOf(f cli.Flag) flagDoc {
	d := flagDoc{names: f.Names(), repeats: repeats(f)}
	if g, ok := f.(cli.DocGenerationFlag); ok {
		d.value, d.usage = unquote(g.GetUsage())
		if !g.TakesValue() {
			d.value = ""
		} else if d.value == "" {
			d.value = "VALUE"
		}
		d.def = g.GetDefaultText()
		if g.TakesValue() && d.def == "" {
			d.def = strings.Trim(g.GetValue(), `"`)
		}
		switch d.def {
		case "0", "0s", "[]", "false", `""`:
			d.def = ""
		}
		if strings.HasSuffix(d.def, "m0s") { // a duration as people write it
			d.def = strings.TrimSuffix(d.def, "0s")
		}
	}
	if c, ok := f.(cli.CategorizableFlag); ok {
		d.category = c.GetCategory()
	}
	d.variable, _ = variable(f)
	return d
}

// unquote takes the placeholder in back quotes from a usage text.
func unquote(usage string) (value, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	if !ok {
		return "", usage
	}
	value, after, _ := strings.Cut(rest, "`")
	return value, before + value + after
}

// left is the flag with its placeholder: "--listen ADDR".
func (d flagDoc) left() string {
	var words []string
	for _, n := range d.names {
		dashes := "--"
		if len(n) == 1 {
			dashes = "-"
		}
		words = append(words, dashes+n)
	}
	s := strings.Join(words, ", ")
	if d.value != "" {
		s += " " + d.value
	}
	return s
}

// right is the usage with what else is worth knowing.
func (d flagDoc) right() string {
	s := d.usage
	if d.repeats {
		s += " (repeat)"
	}
	if d.def != "" {
		s += " (default " + d.def + ")"
	}
	return s
}

func docsOf(flags []cli.Flag) []flagDoc {
	var docs []flagDoc
	for _, category := range categories {
		for _, f := range flags {
			if d := docOf(f); d.category == category {
				docs = append(docs, d)
			}
		}
	}
	return docs
}

// wantsHelp says whether a command line asks for help, and of which command (nil: the program's). The library's own help
// would take a positional argument for a help topic.
func (p *program) wantsHelp(args []string) (*cli.Command, bool) {
	for i, a := range args {
		if i > 0 && (a == "--help" || a == "-help" || a == "-h") {
			at := p.locate(args[1:i])
			return at.command, at.waiting == nil && !at.literal
		}
	}
	return nil, false
}

// writeHelp prints the help of a command, nil being the program itself.
func (p *program) writeHelp(c *cli.Command) {
	w, line := p.streams.Out, p.root.Name
	usage, arguments, description, commands := p.root.Usage, "", p.root.Description, p.root.Commands
	if c != nil {
		line += " " + c.Name
		usage, arguments, description, commands = c.Usage, c.ArgsUsage, c.Description, nil
	}
	call := line
	if len(p.flagsOf(c)) > 0 {
		call += " [flags]"
	}
	fmt.Fprintf(w, "%s - %s\n\nusage: %s\n", line, usage, strings.TrimSpace(call+" "+arguments))
	if len(commands) > 0 {
		fmt.Fprintf(w, "       %s COMMAND [flags] ...\n", line)
	}
	if description != "" {
		fmt.Fprintf(w, "\n%s\n", wrap(description, 0, 100))
	}
	if len(commands) > 0 {
		fmt.Fprintf(w, "\ncommands:\n")
		for _, s := range commands {
			fmt.Fprintf(w, "  %-28s %s\n", strings.TrimSpace(s.Name+" "+s.ArgsUsage), wrap(s.Usage, 31, 100))
		}
	}
	category := ""
	for _, d := range docsOf(p.flagsOf(c)) {
		if d.category != category {
			category = d.category
			fmt.Fprintf(w, "\n%s:\n", category)
		}
		fmt.Fprintf(w, "  %-28s %s\n", d.left(), wrap(d.right(), 31, 100))
	}
	flags, but := p.flagsOf(c), ""
	if slices.ContainsFunc(flags, func(f cli.Flag) bool { return f.Names()[0] == "input" }) {
		but = " but --input"
	}
	if len(flags) > 0 {
		fmt.Fprintf(w, "\nEvery flag%s has an environment variable, --some-name TACIT_SOME_NAME; a flag wins.\n", but)
	}
}

// wrap breaks a text into lines of at most width columns, all but the first indented.
func wrap(text string, indent, width int) string {
	var out strings.Builder
	for i, paragraph := range strings.Split(text, "\n") {
		if i > 0 {
			out.WriteString("\n" + strings.Repeat(" ", indent))
		}
		column := indent
		for j, word := range strings.Fields(paragraph) {
			if j > 0 && column+1+len(word) > width {
				out.WriteString("\n" + strings.Repeat(" ", indent))
				column = indent
			} else if j > 0 {
				out.WriteByte(' ')
				column++
			}
			out.WriteString(word)
			column += len(word)
		}
	}
	return out.String()
}

func (p *program) helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "show the help of a command", ArgsUsage: "[COMMAND]",
		Action: p.action(0, 1, func(c *call) error {
			if len(c.args) == 0 {
				p.writeHelp(nil)
				return nil
			}
			named := p.root.Command(c.args[0])
			if named == nil {
				return unknownCommand(c.Context, c.args[0])
			}
			p.writeHelp(named)
			return nil
		}),
	}
}
