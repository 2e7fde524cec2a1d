package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func (p *program) manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "print the manual page; read it with: " + p.root.Name + " man | man -l -",
		Action: p.action(0, 0, func(*call) error {
			p.writeMan(p.streams.Out)
			return nil
		}),
	}
}

// writeMan writes the manual page of the program, made from its flags, in man(7) form.
func (p *program) writeMan(w io.Writer) {
	r := p.root
	fmt.Fprintf(w, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n[flags]\n", strings.ToUpper(r.Name), r.Name, roff(r.Usage), r.Name)
	for _, c := range r.Commands {
		fmt.Fprintf(w, ".br\n.B %s %s\n[flags] %s\n", r.Name, c.Name, roff(c.ArgsUsage))
	}
	fmt.Fprintf(w, ".SH DESCRIPTION\n%s\n", roff(r.Description))
	manFlags(w, "FLAGS", r.Flags)
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, c := range r.Commands {
		fmt.Fprintf(w, ".SS %s %s\n%s.\n", c.Name, roff(c.ArgsUsage), roff(c.Usage))
		if c.Description != "" {
			fmt.Fprintf(w, ".PP\n%s\n", roff(c.Description))
		}
		manFlags(w, "", c.Flags)
	}
	fmt.Fprint(w, ".SH ENVIRONMENT\nEvery flag but \\-\\-input has a variable: \\-\\-some\\-name is TACIT_SOME_NAME. A flag wins.\n.SH EXIT STATUS\n")
	for _, e := range exitTexts() {
		fmt.Fprintf(w, ".TP\n.B %d\n%s\n", e.code, roff(e.when))
	}
}

func manFlags(w io.Writer, heading string, flags []cli.Flag) {
	if heading != "" {
		fmt.Fprintf(w, ".SH %s\n", heading)
	}
	for _, d := range docsOf(flags) {
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(d.left()), roff(d.right()))
	}
}

// roff escapes a text: backslashes, dashes that are typed, and control lines.
func roff(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	s = strings.ReplaceAll(s, "-", `\-`)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n.br\n")
}
