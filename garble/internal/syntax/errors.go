package syntax

import (
	"fmt"
	"sort"
	"strings"
)

// A Phase is the stage that rejected a program or a value.
type Phase string

// The phases, in the words of spec section 16.3; Literal is the reading of an input.
const (
	PhaseScan    Phase = "scan"
	PhaseParse   Phase = "parse"
	PhaseType    Phase = "type"
	PhaseCompile Phase = "compile"
	PhaseLiteral Phase = "literal"
)

// An Error is one thing wrong with a source text or a literal.
type Error struct {
	File     string // the name of the source; may be empty
	Phase    Phase
	Kind     string // the error kind of spec section 16.3, for example UnexpectedType
	Pos, End Pos    // 0-based, End exclusive
	Msg      string // what was expected and what was found
	Hint     string // what to do about it; may be empty
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%v: %s error: %s", e.Pos, e.Phase, e.Msg)
	if e.File != "" {
		s = e.File + ":" + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// An ErrorList is one or more errors, sorted by position.
type ErrorList []*Error

func (l ErrorList) Error() string {
	s := make([]string, len(l))
	for i, e := range l {
		s[i] = e.Error()
	}
	return strings.Join(s, "\n")
}

// Unwrap lets errors.As find an *Error in the list.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Sort orders the list by position, keeping the order of errors at one place.
func (l ErrorList) Sort() {
	sort.SliceStable(l, func(i, j int) bool { return l[i].Pos.Before(l[j].Pos) })
}
