package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// findVariant resolves Enum::Variant; nil if there is no such enum, -1 if no such variant.
func (b *body) findVariant(enum, name syntax.Name) (*Enum, int) {
	e := b.enums[enum.Text]
	if e == nil {
		hint := nearestName(enum.Text, keys(b.enums))
		for _, s := range b.supplies {
			if s.Party == enum.Text {
				hint = "a party's constant is named in a const definition: `const N: usize = PARTY::NAME;`"
			}
		}
		b.fail("UnknownEnum", enum.Span, hint, "there is no enum `%s`", enum.Text)
		return nil, -1
	}
	names := make([]string, len(e.Variants))
	for i, v := range e.Variants {
		if v.Name == name.Text {
			return e, i
		}
		names[i] = v.Name
	}
	b.fail("UnknownEnumVariant", name.Span, nearestName(name.Text, names), "the enum `%s` has no variant `%s`", e.Name, name.Text)
	return e, -1
}

// shape checks that a variant is written as it is defined.
func (b *body) shape(e *Enum, v Variant, at syntax.Span, tuple bool, arity int) bool {
	switch {
	case v.Tuple && !tuple:
		b.fail("ExpectedTupleVariantFoundUnitVariant", at, "", "%s::%s has fields: write them in parentheses", e.Name, v.Name)
	case !v.Tuple && tuple:
		b.fail("ExpectedUnitVariantFoundTupleVariant", at, "", "%s::%s has no fields: write it without parentheses", e.Name, v.Name)
	case len(v.Fields) != arity:
		b.fail("UnexpectedEnumVariantArity", at, "", "%s::%s has %d fields, found %d", e.Name, v.Name, len(v.Fields), arity)
	default:
		return true
	}
	return false
}

// variant checks Enum::Variant or Enum::Variant(fields).
func (b *body) variant(e *syntax.Path) Expr {
	enum, n := b.findVariant(e.Type, e.Name)
	x := &VariantLit{node{invalid, e.Span()}, n, nil}
	if enum != nil {
		x.typ = enum
	}
	ok := n >= 0 && b.shape(enum, enum.Variants[n], e.Span(), e.Call, len(e.Args))
	for i, a := range e.Args {
		if ok {
			x.Fields = append(x.Fields, b.want(a, enum.Variants[n].Fields[i]))
		} else {
			b.settle(b.expr(a))
		}
	}
	return x
}

// structLit checks a struct literal. The fields are evaluated in name order (D10).
func (b *body) structLit(e *syntax.StructLit) Expr {
	s := b.structs[e.Type.Text]
	if s == nil {
		b.fail("UnknownStruct", e.Type.Span, nearestName(e.Type.Text, keys(b.structs)), "there is no struct `%s`", e.Type.Text)
		for _, f := range e.Fields {
			b.settle(b.expr(f.Value))
		}
		return bad(e.Span())
	}
	x := &Composite{node{s, e.Span()}, make([]Expr, len(s.Fields))}
	for _, f := range e.Fields {
		n, t := b.fieldOf(s, e.Span(), f.Name)
		v := b.want(f.Value, t)
		if t == invalid {
			continue
		}
		if x.Elems[n] != nil {
			b.fail("DuplicateDef", f.Name.Span, "", "the field `%s` is given twice", f.Name.Text)
		}
		x.Elems[n] = v
	}
	for i, v := range x.Elems {
		if v == nil {
			b.fail("MissingStructField", e.Span(), "", "the field `%s` of `%s` is missing", s.Fields[i].Name, s.Name)
			x.Elems[i] = bad(e.Span())
		}
	}
	return x
}
