package syntax

// typ parses a type; nil after an error.
func (p *parser) typ() Type {
	if !p.enter() {
		p.leave()
		return nil
	}
	defer p.leave()
	start := p.tok().Span
	switch {
	case p.lost:
	case p.at(IDENT):
		name := p.next().Text
		return &NamedType{p.since(start), name}
	case p.accept("("):
		t := &TupleType{}
		p.list(")", func() { t.Elems = append(t.Elems, p.typ()) })
		t.base = p.since(start)
		return t
	case p.accept("["):
		t := &ArrayType{Elem: p.typ()}
		p.expect(";", "an array type is written `[T; 3]`")
		if p.accept("const") {
			t.Const = true
			p.expect("{", "")
			t.Size = p.constExpr()
			p.expect("}", "")
		} else {
			t.Size = p.size()
		}
		p.expect("]", "")
		t.base = p.since(start)
		return t
	default:
		p.fail("ExpectedType", "a type", "")
	}
	return nil
}

// size parses the length of an array: a number, unsuffixed or usize, or the name of a constant.
func (p *parser) size() Expr {
	t := p.tok()
	switch {
	case p.lost:
	case t.Kind == IDENT:
		p.next()
		return &Ident{p.since(t.Span), t.Text}
	case t.Kind == NUMBER && !t.Num.Neg && (t.Num.Suffix == "" || t.Num.Suffix == "usize"):
		p.next()
		return &Num{p.since(t.Span), t.Num}
	default:
		p.fail("InvalidArraySize", "an array size", "a size is a number (usize), the name of a constant, or in a type `const { ... }`")
	}
	return &Bad{p.since(t.Span)}
}

// constExpr parses an expression and refuses what is not constant.
func (p *parser) constExpr() Expr {
	e := p.expr()
	if !p.lost {
		p.checkConst(e)
	}
	return e
}

func (p *parser) checkConst(e Expr) {
	switch e := e.(type) {
	case *Bool, *Num, *Ident, *Bad:
		return
	case *Path:
		if !e.Call {
			return
		}
	case *Paren:
		p.checkConst(e.X)
		return
	case *Binary:
		if e.Op == "+" || e.Op == "-" {
			p.checkConst(e.X)
			p.checkConst(e.Y)
			return
		}
	case *Call:
		if e.Fn.Text == "max" || e.Fn.Text == "min" {
			for _, a := range e.Args {
				p.checkConst(a)
			}
			return
		}
	}
	p.failAt(e.Span(), "InvalidConstExpr", "", "a constant is made of literals, constants, PARTY::NAME, +, -, max(...) and min(...)")
}
