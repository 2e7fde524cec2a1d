package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// expr checks an expression. Its type may be open.
func (b *body) expr(e syntax.Expr) Expr {
	at := e.Span()
	if b.full() {
		return bad(at)
	}
	switch e := e.(type) {
	case *syntax.Paren:
		return b.expr(e.X)
	case *syntax.Bool:
		return &Lit{node{Bool, at}, boolBits(e.Value)}
	case *syntax.Num:
		return b.num(e)
	case *syntax.Range:
		return b.rangeExpr(e)
	case *syntax.Ident:
		return b.ident(e)
	case *syntax.Path:
		return b.variant(e)
	case *syntax.Call:
		return b.call(e)
	case *syntax.StructLit:
		return b.structLit(e)
	case *syntax.Tuple:
		t, x := &Tuple{}, &Composite{}
		for _, elem := range e.Elems {
			x.Elems = append(x.Elems, b.expr(elem))
			t.Elems = append(t.Elems, x.Elems[len(x.Elems)-1].Type())
		}
		x.node = node{t, at}
		return x
	case *syntax.Array:
		return b.array(e)
	case *syntax.Repeat:
		return b.repeat(e)
	case *syntax.Index:
		return b.index(e)
	case *syntax.Field:
		return b.field(e)
	case *syntax.TupleField:
		return b.tupleField(e)
	case *syntax.Unary:
		return b.unary(e)
	case *syntax.Binary:
		return b.binary(e)
	case *syntax.Cast:
		return b.cast(e)
	case *syntax.If:
		return b.ifExpr(e)
	case *syntax.Match:
		return b.match(e)
	case *syntax.Block:
		return b.block(e)
	}
	return bad(at)
}

// want checks an expression and constrains it.
func (b *body) want(e syntax.Expr, t Type) Expr { return b.constrain(b.expr(e), t) }

func (b *body) num(e *syntax.Num) Expr {
	t := literalType(e.Number)
	if t.open() {
		v := e.Value
		if e.Neg {
			v = -v
		}
		return &Lit{node{t, e.Span()}, v}
	}
	bits, ok := Fit(e.Number, t)
	if !ok { // a usize above 32 bits; the scanner looks after the rest
		b.fail("UnexpectedType", e.Span(), RangeHint(t), "%s does not fit %v", numText(e.Number), t)
		return bad(e.Span())
	}
	return &Lit{node{t, e.Span()}, bits}
}

func (b *body) rangeExpr(e *syntax.Range) Expr {
	elem := literalType(syntax.Number{Suffix: e.Suffix})
	switch {
	case e.Lo >= e.Hi:
		b.fail("InvalidRange", e.Span(), "the end is the number after the last element", "the range %d..%d is empty", e.Lo, e.Hi)
		return bad(e.Span())
	case e.Hi-e.Lo >= 1<<32:
		b.fail("InvalidRange", e.Span(), "", "the range has %d elements, the limit is %d", e.Hi-e.Lo, uint64(1<<32-1))
		return bad(e.Span())
	}
	x := &Range{node{nil, e.Span()}, e.Lo}
	b.pushRange(x, &Array{elem, number(uint32(e.Hi - e.Lo))})
	return x
}

func (b *body) ident(e *syntax.Ident) Expr {
	if v := b.lookup(e.Name); v != nil {
		if v.open != nil {
			return &VarRef{node{v.open, e.Span()}, v}
		}
		return &VarRef{node{v.Type, e.Span()}, v}
	}
	if k := b.consts[e.Name]; k != nil {
		return &ConstRef{node{k.Type, e.Span()}, k}
	}
	hint := b.hint(e.Name, b.visible(), keys(b.consts))
	if b.fns[e.Name] != nil {
		hint = "`" + e.Name + "` is a function: call it"
	}
	b.fail("UnknownIdentifier", e.Span(), hint, "there is no variable or constant `%s`", e.Name)
	return bad(e.Span())
}

