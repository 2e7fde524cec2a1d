package syntax

// block parses `{ statements }`. An error inside a statement is contained: parsing goes on with the next one.
func (p *parser) block() *Block {
	b := &Block{}
	start := p.tok().Span
	if !p.enter() {
		p.leave()
		return b
	}
	defer p.leave()
	p.expect("{", "")
	var operands []Expr
	p.nested(func() {
		for !p.lost && !p.at("}") && len(p.errs) < MaxErrors {
			if p.accept(";") { // D25
				continue
			}
			if p.at(EOF) {
				p.failAt(p.last(), "Expected", "", "expected `}`: the block that begins at %v is not closed", start.Start)
				break
			}
			from := p.i
			s := p.stmt()
			if !p.lost {
				b.Stmts = append(b.Stmts, s)
				operands = append(operands, s)
				continue
			}
			p.skipStmt(from)
		}
	})
	if !p.lost {
		p.expect("}", "")
	}
	b.base = p.node(start, operands...)
	return b
}

// skipStmt finds the end of a broken statement that began at token from: behind a `;` or the `}` of a block, or at the `}`
// of the block around it.
func (p *parser) skipStmt(from int) {
	open := 0
	for i := from; i < p.i; i++ { // how deep inside the statement the error was
		open += nesting(p.tokens[i].Kind)
	}
	for open = max(open, 0); !p.at(EOF); {
		k := p.tok().Kind
		if open == 0 && k == "}" {
			break
		}
		if k == "fn" || k == "struct" || k == "enum" || k == "pub" {
			return // another definition: the block was not closed
		}
		if open == 0 && (k == "let" || k == "for") && p.i > from {
			break
		}
		p.next()
		open = max(open+nesting(k), 0)
		if open == 0 && (k == ";" || k == "}" && !p.at("else") && !p.at(")") && !p.at("]") && !p.at(",")) {
			break
		}
	}
	p.lost = p.at(EOF)
}

func nesting(k Kind) int {
	switch k {
	case "{":
		return 1
	case "}":
		return -1
	}
	return 0
}

func (p *parser) stmt() Stmt {
	start := p.tok().Span
	switch {
	case p.accept("let"):
		return p.let(start)
	case p.accept("for"):
		s := &For{Pattern: p.pattern()}
		p.expect("in", "")
		s.X = p.head()
		s.Body = p.block()
		s.base = p.node(start, s.X, s.Body)
		return s
	}
	return p.exprStmt(start)
}

func (p *parser) let(start Span) Stmt {
	s := &Let{Mut: p.accept("mut")}
	if s.Mut {
		name := p.name("a variable")
		s.Pattern = &VarPattern{base{name.Span, 1}, name.Text}
	} else {
		s.Pattern = p.pattern()
	}
	if p.accept(":") {
		s.Type = p.typ()
	}
	p.expect("=", "a variable is always given a value")
	s.Value = p.expr()
	p.expect(";", "")
	s.base = p.node(start, s.Value)
	return s
}

func (p *parser) exprStmt(start Span) Stmt {
	blockLike := p.at("if") || p.at("match") || p.at("{")
	x := p.expr()
	op := p.tok().Kind
	if !p.lost && isAssign(op) {
		if !isPlace(x) {
			p.failAt(x.Span(), "Expected", "the left side is a variable, followed by any [index], .field and .0", "cannot assign to this expression")
		}
		p.next()
		value := p.expr()
		p.terminator(false)
		return &Assign{p.node(start, x, value), x, string(op), value}
	}
	end := p.node(start, x)
	p.terminator(blockLike)
	return &ExprStmt{end, x}
}

// terminator reads the `;` after a statement, which may be missing before `}` and `,` and after a block.
func (p *parser) terminator(optional bool) {
	if !p.accept(";") && !optional && !p.at("}") && !p.at(",") {
		p.failBehind("`;` or `}`", foreign[p.tokens[max(p.i-1, 0)].Text])
	}
}

// foreign are hints for words that are statements in other languages.
var foreign = map[string]string{
	"while":    "loops run over arrays: `for i in 0..10 { ... }`",
	"loop":     "loops run over arrays: `for i in 0..10 { ... }`",
	"return":   "the last expression of a function is its result",
	"break":    "a loop always runs over the whole array; use a condition inside",
	"continue": "a loop always runs over the whole array; use a condition inside",
	"static":   "constants are defined outside of functions: `const N: usize = 3usize;`",
	"var":      "variables are declared with `let`, or `let mut` if they change",
}

func isAssign(k Kind) bool {
	switch k {
	case "=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<<=", ">>=":
		return true
	}
	return false
}

func isPlace(e Expr) bool {
	for {
		switch x := e.(type) {
		case *Ident:
			return true
		case *Index:
			e = x.X
		case *Field:
			e = x.X
		case *TupleField:
			e = x.X
		default:
			return false
		}
	}
}

func (p *parser) ifExpr() Expr {
	if !p.enter() {
		p.leave()
		return &Bad{}
	}
	defer p.leave()
	start := p.next().Span
	e := &If{Cond: p.head()}
	if p.at("=") {
		p.fail("Expected", "`{`", "values are compared with `==`")
	}
	e.Then = p.block()
	if p.accept("else") {
		if p.at("if") {
			e.Else = p.expr()
		} else {
			e.Else = p.block()
		}
	}
	e.base = p.node(start, e.Cond, e.Then, e.Else)
	return e
}

func (p *parser) matchExpr() Expr {
	if !p.enter() {
		p.leave()
		return &Bad{}
	}
	defer p.leave()
	start := p.next().Span
	m := &Match{X: p.head()}
	operands := []Expr{m.X}
	p.expect("{", "")
	p.nested(func() {
		for !p.lost && !p.at("}") {
			a := Arm{Pattern: p.pattern()}
			hint := ""
			if p.at("if") {
				hint = "there are no guards; put the condition into the arm"
			} else if p.at("|") {
				hint = "there are no or-patterns; write an arm for each"
			}
			p.expect("=>", hint)
			a.Body = p.stmt()
			m.Arms = append(m.Arms, a)
			operands = append(operands, a.Body)
			if !p.accept(",") && !p.at("}") && !endsInBlock(a.Body) {
				p.fail("Expected", "`,` or `}`", "")
			}
		}
	})
	p.expect("}", "")
	m.base = p.node(start, operands...)
	return m
}

// endsInBlock reports whether no comma is needed after an arm.
func endsInBlock(s Stmt) bool {
	switch s := s.(type) {
	case *For:
		return true
	case *ExprStmt:
		switch s.X.(type) {
		case *If, *Match, *Block:
			return true
		}
	}
	return false
}
