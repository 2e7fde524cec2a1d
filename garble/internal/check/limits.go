package check

import (
	"fmt"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// An instantiation checks what depends on the constants: the sizes of all values that a program can meet.
type instantiation struct {
	*Instance
	errs syntax.ErrorList
	done map[*Func]bool
}

func (i *instantiation) fail(kind string, at syntax.Span, hint, format string, args ...any) {
	if len(i.errs) < syntax.MaxErrors {
		i.errs = append(i.errs, &syntax.Error{Phase: syntax.PhaseCompile, Kind: kind, Pos: at.Start, End: at.End,
			Msg: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// fit reports whether a value of type t is within MaxValueBits.
func (i *instantiation) fit(t Type, at syntax.Span) bool {
	s := i.size(t)
	if max(s.bits, s.parts) <= MaxValueBits {
		return true
	}
	i.fail("TooLarge", at, "", "a value of type %v is too large: the limit is %d bits, and as many parts", t, MaxValueBits)
	return false
}

// function checks the types in f and the functions that it calls.
func (i *instantiation) function(f *Func) {
	if i.done[f] {
		return
	}
	i.done[f] = true
	for _, p := range f.Params {
		i.fit(p.Type, p.Span)
	}
	i.fit(f.Result, f.Span)
	Walk(f.Body, func(x Expr) bool {
		if !i.fit(x.Type(), x.Span()) {
			return false
		}
		switch x := x.(type) {
		case *Call:
			i.function(x.Func)
		case *Join:
			i.joinable(x.A, x.B, x.span)
		case *Block:
			for _, s := range x.Stmts {
				if j, ok := s.(*JoinLoop); ok {
					i.joinable(j.A, j.B, j.Span)
				}
			}
		}
		return true
	})
}

func (i *instantiation) joinable(a, b Expr, at syntax.Span) {
	if i.Len(a.Type().(*Array)) == 0 && i.Len(b.Type().(*Array)) == 0 {
		i.fail("InvalidJoin", at, "", "both arrays of this join are empty")
	}
}

// inputs refuses programs without any input bit (B21).
func (i *instantiation) inputs() {
	bits := 0
	for _, p := range i.Entry.Params {
		bits += i.Bits(p.Type)
	}
	if bits == 0 {
		i.fail("NoInputs", i.Entry.Span, "", "the inputs of `%s` have no bits: there is nothing to compute on", i.Entry.Name)
	}
}
