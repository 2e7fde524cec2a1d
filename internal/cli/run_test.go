package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// runWith runs party with another action of its root command.
func runWith(action cli.ActionFunc, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	p := newParty(Streams{Out: &out, Err: &err})
	p.root.Action = action
	code = p.run(append([]string{"party"}, args...))
	return code, out.String(), err.String()
}

// A bug is told as one, without a stack and without what the panic said: it might be a secret.
func TestBugs(t *testing.T) {
	for name, action := range map[string]cli.ActionFunc{
		"panic":         func(*cli.Context) error { panic("the input is 42") },
		"runtime panic": func(*cli.Context) error { var p *program; return p.root.Command("x").Action(nil) },
		"exit coder":    func(*cli.Context) error { return cli.Exit("no such thing", 3) },
		"error":         func(*cli.Context) error { return errors.New("something odd") },
	} {
		code, stdout, stderr := runWith(action, "--json")
		if code != exitBug || !strings.Contains(stdout, `"code":1,"id":"bug"`) {
			t.Errorf("%s: code %d, stdout %s", name, code, stdout)
		}
		if strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "42") || !strings.Contains(stderr, "party version") {
			t.Errorf("%s: stderr %s", name, stderr)
		}
		if strings.Contains(name, "panic") && !strings.Contains(stderr, "internal/cli") {
			t.Errorf("%s: the place is missing: %s", name, stderr)
		}
	}
}

func TestClosest(t *testing.T) {
	words := []string{"local", "eval", "check", "keygen"}
	for typed, want := range map[string]string{"locla": "local", "evall": "eval", "kegyen": "keygen", "chek": "check", "xyz": "", "": ""} {
		if got, _ := closest(typed, words); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"a/b-c_d.gb": "a/b-c_d.gb", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "a\nb": "'a?b'",
		"\u202eabc": "'?abc'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}