// array gives all elements the type that they have in common, or else that of the first.
func (b *body) array(e *syntax.Array) Expr {
	x := &Composite{}
	for _, elem := range e.Elems {
		x.Elems = append(x.Elems, b.expr(elem))
	}
	t := commonType(x.Elems)
	for i := range x.Elems {
		x.Elems[i] = b.constrain(x.Elems[i], t)
	}
	x.node = node{&Array{t, number(uint32(len(x.Elems)))}, e.Span()}
	return x
}

// commonType is the type of the first expression, made wider by the others as far as they agree.
func commonType(xs []Expr) Type {
	t := xs[0].Type()
	for _, x := range xs[1:] {
		if u, ok := common(t, x.Type()); ok {
			t = u
		}
	}
	return t
}

func (b *body) repeat(e *syntax.Repeat) Expr {
	elem := b.expr(e.Elem)
	if id, ok := e.Size.(*syntax.Ident); ok && b.lookup(id.Name) != nil {
		b.fail("ArraySizeNotConst", id.Span(), "", "the array size `%s` is a variable, not a constant", id.Name)
		return bad(e.Span())
	}
	size, ok := b.size(e.Size, false)
	if !ok {
		return bad(e.Span())
	}
	return &Repeat{node{&Array{elem.Type(), size}, e.Span()}, elem}
}

func (b *body) index(e *syntax.Index) Expr {
	x := b.expr(e.X)
	i := b.want(e.Index, Usize)
	a, ok := x.Type().(*Array)
	if !ok {
		b.notA("ExpectedArrayType", "an array", e.X.Span(), x.Type(), "")
		return bad(e.Span())
	}
	if !hasOpen(a.Elem) {
		x = b.settle(x)
	}
	return &Index{node{a.Elem, e.Span()}, x, i}
}

// notA reports a value of the wrong kind of type.
func (b *body) notA(kind, expected string, at syntax.Span, found Type, hint string) {
	if found != invalid {
		b.fail(kind, at, hint, "expected %s, found %v", expected, found)
	}
}

func (b *body) field(e *syntax.Field) Expr {
	x := b.expr(e.X)
	n, t := b.fieldOf(x.Type(), e.X.Span(), e.Name)
	return &Select{node{t, e.Span()}, x, n}
}

// fieldOf finds a field of a struct type.
func (b *body) fieldOf(t Type, at syntax.Span, name syntax.Name) (int, Type) {
	s, ok := t.(*Struct)
	if !ok {
		b.notA("ExpectedStructType", "a struct", at, t, "")
		return 0, invalid
	}
	n, names := b.member(s, name.Text)
	if n < 0 {
		b.fail("UnknownStructField", name.Span, b.hint(name.Text, names), "the struct `%s` has no field `%s`", s.Name, name.Text)
		return 0, invalid
	}
	return n, s.Fields[n].Type
}

func (b *body) tupleField(e *syntax.TupleField) Expr {
	x := b.expr(e.X)
	n, t := b.componentOf(x.Type(), e.X.Span(), e.Span(), e.N)
	if !hasOpen(t) {
		x = b.settle(x)
	}
	return &Select{node{t, e.Span()}, x, n}
}

// componentOf finds a component of a tuple type.
func (b *body) componentOf(t Type, at, whole syntax.Span, n uint64) (int, Type) {
	tuple, ok := t.(*Tuple)
	if !ok {
		hint := ""
		if hasOpen(t) {
			hint = "there are no fractional numbers"
		}
		b.notA("ExpectedTupleType", "a tuple", at, t, hint)
		return 0, invalid
	}
	if n >= uint64(len(tuple.Elems)) {
		b.fail("TupleAccessOutOfBounds", whole, "the first is .0", "there is no component %d in %v", n, t)
		return 0, invalid
	}
	return int(n), tuple.Elems[n]
}
