package garble

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// The errors of this package. Positions count from 0, in code points; Pos.String counts from 1.
type (
	// An Error is one thing wrong with a program or a literal: Phase, Kind, Pos, End (exclusive), Msg and Hint.
	Error = syntax.Error
	// An ErrorList holds one or more errors in order of position. Check and Compile return it.
	ErrorList = syntax.ErrorList
	// A Pos is a line and a column.
	Pos = syntax.Pos
	// A Phase says what rejected the program.
	Phase = syntax.Phase
)

// The phases of errors.
const (
	PhaseScan    = syntax.PhaseScan
	PhaseParse   = syntax.PhaseParse
	PhaseType    = syntax.PhaseType
	PhaseCompile = syntax.PhaseCompile
	PhaseLiteral = syntax.PhaseLiteral
)

// named gives errors the name of their source.
func named(name string, errs ErrorList) ErrorList {
	for _, e := range errs {
		e.File = name
	}
	return errs
}

// Render draws the errors of err, or the panic, for a reader: message, place, source line, caret, hint. Errors without a place
// in src, and any other error, are given as they are. It does not print secrets: errors about literals quote nothing of them, and their
// text is no src.
func Render(src string, err error) string {
	var list ErrorList
	var one *Error
	var panicked *PanicError
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = ErrorList{one}
	case errors.As(err, &panicked):
		list = ErrorList{{File: panicked.File, Phase: "run-time", Pos: panicked.Pos, End: panicked.End, Msg: panicked.text()}}
	default:
		return err.Error() + "\n"
	}
	lines := strings.Split(src, "\n")
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		render(&b, lines, e)
	}
	return b.String()
}

func render(b *strings.Builder, lines []string, e *Error) {
	fmt.Fprintf(b, "%s error: %s\n", e.Phase, strings.Map(printable, e.Msg))
	if e.Phase != PhaseLiteral && e.Pos != e.End && e.Pos.Line < len(lines) {
		renderLine(b, lines, e)
	}
	if e.Hint != "" {
		fmt.Fprintf(b, "  hint: %s\n", strings.Map(printable, e.Hint))
	}
}

// maxShown is the length in code points at which a source line is cut.
const maxShown = 120

func renderLine(b *strings.Builder, lines []string, e *Error) {
	place := e.Pos.String()
	if e.File != "" {
		place = e.File + ":" + place
	}
	text := []rune(strings.TrimSuffix(lines[e.Pos.Line], "\r"))
	from, to := min(e.Pos.Col, len(text)), len(text)
	if e.End.Line == e.Pos.Line {
		to = min(e.End.Col, len(text))
	}
	if cut := from - maxShown/2; len(text) > maxShown && cut > 0 {
		text, from, to = text[cut:], from-cut, to-cut
	}
	if len(text) > maxShown {
		text = text[:maxShown]
		to = min(to, maxShown)
	}
	margin := strings.Repeat(" ", len(fmt.Sprint(e.Pos.Line+1)))
	fmt.Fprintf(b, "%s--> %s\n", margin, strings.Map(printable, place))
	fmt.Fprintf(b, "%s |\n", margin)
	fmt.Fprintf(b, "%d | %s\n", e.Pos.Line+1, strings.Map(printable, string(text)))
	var pad strings.Builder
	for _, r := range text[:from] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	fmt.Fprintf(b, "%s | %s%s\n", margin, pad.String(), strings.Repeat("^", max(1, to-from)))
}

// printable keeps control characters of a hostile source, or of a constant that another party supplies, off the terminal.
func printable(r rune) rune {
	if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return '\ufffd'
	}
	return r
}
