package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

func unit(at syntax.Span) *Block { return &Block{node: node{&Tuple{}, at}} }

// block checks a block; its value is that of a last expression statement, with or without a semicolon (D4).
func (b *body) block(e *syntax.Block) *Block {
	x := unit(e.Span())
	b.scoped(func() {
		for i, s := range e.Stmts {
			if last, ok := s.(*syntax.ExprStmt); ok && i == len(e.Stmts)-1 {
				x.Result = b.expr(last.X)
				x.typ = x.Result.Type()
				return
			}
			if s := b.stmt(s); s != nil {
				x.Stmts = append(x.Stmts, s)
			}
		}
	})
	return x
}

func (b *body) ifExpr(e *syntax.If) Expr {
	cond := b.want(e.Cond, Bool)
	var then, els Expr = b.block(e.Then), nil
	if e.Else == nil {
		els = unit(e.Then.Span())
		if t := then.Type(); t != invalid && !fits(t, els.Type()) {
			b.fail("TypeMismatch", e.Span(), "add an else; a semicolon does not discard the value, `let _ = ...;` does",
				"this if has no else, but a value of type %v", t)
			return bad(e.Span())
		}
	} else {
		els = b.expr(e.Else)
	}
	if !b.unify(&then, &els, e.Span()) {
		return bad(e.Span())
	}
	return &If{node{then.Type(), e.Span()}, cond, then, els}
}

func (b *body) match(e *syntax.Match) Expr {
	x := b.expr(e.X)
	open := x.Type()
	m := &Match{X: b.settle(x)}
	var bodies []Expr
	before := len(b.errs)
	for _, a := range e.Arms {
		b.scoped(func() {
			p := b.pattern(a.Pattern, open)
			m.Arms = append(m.Arms, Arm{Pattern: p})
			bodies = append(bodies, b.arm(a.Body))
		})
	}
	if x.Type() == invalid {
		return bad(e.Span())
	}
	var t Type = &Tuple{}
	if len(bodies) > 0 {
		t = commonType(bodies)
	}
	for i := range m.Arms {
		m.Arms[i].Body = b.constrain(bodies[i], t)
	}
	m.node = node{t, e.Span()}
	if len(b.errs) == before {
		b.exhaustive(m)
	}
	return m
}

// arm checks the body of an arm, which is a statement.
func (b *body) arm(s syntax.Stmt) Expr {
	if e, ok := s.(*syntax.ExprStmt); ok {
		return b.expr(e.X)
	}
	x := unit(s.Span())
	b.scoped(func() {
		if s := b.stmt(s); s != nil {
			x.Stmts = append(x.Stmts, s)
		}
	})
	return x
}
