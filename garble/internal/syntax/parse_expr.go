package syntax

// expr parses an expression. A block is a whole expression: it is an operand only in parentheses (D5).
func (p *parser) expr() Expr {
	if p.at("{") && !p.lost {
		return p.block()
	}
	return p.binary(0)
}

// nested parses with f where struct literals are allowed again, as inside brackets.
func (p *parser) nested(f func()) {
	saved := p.noStruct
	p.noStruct = false
	f()
	p.noStruct = saved
}

// head parses the expression before the block of an if, match or for.
func (p *parser) head() Expr {
	saved := p.noStruct
	p.noStruct = true
	e := p.expr()
	p.noStruct = saved
	return e
}

// node makes the base of an expression over operands, and keeps the tree below MaxDepth levels.
func (p *parser) node(start Span, operands ...Expr) base {
	b := p.since(start)
	for _, x := range operands {
		if x != nil {
			b.depth = max(b.depth, x.levels()+1)
		}
	}
	if b.depth > MaxDepth {
		p.tooDeep(p.last())
	}
	return b
}

// levels of binary operators, loosest first (D11: equality is looser than order).
var levels = [...]map[Kind]bool{
	{"||": true},
	{"&&": true},
	{"==": true, "!=": true},
	{"<": true, ">": true, "<=": true, ">=": true},
	{"|": true},
	{"^": true},
	{"&": true},
	{"<<": true, ">>": true},
	{"+": true, "-": true},
	{"*": true, "/": true, "%": true},
}

func (p *parser) binary(level int) Expr {
	if level == len(levels) {
		return p.cast()
	}
	x := p.binary(level + 1)
	for !p.lost && levels[level][p.tok().Kind] {
		op := string(p.next().Kind)
		y := p.binary(level + 1)
		x = &Binary{p.node(x.Span(), x, y), op, x, y}
	}
	return x
}

func (p *parser) cast() Expr {
	var x Expr
	switch {
	case p.at("if") && !p.lost:
		x = p.ifExpr()
	case p.at("match") && !p.lost:
		x = p.matchExpr()
	default:
		x = p.unary()
	}
	for p.accept("as") {
		t := p.typ()
		x = &Cast{p.node(x.Span(), x), x, t}
	}
	return x
}

func (p *parser) unary() Expr {
	if !p.enter() {
		p.leave()
		return &Bad{}
	}
	defer p.leave()
	start := p.tok().Span
	if !p.lost && (p.at("-") || p.at("!")) {
		op := string(p.next().Kind)
		x := p.unary()
		return &Unary{p.node(start, x), op, x}
	}
	return p.postfix()
}

func (p *parser) postfix() Expr {
	start := p.tok().Span
	x := p.primary()
	for !p.lost {
		switch {
		case p.accept("["):
			var i Expr
			p.nested(func() { i = p.expr() })
			p.expect("]", "")
			x = &Index{p.node(start, x, i), x, i}
		case p.accept("."):
			t := p.tok()
			switch {
			case t.Kind == IDENT:
				p.next()
				if p.at("(") {
					p.fail("Expected", "an operator or the end of the expression", "there are no methods; call a function: `"+t.Text+"(x)`")
				}
				x = &Field{p.node(start, x), x, Name{t.Text, t.Span}}
			case t.Kind == NUMBER && !t.Num.Neg && t.Num.Suffix == "":
				p.next()
				x = &TupleField{p.node(start, x), x, t.Num.Value}
			default:
				p.fail("ExpectedMethodCallOrFieldAccess", "a field name or a tuple index", "")
			}
		default:
			return x
		}
	}
	return x
}

func (p *parser) primary() Expr {
	t := p.tok()
	if p.lost {
		return &Bad{p.since(t.Span)}
	}
	switch t.Kind {
	case NUMBER:
		return p.number()
	case IDENT:
		return p.named()
	case "(":
		return p.paren()
	case "[":
		return p.array()
	}
	hint := ""
	switch t.Kind {
	case "{":
		hint = "put a block that is an operand in parentheses"
	case "&":
		hint = "there are no references; values are copied"
	case "|", "||":
		hint = "there are no closures"
	case "if", "match":
		hint = "put it in parentheses"
	case "+", "*", "/", "%", "==", "!=", "-":
		switch before := p.last(); {
		case p.i > 0 && p.tokens[p.i-1].Kind == "}":
			hint = "a statement that begins with `{` ends at its `}`"
		case p.i > 0 && p.tokens[p.i-1].Kind == t.Kind && before.End == t.Span.Start:
			hint = "write `+= 1` or `-= 1`"
		}
	case "]":
		hint = "an array has at least one element; `[x; 0]` has none"
	}
	p.fail("ExpectedExpr", "an expression", hint)
	return &Bad{p.since(t.Span)}
}

