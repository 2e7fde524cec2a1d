package check

import (
	"fmt"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// pattern checks a pattern against the type of its subject, which may be open, and binds its variables.
func (b *body) pattern(p syntax.Pattern, t Type) Pattern {
	if b.full() {
		return nil
	}
	switch p := p.(type) {
	case *syntax.VarPattern:
		v := variable(p.Name, t, p.Span())
		b.bind(v)
		return &Bind{v}
	case *syntax.BoolPattern:
		if t != Bool && t != invalid {
			b.mismatch(p.Span(), t, Bool)
		}
		return &RangePattern{Bool, boolBits(p.Value), boolBits(p.Value)}
	case *syntax.NumPattern:
		return b.numPattern(p, t)
	case *syntax.TuplePattern:
		return b.tuplePattern(p, t)
	case *syntax.StructPattern:
		return b.structPattern(p, t)
	case *syntax.EnumPattern:
		return b.enumPattern(p, t)
	}
	return nil
}

// patterns checks patterns against types; missing types are invalid.
func (b *body) patterns(ps []syntax.Pattern, types []Type) []Pattern {
	checked := make([]Pattern, len(ps))
	for i, p := range ps {
		var t Type = invalid
		if i < len(types) {
			t = types[i]
		}
		checked[i] = b.pattern(p, t)
	}
	return checked
}

// numPattern checks a number or a range against the subject's type: sign, suffix and size (B13, B19).
func (b *body) numPattern(p *syntax.NumPattern, t Type) Pattern {
	basic, ok := settled(t).(Basic)
	if !ok || !basic.Integer() {
		b.notA("ExpectedNumberType", fmt.Sprintf("a pattern of type %v", t), p.Span(), t, "")
		return &RangePattern{Type: Bool}
	}
	lo, hi := p.Lo, p.Hi
	if !basic.Signed() && (lo.Neg || hi.Neg || lo.SignedSuffix() || hi.SignedSuffix()) {
		b.fail("ExpectedSignedNumberType", p.Span(), "", "a signed number never matches %v", basic)
		return &RangePattern{Type: basic}
	}
	for _, n := range []syntax.Number{lo, hi} {
		if n.Suffix != "" && basics[n.Suffix] != basic {
			b.mismatch(p.Span(), basic, basics[n.Suffix])
			return &RangePattern{Type: basic}
		}
	}
	from, ok1 := Fit(lo, basic)
	to, ok2 := Fit(hi, basic)
	if p.Exclusive {
		if !ok2 && !hi.Neg && hi.Value == highest(basic)+1 {
			ok2 = true // the end is excluded, so it may be one too large
			to = highest(basic)
		} else if ok2 && ok1 && !less(from, to, basic) {
			hint := ""
			if from == to {
				hint = "write ..= if the end is included"
			}
			b.fail("InvalidRange", p.Span(), hint, "this range is empty")
			return &RangePattern{basic, from, from}
		} else {
			to = truncate(to-1, basic)
		}
	}
	switch {
	case !ok1 || !ok2:
		b.fail("UnexpectedType", p.Span(), RangeHint(basic), "this pattern does not fit %v", basic)
	case less(to, from, basic):
		b.fail("InvalidRange", p.Span(), "", "this range is empty")
	}
	return &RangePattern{basic, from, to}
}

func (b *body) tuplePattern(p *syntax.TuplePattern, t Type) Pattern {
	tuple, ok := t.(*Tuple)
	if !ok {
		b.notA("ExpectedTupleType", fmt.Sprintf("a pattern of type %v", t), p.Span(), t, "")
		return &ProductPattern{b.patterns(p.Elems, nil)}
	}
	if len(tuple.Elems) != len(p.Elems) {
		b.fail("UnexpectedEnumVariantArity", p.Span(), "", "the tuple %v has %d components, this pattern %d", t, len(tuple.Elems), len(p.Elems))
		return &ProductPattern{b.patterns(p.Elems, nil)}
	}
	return &ProductPattern{b.patterns(p.Elems, tuple.Elems)}
}

// structPattern checks a struct pattern; what `..` leaves out matches anything (B11).
func (b *body) structPattern(p *syntax.StructPattern, t Type) Pattern {
	s := b.structs[p.Type.Text]
	_, isStruct := t.(*Struct)
	switch {
	case s == nil:
		b.fail("UnknownStruct", p.Type.Span, b.hint(p.Type.Text, keys(b.structs)), "there is no struct `%s`", p.Type.Text)
		t = invalid
	case !isStruct && t != invalid:
		b.notA("ExpectedStructType", fmt.Sprintf("a pattern of type %v", t), p.Span(), s, "")
		t = invalid
	case t != s && t != invalid:
		b.mismatch(p.Span(), t, s)
		t = invalid
	}
	if t == invalid {
		for _, f := range p.Fields {
			b.pattern(f.Pattern, invalid)
		}
		return &ProductPattern{}
	}
	x := &ProductPattern{make([]Pattern, len(s.Fields))}
	for _, f := range p.Fields {
		n, ft := b.fieldOf(s, p.Span(), f.Name)
		checked := b.pattern(f.Pattern, ft)
		if ft == invalid {
			continue
		}
		if x.Elems[n] != nil {
			b.fail("DuplicateDef", f.Name.Span, "", "the field `%s` is matched twice", f.Name.Text)
		}
		x.Elems[n] = checked
	}
	for i, e := range x.Elems {
		if e == nil && !p.Rest {
			b.fail("MissingStructField", p.Span(), "end the pattern with `..` to leave fields out", "the field `%s` of `%s` is missing", s.Fields[i].Name, s.Name)
		}
	}
	return x
}

func (b *body) enumPattern(p *syntax.EnumPattern, t Type) Pattern {
	e, n := b.findVariant(p.Type, p.Name)
	_, isEnum := t.(*Enum)
	switch {
	case e == nil || t == invalid:
		t = invalid
	case !isEnum:
		b.notA("ExpectedEnumType", fmt.Sprintf("a pattern of type %v", t), p.Span(), e, "")
		t = invalid
	case t != e:
		b.mismatch(p.Span(), t, e)
		t = invalid
	}
	if t == invalid || n < 0 || !b.shape(e, e.Variants[n], p.Span(), p.Tuple, len(p.Elems)) {
		b.patterns(p.Elems, nil)
		return &VariantPattern{Enum: e}
	}
	return &VariantPattern{e, n, b.patterns(p.Elems, e.Variants[n].Fields)}
}
