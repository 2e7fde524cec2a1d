package garble

import (
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A Literal is a value in the form in which it is written, before it has a type or after it lost it. Its String is the form
// of spec section 16.1, its JSON that of section 16.2.
type Literal struct {
	kind    kind
	num     syntax.Number // of a number; the first of a range
	end     uint64        // of a range, exclusive
	count   uint64        // of a repeat
	truth   bool
	name    string // of a struct or an enum
	variant string
	fields  []string // of a struct, one for each elem
	elems   []Literal
	at      syntax.Span // in its text
}

type kind uint8

const (
	boolean kind = iota
	number
	rangeOf
	array
	repeat
	tuple
	paren // a single element in parentheses: itself, or as a 1-tuple prints
	structure
	unitVariant
	tupleVariant
)

// String is the literal as text; numbers have no suffix.
func (l Literal) String() string {
	var b strings.Builder
	l.write(&b)
	return b.String()
}

func (l Literal) write(b *strings.Builder) {
	switch l.kind {
	case boolean:
		fmt.Fprint(b, l.truth)
	case number:
		if l.num.Neg && l.num.Value != 0 {
			b.WriteByte('-')
		}
		fmt.Fprint(b, l.num.Value)
	case rangeOf:
		fmt.Fprintf(b, "%d%s..%d%s", l.num.Value, l.num.Suffix, l.end, l.num.Suffix)
	case repeat:
		b.WriteByte('[')
		l.elems[0].write(b)
		fmt.Fprintf(b, "; %d]", l.count)
	case array:
		l.list(b, "[", "]")
	case tuple, paren:
		l.list(b, "(", ")")
	case structure:
		l.list(b, l.name+" {", "}")
	case unitVariant:
		b.WriteString(l.name + "::" + l.variant)
	case tupleVariant:
		l.list(b, l.name+"::"+l.variant+"(", ")")
	}
}

func (l Literal) list(b *strings.Builder, opening, closing string) {
	b.WriteString(opening)
	for i, e := range l.elems {
		if i > 0 {
			b.WriteString(", ")
		}
		if l.kind == structure {
			b.WriteString(l.fields[i] + ": ")
		}
		e.write(b)
	}
	b.WriteString(closing)
}

// ParseLiteral reads the text of a value, all of it (B22). Its errors do not quote the text, which may be secret.
func ParseLiteral(text string) (Literal, error) {
	x, errs := syntax.ParseExpr(text)
	if len(errs) > 0 {
		e := errs[0]
		at := syntax.Span{Start: e.Pos, End: e.End}
		switch e.Kind {
		case "TooLarge":
			return Literal{}, literalError("TooLarge", at, "", "the literal is longer than %d bytes", syntax.MaxLiteral)
		case "InvalidUnsignedNum", "InvalidSignedNum":
			return Literal{}, literalError("LiteralParseError", at, e.Hint, "a number is malformed, or does not fit its type")
		}
		hint := "examples: 5, -3i8, true, (1, 2), [1, 2, 3], S {a: 1}, E::V(1)"
		return Literal{}, literalError("LiteralParseError", at, hint, "the text is not a literal")
	}
	return literal(x)
}

func literalError(kind string, at syntax.Span, hint, format string, args ...any) *Error {
	return &Error{Phase: PhaseLiteral, Kind: kind, Pos: at.Start, End: at.End, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// literal takes an expression that is a value.
func literal(x syntax.Expr) (Literal, error) {
	l, err := untied(x)
	l.at = x.Span()
	return l, err
}

// untied is literal without the place.
func untied(x syntax.Expr) (Literal, error) {
	switch x := x.(type) {
	case *syntax.Bool:
		return Literal{kind: boolean, truth: x.Value}, nil
	case *syntax.Num:
		return Literal{kind: number, num: x.Number}, nil
	case *syntax.Range:
		if x.Suffix == "" {
			return Literal{}, literalError("InvalidRange", x.Span(), "for example 2u8..6u8", "a range needs the suffix of a type")
		}
		return Literal{kind: rangeOf, num: syntax.Number{Value: x.Lo, Suffix: x.Suffix}, end: x.Hi}, nil
	case *syntax.Paren:
		return literals(Literal{kind: paren}, x.X)
	case *syntax.Tuple:
		return literals(Literal{kind: tuple}, x.Elems...)
	case *syntax.Array:
		return literals(Literal{kind: array}, x.Elems...)
	case *syntax.Repeat:
		if n, ok := x.Size.(*syntax.Num); ok {
			return literals(Literal{kind: repeat, count: n.Value}, x.Elem)
		}
		return Literal{}, literalError("LiteralParseError", x.Size.Span(), "", "the number of elements is a number")
	case *syntax.StructLit:
		l := Literal{kind: structure, name: x.Type.Text}
		values := make([]syntax.Expr, len(x.Fields))
		for i, f := range x.Fields {
			l.fields = append(l.fields, f.Name.Text)
			values[i] = f.Value
		}
		return literals(l, values...)
	case *syntax.Path:
		if !x.Call {
			return Literal{kind: unitVariant, name: x.Type.Text, variant: x.Name.Text}, nil
		}
		return literals(Literal{kind: tupleVariant, name: x.Type.Text, variant: x.Name.Text}, x.Args...)
	}
	return Literal{}, literalError("LiteralParseError", x.Span(), "variables, constants and operators are not values", "the text is not a literal")
}

func literals(l Literal, xs ...syntax.Expr) (Literal, error) {
	l.elems = make([]Literal, len(xs))
	for i, x := range xs {
		var err error
		if l.elems[i], err = literal(x); err != nil {
			return Literal{}, err
		}
	}
	return l, nil
}
