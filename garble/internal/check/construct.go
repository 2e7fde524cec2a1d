package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// findVariant resolves Enum::Variant; nil if there is no such enum, -1 if no such variant.
func (b *body) findVariant(enum, name syntax.Name) (*Enum, int) {
	e := b.enums[enum.Text]
	if e == nil {
		hint := b.hint(enum.Text, keys(b.enums))
		for _, s := range b.supplies {
			if s.Party == enum.Text {
				hint = "a party's constant is named in a const definition: `const N: usize = PARTY::NAME;`"
			}
		}
		b.fail("UnknownEnum", enum.Span, hint, "there is no enum `%s`", enum.Text)
		return nil, -1
	}
	n, names := b.member(e, name.Text)
	if n < 0 {
		b.fail("UnknownEnumVariant", name.Span, b.hint(name.Text, names), "the enum `%s` has no variant `%s`", e.Name, name.Text)
	}
	return e, n
}

// member finds a field or a variant of a type by name; if there is none it gives -1 and the names that there are.
func (c *checker) member(t Type, name string) (int, []string) {
	m := c.members[t]
	if m == nil {
		m = map[string]int{}
		switch t := t.(type) {
		case *Struct:
			for i, f := range t.Fields {
				m[f.Name] = i
			}
		case *Enum:
			for i, v := range t.Variants {
				m[v.Name] = i
			}
		}
		c.members[t] = m
	}
	if n, ok := m[name]; ok {
		return n, nil
	}
	return -1, keys(m)
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
		b.fail("UnknownStruct", e.Type.Span, b.hint(e.Type.Text, keys(b.structs)), "there is no struct `%s`", e.Type.Text)
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
