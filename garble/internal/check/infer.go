package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// Inference works on the tree itself. An expression of unsuffixed literals has an open type until its context wants a type of
// it: then constrain pushes that type down to the literals (spec 6.3). Where no context does, settle makes it 32 bits wide.
// Variables with an open type are 32 bits wide themselves; their uses are open and end as a Convert.

// hasOpen reports whether a type has an open part.
func hasOpen(t Type) bool {
	switch t := t.(type) {
	case Basic:
		return t.open()
	case *Tuple:
		for _, e := range t.Elems {
			if hasOpen(e) {
				return true
			}
		}
	case *Array:
		return hasOpen(t.Elem)
	}
	return false
}

// replaceOpen replaces the open parts of a type.
func replaceOpen(t Type, unsigned, signed Basic) Type {
	if !hasOpen(t) {
		return t
	}
	switch t := t.(type) {
	case *Tuple:
		r := &Tuple{make([]Type, len(t.Elems))}
		for i, e := range t.Elems {
			r.Elems[i] = replaceOpen(e, unsigned, signed)
		}
		return r
	case *Array:
		return &Array{replaceOpen(t.Elem, unsigned, signed), t.Size}
	}
	if t == openInt {
		return signed
	}
	return unsigned
}

// settled is the type that an expression has if nothing wants another.
func settled(t Type) Type { return replaceOpen(t, U32, I32) }

// fits reports whether an expression of type from can take type to.
func fits(from, to Type) bool {
	if from == invalid || to == invalid {
		return true
	}
	switch f := from.(type) {
	case Basic:
		t, ok := to.(Basic)
		return ok && (f == t || f == openUint && t.Integer() || f == openInt && t.Signed())
	case *Tuple:
		t, ok := to.(*Tuple)
		if !ok || len(f.Elems) != len(t.Elems) {
			return false
		}
		for i := range f.Elems {
			if !fits(f.Elems[i], t.Elems[i]) {
				return false
			}
		}
		return true
	case *Array:
		t, ok := to.(*Array)
		return ok && f.Size.same(t.Size) && fits(f.Elem, t.Elem)
	}
	return from == to
}

// common is the type that expressions of both types can take.
func common(a, b Type) (Type, bool) {
	switch {
	case fits(a, b) && b != invalid:
		return b, true
	case fits(b, a):
		return a, true
	}
	switch a := a.(type) {
	case *Tuple:
		b, ok := b.(*Tuple)
		if !ok || len(a.Elems) != len(b.Elems) {
			return nil, false
		}
		t := &Tuple{make([]Type, len(a.Elems))}
		for i := range a.Elems {
			if t.Elems[i], ok = common(a.Elems[i], b.Elems[i]); !ok {
				return nil, false
			}
		}
		return t, true
	case *Array:
		b, ok := b.(*Array)
		if !ok || !a.Size.same(b.Size) {
			return nil, false
		}
		elem, ok := common(a.Elem, b.Elem)
		return &Array{elem, a.Size}, ok
	}
	return nil, false
}

// unify gives two expressions one type.
func (b *body) unify(x, y *Expr, at syntax.Span) bool {
	t, ok := common((*x).Type(), (*y).Type())
	if !ok {
		b.fail("TypeMismatch", at, convertHint((*x).Type(), (*y).Type()), "the types differ: %v and %v", (*x).Type(), (*y).Type())
		return false
	}
	*x, *y = b.constrain(*x, t), b.constrain(*y, t)
	return true
}

// settle gives an expression that nothing constrains its type.
func (b *body) settle(x Expr) Expr {
	if !hasOpen(x.Type()) {
		return x
	}
	return b.constrain(x, settled(x.Type()))
}

// constrain gives an expression the type t, which may itself be open, or reports that it cannot have it.
func (b *body) constrain(x Expr, t Type) Expr {
	from := x.Type()
	if from == invalid || t == invalid || !hasOpen(from) && Same(from, t) {
		return x
	}
	if !fits(from, t) {
		return b.unfit(x, t)
	}
	if hasOpen(from) && hasOpen(t) && Same(from, t) {
		return x
	}
	return b.push(x, t)
}

// unfit reports an expression that cannot have type t, at the part that is to blame.
func (b *body) unfit(x Expr, t Type) Expr {
	switch x := x.(type) {
	case *Block:
		if x.Result != nil {
			return b.unfit(x.Result, t)
		}
		b.fail("UnexpectedType", x.span, "the last statement gives the value", "expected %v, found a block without a value", t)
		return bad(x.span)
	case *Composite:
		if elems := elementTypes(t, len(x.Elems)); elems != nil && elementTypes(x.typ, len(x.Elems)) != nil {
			before := len(b.errs)
			for i := range x.Elems {
				x.Elems[i] = b.constrain(x.Elems[i], elems[i])
			}
			if len(b.errs) > before {
				return bad(x.span)
			}
		}
	}
	b.fail("UnexpectedType", x.Span(), convertHint(t, x.Type()), "expected %v, found %v", t, x.Type())
	return bad(x.Span())
}

// elementTypes are the types of the n parts of a tuple, or of the n elements of an array; nil if t is not that.
func elementTypes(t Type, n int) []Type {
	switch t := t.(type) {
	case *Tuple:
		if len(t.Elems) == n {
			return t.Elems
		}
	case *Array:
		if len(t.Size.sum.terms) == 0 && int(t.Size.sum.k) == n {
			elems := make([]Type, n)
			for i := range elems {
				elems[i] = t.Elem
			}
			return elems
		}
	}
	return nil
}

