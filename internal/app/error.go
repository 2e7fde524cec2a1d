package app

import "fmt"

// An Error is what a use case fails with, in three parts: what was being done and to whom, why, and what to do next. Every
// error that leaves this package is one, or wraps one.
type Error struct {
	Reason Reason
	Op     string // "joining session 1f2e at 127.0.0.1:4433"
	Err    error  // why
	Hint   string // what to do next, with the command to run; may be empty

	Position Position // where in a program or literal
	Panic    string   // "Overflow", "DivByZero" or "OutOfBounds" of a program that panicked
	Excerpt  string   // rendered source lines with carets; never part of a private input
}

// A Position says where in a source text an error lies: the compiler's phase, and line and column from 1. The zero value means
// nowhere.
type Position struct {
	Phase        string // "scan", "parse", "type", "compile" or "literal"; empty for a panic
	Line, Column int
}

func (e *Error) Error() string {
	if e.Op == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %v", e.Op, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