func (p *parser) number() Expr {
	lo := p.next()
	if p.at("..=") {
		p.fail("Expected", "`..`", "a range that is an array has no `..=`; write the end after the last element")
	}
	if !p.accept("..") {
		return &Num{p.since(lo.Span), lo.Num}
	}
	hi := p.tok()
	if hi.Kind != NUMBER {
		p.fail("InvalidRangeExpr", "the end of the range, a number", "both ends of a range are literals; `for _ in [0; N]` runs N times")
		return &Bad{p.since(lo.Span)}
	}
	p.next()
	r := &Range{p.since(lo.Span), lo.Num.Value, hi.Num.Value, lo.Num.Suffix}
	if r.Suffix == "" {
		r.Suffix = hi.Num.Suffix
	}
	switch {
	case lo.Num.Neg || hi.Num.Neg || lo.Num.SignedSuffix() || hi.Num.SignedSuffix():
		p.failAt(r.span, "Expected", "cast the elements instead", "the ends of a range are unsigned literals")
	case hi.Num.Suffix != "" && hi.Num.Suffix != r.Suffix:
		p.failAt(r.span, "InvalidRangeTypes", "", "the ends of this range have different types, %s and %s", lo.Num.Suffix, hi.Num.Suffix)
	}
	return r
}

func (p *parser) args(closing Kind) []Expr {
	var args []Expr
	p.nested(func() { p.list(closing, func() { args = append(args, p.expr()) }) })
	return args
}

func (p *parser) named() Expr {
	t := p.next()
	name := Name{t.Text, t.Span}
	switch {
	case t.Text == "true" || t.Text == "false":
		return &Bool{p.since(t.Span), t.Text == "true"}
	case p.accept("::"):
		e := &Path{Type: name, Name: p.name("a variant")}
		if e.Call = p.accept("("); e.Call {
			e.Args = p.args(")")
		}
		e.base = p.node(t.Span, e.Args...)
		return e
	case p.accept("("):
		args := p.args(")")
		return &Call{p.node(t.Span, args...), name, args}
	case p.at("{") && !p.noStruct:
		return p.structLit(name)
	}
	return &Ident{p.since(t.Span), t.Text}
}

func (p *parser) structLit(name Name) Expr {
	s := &StructLit{Type: name}
	p.next()
	var values []Expr
	p.nested(func() {
		p.list("}", func() {
			f := FieldInit{Name: p.name("a field name")}
			if p.accept(":") {
				f.Value = p.expr()
			} else {
				f.Value = &Ident{base{f.Name.Span, 1}, f.Name.Text}
			}
			s.Fields = append(s.Fields, f)
			values = append(values, f.Value)
		})
	})
	s.base = p.node(name.Span, values...)
	return s
}

func (p *parser) paren() Expr {
	start := p.next().Span
	var elems []Expr
	var comma bool
	p.nested(func() { comma = p.list(")", func() { elems = append(elems, p.expr()) }) })
	if len(elems) == 1 && !comma {
		return &Paren{p.node(start, elems...), elems[0]}
	}
	return &Tuple{p.node(start, elems...), elems}
}

func (p *parser) array() Expr {
	start := p.next().Span
	if p.emptyArray && p.accept("]") {
		return &Array{p.since(start), nil}
	}
	var first Expr
	p.nested(func() { first = p.expr() })
	if p.accept(";") {
		size := p.size()
		p.expect("]", "")
		return &Repeat{p.node(start, first), first, size}
	}
	elems := []Expr{first}
	if p.accept(",") {
		elems = append(elems, p.args("]")...)
	} else if !p.lost && !p.accept("]") {
		p.fail("Expected", "`,`, `;` or `]`", "")
	}
	return &Array{p.node(start, elems...), elems}
}