// push gives an open expression a type that it fits.
func (b *body) push(x Expr, t Type) Expr {
	switch x := x.(type) {
	case *Lit:
		return b.pushLit(x, t.(Basic))
	case *VarRef:
		if !b.holds(x, t) {
			return bad(x.span)
		}
		if hasOpen(t) || Same(x.Var.Type, t) {
			x.typ = t
			return x
		}
		x.typ = x.Var.Type
		return &Convert{node{t, x.span}, x}
	case *Index:
		if !isPlace(x) {
			x.X = b.constrain(x.X, &Array{t, x.X.Type().(*Array).Size})
			x.typ = t
			return x
		}
		return b.pushPlace(x, t)
	case *Select:
		if tuple, ok := x.X.Type().(*Tuple); ok && !isPlace(x) {
			want := &Tuple{make([]Type, len(tuple.Elems))}
			for i, e := range tuple.Elems {
				want.Elems[i] = settled(e)
			}
			want.Elems[x.N] = t
			x.X = b.constrain(x.X, want)
			x.typ = t
			return x
		}
		return b.pushPlace(x, t)
	case *Composite:
		for i, want := range elementTypes(t, len(x.Elems)) {
			x.Elems[i] = b.constrain(x.Elems[i], want)
		}
		x.typ = t
	case *Repeat:
		x.Elem = b.constrain(x.Elem, t.(*Array).Elem)
		x.typ = t
	case *Range:
		b.pushRange(x, t.(*Array))
	case *Unary:
		x.X = b.constrain(x.X, t)
		x.typ = t
	case *Binary:
		x.X = b.constrain(x.X, t)
		if x.Op != Shl && x.Op != Shr {
			x.Y = b.constrain(x.Y, t)
		}
		x.typ = t
	case *If:
		x.Then, x.Else = b.constrain(x.Then, t), b.constrain(x.Else, t)
		x.typ = t
	case *Match:
		for i := range x.Arms {
			x.Arms[i].Body = b.constrain(x.Arms[i].Body, t)
		}
		x.typ = t
	case *Block:
		x.Result = b.constrain(x.Result, t)
		x.typ = t
	}
	return x
}

// pushLit gives an unsuffixed literal its type. Until then Value is the magnitude, or for a negative one 64 bits of two's
// complement.
func (b *body) pushLit(x *Lit, t Basic) Expr {
	n := x.number()
	if t == openInt {
		if x.typ == openUint && x.Value > 1<<63-1 {
			b.fail("UnexpectedType", x.span, RangeHint(I64), "%s does not fit a signed type", numText(n))
			return bad(x.span)
		}
		x.typ = t
		return x
	}
	bits, ok := Fit(n, t)
	if !ok {
		b.fail("UnexpectedType", x.span, RangeHint(t), "%s does not fit %v", numText(n), t)
		return bad(x.span)
	}
	x.typ, x.Value = t, bits
	return x
}

// number is the value of a literal whose type is open.
func (x *Lit) number() syntax.Number {
	if x.typ == openInt && int64(x.Value) < 0 {
		return syntax.Number{Value: -x.Value, Neg: true}
	}
	return syntax.Number{Value: x.Value}
}

// holds reports whether a type can hold what an open variable is known to be.
func (b *body) holds(x *VarRef, t Type) bool {
	basic, ok := t.(Basic)
	if !ok || basic.open() {
		return true
	}
	for _, n := range x.Var.known {
		if _, ok := Fit(n, basic); !ok {
			b.fail("UnexpectedType", x.span, RangeHint(basic), "`%s` can be %s, which does not fit %v", x.Var.Name, numText(n), basic)
			return false
		}
	}
	return true
}

func (b *body) pushRange(x *Range, t *Array) {
	elem := t.Elem.(Basic)
	last := x.From + uint64(t.Size.sum.k) - 1
	if !elem.open() && last > highest(elem) {
		b.fail("UnexpectedType", x.span, RangeHint(elem), "the range ends with %d, which does not fit %v", last, elem)
	}
	x.typ = t
}

// isPlace reports whether an expression reads a part of a variable.
func isPlace(x Expr) bool {
	for {
		switch e := x.(type) {
		case *VarRef:
			return true
		case *Index:
			x = e.X
		case *Select:
			x = e.X
		default:
			return false
		}
	}
}

// pushPlace converts a part of a polymorphic variable, which keeps its own width.
func (b *body) pushPlace(x Expr, t Type) Expr {
	if hasOpen(t) {
		setType(x, t)
		return x
	}
	own := b.ownType(x)
	setType(x, own)
	if Same(own, t) {
		return x
	}
	return &Convert{node{t, x.Span()}, x}
}

// ownType settles the places below x and gives the type that x reads.
func (b *body) ownType(x Expr) Type {
	switch x := x.(type) {
	case *VarRef:
		x.typ = x.Var.Type
	case *Index:
		x.typ = b.ownType(x.X).(*Array).Elem
	case *Select:
		x.typ = Components(b.ownType(x.X))[x.N]
	}
	return x.Type()
}

func setType(x Expr, t Type) {
	switch x := x.(type) {
	case *Index:
		x.typ = t
	case *Select:
		x.typ = t
	}
}

func bad(at syntax.Span) Expr { return &Lit{node{invalid, at}, 0} }
