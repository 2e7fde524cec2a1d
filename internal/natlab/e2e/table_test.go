//go:build linux

package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

var update = flag.Bool("update", false, "write what was measured into docs/network.md")

var (
	document = filepath.Join("..", "..", "..", "docs", "network.md")
	measured = regexp.MustCompile(`(?s)(<!-- matrix: [^\n]*-->\n).*(<!-- end of matrix -->)`)
	figures  = regexp.MustCompile(` [0-9]+`)
)

// words for the letters of the matrix.
var words = map[byte]string{'D': "direct", 'B': "birthday", 'R': "relay", 0: "either"}

// TestDocument compares what docs/network.md says of each pair with what the lab asserts.
func TestDocument(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	got := figures.ReplaceAllString(measured.FindString(string(doc)), "")
	if want := grid(func(string) string { return "" }); !strings.Contains(got, want) {
		t.Errorf("docs/network.md differs from what the lab asserts; want\n%s", want)
	}
}

// grid is the matrix in Markdown, the figure of each pair behind its word.
func grid(figure func(pair string) string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, k := range netns.Kinds {
		fmt.Fprintf(&b, " %s |", k)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(netns.Kinds)) + "\n")
	for i, x := range netns.Kinds {
		fmt.Fprintf(&b, "| **%s** |", x)
		for j, y := range netns.Kinds {
			if j < i {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %s%s |", words[netns.Matrix[i][j]], figure(fmt.Sprintf("%s x %s", x, y)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// writeDocument puts the figures of cells into docs/network.md: those without a skew.
func writeDocument(t *testing.T, cells []*cell) {
	t.Helper()
	of, inGrid := map[string]*cell{}, map[string]bool{}
	grid(func(pair string) string { inGrid[pair] = true; return "" })
	var extra strings.Builder
	for _, c := range cells {
		if c.skew > 0 {
			continue
		}
		of[c.Name] = c
		if !inGrid[c.Name] {
			fmt.Fprintf(&extra, "| %s | %s%s |\n", c.Name, words[c.Want], c.figure())
		}
	}
	figure := func(pair string) string { return of[pair].figure() }
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	text := grid(figure) + "\n| where hosts share a line, or a NAT changes its habit | |\n|---|---|\n" + extra.String()
	if err := os.WriteFile(document, measured.ReplaceAll(doc, []byte("${1}"+text+"${2}")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// figure is how long a direct path took, if there was one.
func (c *cell) figure() string {
	if len(c.took) == 0 {
		return ""
	}
	return fmt.Sprintf(" %d", median(c.took))
}
