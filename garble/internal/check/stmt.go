package check

import (
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// stmt checks a statement; nil if it is broken.
func (b *body) stmt(s syntax.Stmt) Stmt {
	switch s := s.(type) {
	case *syntax.Let:
		return b.let(s)
	case *syntax.Assign:
		return b.assign(s)
	case *syntax.For:
		return b.loop(s)
	case *syntax.ExprStmt:
		return &ExprStmt{b.settle(b.expr(s.X))}
	}
	return nil
}

func (b *body) let(s *syntax.Let) Stmt {
	x := b.expr(s.Value)
	if s.Type != nil {
		x = b.constrain(x, b.typ(s.Type))
	}
	if s.Mut {
		x = b.constrain(x, replaceOpen(x.Type(), I32, I32))
		name := s.Pattern.(*syntax.VarPattern)
		v := variable(name.Name, x.Type(), name.Span())
		v.Mut = true
		b.bind(v)
		return &Let{&Bind{v}, x}
	}
	open := x.Type()
	if l, ok := x.(*Lit); ok && hasOpen(open) {
		if name, ok := s.Pattern.(*syntax.VarPattern); ok {
			return b.letLiteral(name, l)
		}
	}
	p := b.irrefutable(s.Pattern, open)
	if v, ok := p.(*Bind); ok && v.Var.open != nil {
		if from, ok := x.(*VarRef); ok {
			v.Var.known = from.Var.known
		}
	}
	return &Let{p, b.settle(x)}
}

// letLiteral binds an unsuffixed literal. The variable has 32 bits, or 64 if it needs them; its uses know the value.
func (b *body) letLiteral(name *syntax.VarPattern, l *Lit) Stmt {
	n := l.number()
	v := variable(name.Name, l.typ, name.Span())
	v.known = []syntax.Number{n}
	if _, ok := Fit(n, v.Type.(Basic)); !ok {
		v.Type = replaceOpen(l.typ, U64, I64)
	}
	x := b.constrain(l, v.Type)
	b.bind(v)
	return &Let{&Bind{v}, x}
}

// irrefutable checks the pattern of a let or for (B12).
func (b *body) irrefutable(p syntax.Pattern, t Type) Pattern {
	before := len(b.errs)
	checked := b.pattern(p, t)
	if len(b.errs) > before || t == invalid {
		return checked
	}
	missing, ok := b.missing([]Pattern{checked}, settled(t), p.Span())
	if ok && len(missing) > 0 {
		b.fail("PatternsAreNotExhaustive", p.Span(), "use match", "this pattern does not match %s", strings.Join(missing, ", "))
	}
	return checked
}

func (b *body) assign(s *syntax.Assign) Stmt {
	var steps []syntax.Expr
	target := s.Target
	for {
		if id, ok := target.(*syntax.Ident); ok {
			slices.Reverse(steps)
			return b.assignTo(s, id, steps)
		}
		steps = append(steps, target)
		switch e := target.(type) {
		case *syntax.Index:
			target = e.X
		case *syntax.Field:
			target = e.X
		case *syntax.TupleField:
			target = e.X
		default:
			return nil
		}
	}
}

// assignTo checks an assignment to the part of a variable that steps lead to.
func (b *body) assignTo(s *syntax.Assign, id *syntax.Ident, steps []syntax.Expr) Stmt {
	v := b.lookup(id.Name)
	var t Type = invalid
	switch {
	case v == nil && b.consts[id.Name] != nil:
		b.fail("UnknownIdentifier", id.Span(), "", "`%s` is a constant and cannot be assigned", id.Name)
	case v == nil:
		b.fail("UnknownIdentifier", id.Span(), b.hint(id.Name, b.visible()), "there is no variable `%s`", id.Name)
	case !v.Mut && v.Type != invalid:
		b.fail("IdentifierNotDeclaredAsMutable", id.Span(), "declare it with `mut`", "the variable `%s` is not mutable", id.Name)
	default:
		t = v.Type
	}
	a := &Assign{Var: v, Span: s.Span()}
	at := id.Span()
	for _, step := range steps {
		st := Step{From: t}
		switch e := step.(type) {
		case *syntax.Index:
			st.Index = b.want(e.Index, Usize)
			array, ok := t.(*Array)
			if ok {
				t = array.Elem
			} else {
				b.notA("ExpectedArrayType", "an array", at, t, "")
				t = invalid
			}
		case *syntax.Field:
			st.N, t = b.fieldOf(t, at, e.Name)
		case *syntax.TupleField:
			st.N, t = b.componentOf(t, at, e.Span(), e.N)
		}
		at = step.Span()
		a.Path = append(a.Path, st)
	}
	b.assigned(a, s, t)
	return a
}

// assigned checks the right side of an assignment to a place of type t.
func (b *body) assigned(a *Assign, s *syntax.Assign, t Type) {
	x := b.expr(s.Value)
	if s.Op == "=" {
		a.Value = b.constrain(x, t)
		return
	}
	a.Compound, a.Op = true, binaryOps[strings.TrimSuffix(s.Op, "=")]
	place := &Lit{node{t, s.Target.Span()}, 0} // stands for the old value
	if t == invalid || !b.operand(a.Op, place) {
		return
	}
	switch {
	case a.Op == Shl || a.Op == Shr:
		a.Value = b.constrain(x, U8)
	case !fits(x.Type(), t):
		b.fail("TypeMismatch", s.Span(), convertHint(t, x.Type()), "the types differ: %v and %v", t, x.Type())
	default:
		a.Value = b.constrain(x, t)
	}
}

func (b *body) loop(s *syntax.For) Stmt {
	if c, ok := s.X.(*syntax.Call); ok && c.Fn.Text == "join_iter" {
		return b.joinLoop(s, c)
	}
	x := b.expr(s.X)
	var elem Type = invalid
	if a, ok := x.Type().(*Array); ok {
		elem = a.Elem
	} else {
		b.notA("ExpectedArrayType", "an array", s.X.Span(), x.Type(), "a range of literals such as 0..10 is an array too")
	}
	f := &For{Array: b.settle(x), Span: s.Span()}
	b.scoped(func() {
		f.Pattern = b.irrefutable(s.Pattern, elem)
		v, isVar := f.Pattern.(*Bind)
		if r, ok := x.(*Range); ok && isVar && v.Var.open != nil {
			last := r.From + uint64(r.typ.(*Array).Size.sum.k) - 1
			v.Var.known = []syntax.Number{{Value: r.From}, {Value: last}}
		}
		f.Body = b.loopBody(s.Body)
	})
	return f
}

// loopBody checks a block whose value, if any, is dropped.
func (b *body) loopBody(e *syntax.Block) *Block {
	x := b.block(e)
	return b.settle(x).(*Block)
}
