package syntax

// pattern parses a pattern.
func (p *parser) pattern() Pattern {
	if !p.enter() {
		p.leave()
		return &BadPattern{}
	}
	defer p.leave()
	start := p.tok().Span
	switch {
	case p.lost:
	case p.at(NUMBER):
		return p.numPattern(start)
	case p.at(IDENT):
		return p.namedPattern(start)
	case p.accept("("):
		t := &TuplePattern{}
		p.list(")", func() { t.Elems = append(t.Elems, p.pattern()) })
		t.base = p.since(start)
		return t
	default:
		p.fail("InvalidPattern", "a pattern", "")
	}
	return &BadPattern{p.since(start)}
}

func (p *parser) namedPattern(start Span) Pattern {
	name := p.name("a pattern")
	switch {
	case name.Text == "true" || name.Text == "false":
		return &BoolPattern{p.since(start), name.Text == "true"}
	case p.accept("::"):
		e := &EnumPattern{Type: name, Name: p.name("a variant")}
		if p.accept("(") {
			e.Tuple = true
			p.list(")", func() { e.Elems = append(e.Elems, p.pattern()) })
		}
		e.base = p.since(start)
		return e
	case p.accept("{"):
		return p.structPattern(start, name)
	}
	return &VarPattern{p.since(start), name.Text}
}

func (p *parser) structPattern(start Span, name Name) Pattern {
	s := &StructPattern{Type: name}
	p.list("}", func() {
		if p.accept("..") {
			s.Rest = true
			if !p.at("}") {
				p.fail("Expected", "`}`", "`..` comes last in a struct pattern")
			}
			return
		}
		f := FieldPattern{Name: p.name("a field name")}
		if p.accept(":") {
			f.Pattern = p.pattern()
		} else {
			f.Pattern = &VarPattern{base{f.Name.Span, 1}, f.Name.Text}
		}
		s.Fields = append(s.Fields, f)
	})
	s.base = p.since(start)
	return s
}

func (p *parser) numPattern(start Span) Pattern {
	n := &NumPattern{Lo: p.next().Num}
	n.Hi = n.Lo
	if p.at("..") || p.at("..=") {
		n.Exclusive = p.next().Kind == ".."
		if !p.at(NUMBER) {
			p.fail("InvalidRangeExpr", "the end of the range, a number", "both ends of a range are literals")
			return &BadPattern{p.since(start)}
		}
		n.Hi = p.next().Num
		n.base = p.since(start)
		if n.Lo.Suffix != n.Hi.Suffix && n.Lo.Suffix != "" && n.Hi.Suffix != "" {
			p.failAt(n.span, "InvalidRangeExpr", "", "the ends of this range have different types, %s and %s", n.Lo.Suffix, n.Hi.Suffix)
		}
	}
	n.base = p.since(start)
	return n
}
