package garble

import (
	"fmt"
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// encoder appends the bits of values in the layout of spec section 12. Its errors name types and never values.
type encoder struct {
	in   *check.Instance
	bits []bool
}

func (e *encoder) unexpected(l Literal, t check.Type) error { return e.mismatch(l, t, l.what()) }

func (e *encoder) mismatch(l Literal, t check.Type, found string) error {
	return literalError("UnexpectedType", l.at, "", "expected %s, found %s", e.describe(t), found)
}

// describe says what a value of a type looks like.
func (e *encoder) describe(t check.Type) string {
	switch t := t.(type) {
	case *check.Struct:
		return "the struct " + t.Name
	case *check.Enum:
		return "the enum " + t.Name
	}
	return e.in.Spell(t)
}

// what names the form of a literal without its content.
func (l Literal) what() string {
	switch l.kind {
	case boolean:
		return "a bool"
	case number:
		if l.num.Suffix != "" {
			return "a number with the suffix " + l.num.Suffix
		}
		return "a number"
	case rangeOf:
		return "a range of " + l.num.Suffix
	case array, repeat:
		return "an array"
	case tuple, paren:
		return "a tuple"
	case structure:
		return "a struct"
	}
	return "a variant of an enum"
}

func (e *encoder) value(l Literal, t check.Type) error {
	if p, ok := t.(*check.Tuple); l.kind == paren && !(ok && len(p.Elems) == 1) {
		return e.value(l.elems[0], t)
	}
	switch t := t.(type) {
	case check.Basic:
		return e.basic(l, t)
	case *check.Tuple:
		if l.kind != tuple && l.kind != paren {
			return e.unexpected(l, t)
		}
		if len(l.elems) != len(t.Elems) {
			return e.mismatch(l, t, fmt.Sprintf("a tuple of %d", len(l.elems)))
		}
		for i, elem := range t.Elems {
			if err := e.value(l.elems[i], elem); err != nil {
				return err
			}
		}
		return nil
	case *check.Array:
		return e.array(l, t)
	case *check.Struct:
		return e.structure(l, t)
	case *check.Enum:
		return e.enum(l, t)
	}
	return e.unexpected(l, t)
}

func (e *encoder) number(v uint64, t check.Basic) {
	for i := t.Bits() - 1; i >= 0; i-- {
		e.bits = append(e.bits, v>>i&1 == 1)
	}
}

func (e *encoder) basic(l Literal, t check.Basic) error {
	if t == check.Bool && l.kind == boolean {
		e.bits = append(e.bits, l.truth)
		return nil
	}
	if t == check.Bool || l.kind != number || l.num.Suffix != "" && l.num.Suffix != t.String() {
		return e.unexpected(l, t)
	}
	v, ok := check.Fit(l.num, t)
	if !ok {
		return literalError("UnexpectedType", l.at, check.RangeHint(t), "a number does not fit %v", t)
	}
	e.number(v, t)
	return nil
}

func (e *encoder) array(l Literal, t *check.Array) error {
	n := uint64(e.in.Len(t))
	found := uint64(len(l.elems))
	switch l.kind {
	case repeat:
		found = l.count
	case rangeOf:
		if l.num.Suffix != t.Elem.String() || l.num.Value >= l.end {
			return e.unexpected(l, t)
		}
		found = l.end - l.num.Value
	case array:
	default:
		return e.unexpected(l, t)
	}
	if found != n {
		return literalError("UnexpectedType", l.at, "", "expected %s, found an array of %d", e.in.Spell(t), found)
	}
	if l.kind == repeat {
		start := len(e.bits)
		if err := e.value(l.elems[0], t.Elem); err != nil {
			return err
		}
		elem := slices.Clone(e.bits[start:])
		e.bits = e.bits[:start]
		for range n {
			e.bits = append(e.bits, elem...)
		}
		return nil
	}
	for i := range n {
		elem := Literal{kind: number, num: syntax.Number{Value: l.num.Value + i, Suffix: l.num.Suffix}}
		if l.kind == array {
			elem = l.elems[i]
		}
		if err := e.value(elem, t.Elem); err != nil {
			return err
		}
	}
	return nil
}

// structure takes the fields in any order.
func (e *encoder) structure(l Literal, t *check.Struct) error {
	if l.kind != structure || l.name != t.Name {
		return e.unexpected(l, t)
	}
	for _, f := range t.Fields {
		i := slices.Index(l.fields, f.Name)
		if i < 0 {
			return literalError("MissingStructField", l.at, "", "the field `%s` of %s is missing", f.Name, t.Name)
		}
		if err := e.value(l.elems[i], f.Type); err != nil {
			return err
		}
	}
	if len(l.fields) == len(t.Fields) {
		return nil
	}
	for i, name := range l.fields {
		if slices.Contains(l.fields[:i], name) {
			return literalError("DuplicateDef", l.at, "", "a field of %s is given twice", t.Name)
		}
	}
	return literalError("UnknownStructField", l.at, fieldHint(t), "%s has no such field", t.Name)
}

func fieldHint(t *check.Struct) string {
	hint := "its fields are"
	for _, f := range t.Fields {
		hint += " " + f.Name
	}
	return hint
}

func (e *encoder) enum(l Literal, t *check.Enum) error {
	if l.kind != unitVariant && l.kind != tupleVariant || l.name != t.Name {
		return e.unexpected(l, t)
	}
	i := slices.IndexFunc(t.Variants, func(v check.Variant) bool { return v.Name == l.variant })
	if i < 0 {
		hint := "its variants are"
		for _, v := range t.Variants {
			hint += " " + v.Name
		}
		return literalError("UnknownEnumVariant", l.at, hint, "the enum %s has no such variant", t.Name)
	}
	v := t.Variants[i]
	if v.Tuple != (l.kind == tupleVariant) || len(v.Fields) != len(l.elems) {
		return literalError("UnexpectedEnumVariantArity", l.at, "", "a variant of %s has the wrong number of fields", t.Name)
	}
	start := len(e.bits)
	for b := t.TagBits() - 1; b >= 0; b-- {
		e.bits = append(e.bits, i>>b&1 == 1)
	}
	for i, f := range v.Fields {
		if err := e.value(l.elems[i], f); err != nil {
			return err
		}
	}
	e.bits = append(e.bits, make([]bool, start+e.in.Bits(t)-len(e.bits))...)
	return nil
}
