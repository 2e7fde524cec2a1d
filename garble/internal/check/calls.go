package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

func (b *body) call(e *syntax.Call) Expr {
	name := e.Fn.Text
	if name == "join" {
		return b.join(e)
	}
	g := b.fns[name]
	switch {
	case b.lookup(name) != nil:
		b.fail("NoTopLevelFn", e.Fn.Span, "functions are not values", "`%s` is a variable here, not a function", name)
	case g == nil:
		hint := b.hint(name, keys(b.fns), []string{"join", "join_iter"})
		if name == "join_iter" {
			hint = "write it directly after `in`: `for row in join_iter(a, b) { ... }`"
		}
		b.fail("UnknownIdentifier", e.Fn.Span, hint, "there is no function `%s`", name)
	case len(e.Args) != len(g.Params):
		b.wrongArgs(e, len(g.Params))
	default:
		x := &Call{node{g.Result, e.Span()}, g.Func, nil}
		for i, a := range e.Args {
			x.Args = append(x.Args, b.want(a, g.Params[i].Type))
		}
		b.fn.calls = append(b.fn.calls, call{g, e.Span()})
		return x
	}
	for _, a := range e.Args {
		b.settle(b.expr(a))
	}
	if g != nil {
		b.fn.calls = append(b.fn.calls, call{g, e.Span()})
		return &Lit{node{g.Result, e.Span()}, 0} // the program is rejected; its result is known all the same
	}
	return bad(e.Span())
}

func (b *body) wrongArgs(e *syntax.Call, want int) {
	plural := "s"
	if want == 1 {
		plural = ""
	}
	b.fail("WrongNumberOfArgs", e.Span(), "", "`%s` takes %d argument%s, found %d", e.Fn.Text, want, plural, len(e.Args))
}

// joinArgs checks the two arrays of a join.
func (b *body) joinArgs(e *syntax.Call) (x, y Expr, a, c *Array, ok bool) {
	if len(e.Args) != 2 {
		b.wrongArgs(e, 2)
		return nil, nil, nil, nil, false
	}
	var xs [2]Expr
	var types [2]*Array
	ok = true
	for i, arg := range e.Args {
		xs[i] = b.settle(b.expr(arg))
		array, isArray := xs[i].Type().(*Array)
		if !isArray {
			b.notA("ExpectedArrayType", "an array", arg.Span(), xs[i].Type(), "")
			ok = false
		}
		types[i] = array
	}
	return xs[0], xs[1], types[0], types[1], ok
}

// key is the first component of a tuple.
func key(t Type) Type {
	if tuple, ok := t.(*Tuple); ok && len(tuple.Elems) > 0 {
		return tuple.Elems[0]
	}
	return nil
}

// keyed checks that the elements of two arrays are tuples that begin with the same key.
func (b *body) keyed(e *syntax.Call, x, y Type) bool {
	for i, t := range []Type{x, y} {
		if key(t) == nil {
			b.notA("ExpectedTupleType", "rows that are tuples and begin with the key", e.Args[i].Span(), t, "")
			return false
		}
	}
	if !Same(key(x), key(y)) {
		b.fail("TypeMismatch", e.Span(), "the first components of the rows are compared", "the keys differ: %v and %v", key(x), key(y))
		return false
	}
	return true
}

func (b *body) join(e *syntax.Call) Expr {
	x, y, a, c, ok := b.joinArgs(e)
	if !ok {
		return bad(e.Span())
	}
	j := &Join{A: x, B: y}
	_, t1 := a.Elem.(*Tuple)
	_, t2 := c.Elem.(*Tuple)
	row := &Tuple{[]Type{Bool, a.Elem}}
	if t1 || t2 {
		if !b.keyed(e, a.Elem, c.Elem) {
			return bad(e.Span())
		}
		j.Keyed = true
		row.Elems = append(row.Elems, c.Elem)
	} else if !Same(a.Elem, c.Elem) {
		b.mismatch(e.Args[1].Span(), a.Elem, c.Elem)
		return bad(e.Span())
	}
	size := Size{Expression, "const { " + joinSize(a.Size) + " + " + joinSize(c.Size) + " - 1usize }",
		a.Size.sum.plus(1, c.Size.sum).plus(^uint32(0), sum{k: 1})}
	j.node = node{&Array{row, size}, e.Span()}
	return j
}

// joinSize spells a size as part of the size of a join (D17).
func joinSize(s Size) string {
	switch s.Spelling {
	case Number:
		return s.text + "usize"
	case Name:
		return s.text
	}
	return s.text[len("const { ") : len(s.text)-len(" }")]
}

func (b *body) joinLoop(s *syntax.For, e *syntax.Call) Stmt {
	loop := &JoinLoop{Span: s.Span()}
	var a, c *Array
	var ok bool
	loop.A, loop.B, a, c, ok = b.joinArgs(e)
	var pair Type = invalid
	if ok && b.keyed(e, a.Elem, c.Elem) {
		loop.Pair = &Tuple{[]Type{a.Elem, c.Elem}}
		pair = loop.Pair
	}
	b.scoped(func() {
		loop.Pattern = b.irrefutable(s.Pattern, pair)
		loop.Body = b.loopBody(s.Body)
	})
	return loop
}
