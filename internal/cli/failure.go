package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tacit-mpc/tacit/internal/app"
)

// failure is the object that --json prints when a command fails.
type failure struct {
	Code    int        `json:"code"`
	ID      app.Reason `json:"id"`
	Message string     `json:"message"`
	Hint    string     `json:"hint"`
	Phase   string     `json:"phase,omitempty"`
	Panic   string     `json:"panic,omitempty"`
	Line    int        `json:"line,omitempty"`
	Column  int        `json:"column,omitempty"`
}

// describe puts an error into words. An error of no known kind is a bug, and says how to report it.
func describe(err error) (f failure, excerpt string) {
	var e *app.Error
	if !errors.As(err, &e) {
		e = &app.Error{Reason: app.Bug, Op: "unexpected failure", Err: err}
	}
	hint := e.Hint
	if hint == "" && e.Reason == app.Bug {
		hint = "this is a bug; please report it with the output of: party version"
	}
	return failure{
		Code: exitCode(e.Reason), ID: e.Reason, Message: e.Error(), Hint: hint,
		Phase: e.Position.Phase, Line: e.Position.Line, Column: e.Position.Column, Panic: e.Panic,
	}, e.Excerpt
}

// fail reports an error and returns its exit code: in words on stderr, and with asJSON also as one object on stdout.
func (p *program) fail(asJSON bool, err error) int {
	f, excerpt := describe(err)
	fmt.Fprintf(p.streams.Err, "%s: %s\n", p.root.Name, sentence(f.Message))
	if excerpt != "" {
		fmt.Fprintln(p.streams.Err, strings.TrimRight(excerpt, "\n"))
	}
	if f.Hint != "" && !strings.Contains(excerpt, "hint: "+f.Hint+"\n") {
		fmt.Fprintf(p.streams.Err, "hint: %s\n", sentence(f.Hint))
	}
	if asJSON {
		_ = writeJSON(p.streams.Out, map[string]failure{"error": f}) // stderr has it too
	}
	return f.Code
}

// sentence keeps control characters of names and remote words away from the terminal, newlines excepted.
func sentence(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// writeJSON writes one object on one line.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
