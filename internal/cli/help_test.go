package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestHelpFits: the help of every command fits a terminal of 100 columns, and names every flag of it.
func TestHelpFits(t *testing.T) {
	for _, start := range []func(Streams) *program{newParty, newPre} {
		var out bytes.Buffer
		p := start(Streams{Out: &out})
		for _, c := range append([]*cli.Command{nil}, p.root.Commands...) {
			out.Reset()
			p.writeHelp(c)
			name := p.root.Name
			if c != nil {
				name += " " + c.Name
			}
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if len(line) > 100 || strings.TrimRight(line, " ") != line {
					t.Errorf("%s --help: %q", name, line)
				}
			}
			for _, f := range p.flagsOf(c) {
				if !strings.Contains(out.String(), "  --"+f.Names()[0]) {
					t.Errorf("%s --help does not name --%s", name, f.Names()[0])
				}
			}
		}
	}
}
