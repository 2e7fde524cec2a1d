package garble

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

var (
	codeBlock  = regexp.MustCompile("(?s)```garble\n(.*?)```")
	wantError  = regexp.MustCompile(`(?m)^// error: (.*)$`)
	wantConst  = regexp.MustCompile(`(?m)^// const (\w+)::(\w+) = (.*)$`)
	wantResult = regexp.MustCompile(`(?m)^// (\w+)\((.*)\) (=|panics:) (.*)$`)
)

// TestDocs compiles every program in docs/garble.md and runs the examples in its comments.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/garble.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := codeBlock.FindAllStringSubmatch(string(doc), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d programs", len(blocks))
	}
	for _, limit := range []string{
		fmt.Sprintf("| source | %d MiB |", syntax.MaxSource>>20), fmt.Sprintf("| literal | %d MiB |", syntax.MaxLiteral>>20),
		fmt.Sprintf("%d levels; %d along a chain of calls", syntax.MaxDepth, check.MaxHeight), fmt.Sprintf("| errors shown | %d |", syntax.MaxErrors),
		fmt.Sprintf("2^%d bits, and as many parts", bits.Len(check.MaxValueBits)-1),
	} {
		if !strings.Contains(string(doc), limit) {
			t.Errorf("the table of limits does not say %q", limit)
		}
	}
	for _, b := range blocks {
		src := b[1]
		consts := Consts{}
		for _, m := range wantConst.FindAllStringSubmatch(src, -1) {
			if consts[m[1]] == nil {
				consts[m[1]] = map[string]string{}
			}
			consts[m[1]][m[2]] = m[3]
		}
		c, err := Check("doc.gb", src)
		if m := wantError.FindStringSubmatch(src); m != nil {
			if err == nil || !strings.Contains(err.Error(), m[1]) {
				t.Errorf("%s\nerror %v, want %s", src, err, m[1])
			}
			continue
		}
		if err != nil {
			t.Errorf("%s", Render(src, err))
			continue
		}
		examples := wantResult.FindAllStringSubmatch(src, -1)
		if len(examples) == 0 {
			t.Errorf("%s\nno example", src)
		}
		for _, m := range examples {
			runExample(t, c, consts, src, m[1], m[2], m[3] == "=", m[4])
		}
	}
}

// runExample evaluates fn(args) in the clear.
func runExample(t *testing.T, c *Checked, consts Consts, src, fn, args string, ok bool, want string) {
	t.Helper()
	p, err := c.Compile(fn, consts)
	if err != nil {
		t.Errorf("%s", Render(src, err))
		return
	}
	all, err := ParseLiteral("(" + args + ",)")
	if err != nil || len(all.elems) != len(p.Params) {
		t.Errorf("%s\narguments %s: %v", src, args, err)
		return
	}
	var in [][]bool
	for i, l := range all.elems {
		bits, err := p.Encode(i, l)
		if err != nil {
			t.Errorf("%s\nargument %d: %v", src, i, err)
			return
		}
		in = append(in, bits)
	}
	bits, err := p.Circuit.Eval(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.FormatOutput(bits)
	var pe *PanicError
	if errors.As(err, &pe) {
		got = string(pe.Reason)
	}
	if ok != (err == nil) || got != want {
		t.Errorf("%s\n%s(%s) gives %s, %v", src, fn, args, got, err)
	}
}
