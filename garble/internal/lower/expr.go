package lower

import (
	"fmt"
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// eval builds an expression. The word is never changed afterwards.
func (l *lowerer) eval(e check.Expr) gadget.Word {
	l.spend(l.in.Bits(e.Type()), e.Span())
	switch e := e.(type) {
	case *check.Lit:
		return gadget.Const(l.b, e.Value, l.in.Bits(e.Type()))
	case *check.ConstRef:
		return gadget.Const(l.b, l.in.Const(e.Const), l.in.Bits(e.Type()))
	case *check.VarRef:
		v := l.vars[e.Var]
		v.shared = true
		return v.word
	case *check.Index, *check.Select:
		w, c := l.view(e)
		if c != nil {
			c.pins--
			if !c.shared {
				w = slices.Clone(w)
			}
		}
		return w
	case *check.Convert:
		return l.convert(l.eval(e.X), e.X.Type(), e.Type())
	case *check.Composite:
		return l.evalAll(e.Elems, l.in.Bits(e.Type()))
	case *check.Repeat:
		elem := l.eval(e.Elem)
		w := make(gadget.Word, 0, l.in.Bits(e.Type()))
		for range l.in.Len(e.Type().(*check.Array)) {
			w = append(w, elem...)
		}
		return w
	case *check.Range:
		a := e.Type().(*check.Array)
		w := make(gadget.Word, 0, l.in.Bits(a))
		for i := range l.in.Len(a) {
			w = append(w, l.rangeElem(e, i)...)
		}
		return w
	case *check.VariantLit:
		t := e.Type().(*check.Enum)
		w := gadget.Const(l.b, uint64(e.Variant), t.TagBits())
		w = append(w, l.evalAll(e.Fields, l.in.Bits(t))...)
		return append(w, gadget.Fill(l.b.Zero(), l.in.Bits(t)-len(w))...)
	case *check.Unary:
		return l.unary(e)
	case *check.Binary:
		x := l.eval(e.X)
		return l.binary(e.Op, x, l.eval(e.Y), e.X.Type(), e.Span())
	case *check.If:
		return l.ifElse(l.eval(e.Cond)[0],
			func() gadget.Word { return l.eval(e.Then) },
			func() gadget.Word { return l.eval(e.Else) })
	case *check.Match:
		return l.match(e)
	case *check.Block:
		for _, s := range e.Stmts {
			l.exec(s)
		}
		if e.Result == nil {
			return nil
		}
		return l.eval(e.Result)
	case *check.Call:
		args := make([]gadget.Word, len(e.Args))
		for i, a := range e.Args {
			args[i] = l.eval(a)
		}
		for i, p := range e.Func.Params {
			l.bind(p, args[i])
		}
		return l.eval(e.Func.Body)
	case *check.Join:
		return l.joinExpr(e)
	}
	panic(fmt.Sprintf("lower: unknown expression %T", e))
}

func (l *lowerer) evalAll(elems []check.Expr, bits int) gadget.Word {
	w := make(gadget.Word, 0, bits)
	for _, e := range elems {
		w = append(w, l.eval(e)...)
	}
	return w
}

// rangeElem is element i of a range.
func (l *lowerer) rangeElem(e *check.Range, i int) gadget.Word {
	return gadget.Const(l.b, e.From+uint64(i), l.in.Bits(e.Type().(*check.Array).Elem))
}

// view is eval for an operand that is needed only until the next store. If it returns a cell, the word is a part of it, which
// the caller must unpin.
func (l *lowerer) view(e check.Expr) (gadget.Word, *cell) {
	switch e := e.(type) {
	case *check.VarRef:
		v := l.vars[e.Var]
		v.pins++
		return v.word, v.cell
	case *check.Select:
		w, c := l.view(e.X)
		off := l.offset(e.X.Type(), e.N)
		return w[off : off+l.in.Bits(e.Type())], c
	case *check.Index:
		l.spend(0, e.Span())
		w, c := l.view(e.X)
		n := l.in.Len(e.X.Type().(*check.Array))
		size := l.in.Bits(e.Type())
		i := l.index(e.Index, n, e.Span())
		if n == 0 {
			return gadget.Fill(l.b.Zero(), size), c
		}
		if k, ok := gadget.Value(l.b, i); ok {
			return w[int(k)*size : (int(k)+1)*size], c
		}
		l.spend(perBit*len(w), e.Span())
		if c != nil {
			c.pins--
		}
		return gadget.Index(l.b, w, n, i), nil
	}
	return l.eval(e), nil
}

// index evaluates an index into an array of n elements with its bounds check. A constant result is in range, if n is not 0.
func (l *lowerer) index(e check.Expr, n int, at syntax.Span) gadget.Word {
	i := l.eval(e)
	if l.most(i) < uint64(n) {
		return i
	}
	inside := gadget.Less(l.b, i, gadget.Const(l.b, uint64(n), len(i)), false)
	l.panicIf(l.b.Not(inside), outOfBounds, at)
	if inside == l.b.Zero() {
		return gadget.Const(l.b, 0, len(i))
	}
	return i
}

// offset is where component n of a tuple or struct begins.
func (l *lowerer) offset(t check.Type, n int) int {
	off := 0
	for _, c := range check.Components(t)[:n] {
		off += l.in.Bits(c)
	}
	return off
}

// convert changes the width of scalars, also of those inside tuples and arrays.
func (l *lowerer) convert(w gadget.Word, from, to check.Type) gadget.Word {
	switch from := from.(type) {
	case check.Basic:
		return gadget.Resize(l.b, w, l.in.Bits(to), from.Signed())
	case *check.Array:
		out := make(gadget.Word, 0, l.in.Bits(to))
		for n := l.in.Len(from); n > 0; n-- {
			size := len(w) / n
			out = append(out, l.convert(w[:size], from.Elem, to.(*check.Array).Elem)...)
			w = w[size:]
		}
		return out
	}
	out := make(gadget.Word, 0, l.in.Bits(to))
	for i, c := range check.Components(from) {
		size := l.in.Bits(c)
		out = append(out, l.convert(w[:size], c, check.Components(to)[i])...)
		w = w[size:]
	}
	return out
}

func (l *lowerer) unary(e *check.Unary) gadget.Word {
	x := l.eval(e.X)
	if e.Op == check.Not {
		return gadget.Not(l.b, x)
	}
	z, fails := gadget.Neg(l.b, x)
	l.panicIf(fails, overflow, e.Span())
	return z
}

// binary applies an operator to operands of type t; the right one of a shift is a u8.
func (l *lowerer) binary(op check.BinaryOp, x, y gadget.Word, t check.Type, at syntax.Span) gadget.Word {
	basic, _ := t.(check.Basic)
	signed := basic.Signed()
	l.spend(perBit*len(x), at)
	if op == check.Mul || op == check.Div || op == check.Rem {
		l.spend(perBit*len(l.significant(x))*len(l.significant(y)), at)
	}
	less := func(x, y gadget.Word) circuit.Wire { return l.less(x, y, signed) }
	switch op {
	case check.And:
		return gadget.And(l.b, x, y)
	case check.Or:
		return gadget.Or(l.b, x, y)
	case check.Xor:
		return gadget.Xor(l.b, x, y)
	case check.Lt:
		return gadget.Word{less(x, y)}
	case check.Gt:
		return gadget.Word{less(y, x)}
	case check.Le:
		return gadget.Word{l.b.Not(less(y, x))}
	case check.Ge:
		return gadget.Word{l.b.Not(less(x, y))}
	case check.Eq:
		return gadget.Word{l.equal(x, y)}
	case check.Ne:
		return gadget.Word{l.b.Not(l.equal(x, y))}
	case check.Div, check.Rem:
		quo, rem, zero, fails := gadget.DivRem(l.b, x, y, signed)
		if nonzero, ok := l.known(gadget.Any(l.b, y)); !ok || !nonzero {
			l.panicIf(zero, divByZero, at)
		}
		l.panicIf(fails, overflow, at)
		quo, rem = l.bounded(quo, rem, x, y, signed)
		if op == check.Div {
			return quo
		}
		return rem
	}
	var z gadget.Word
	var fails circuit.Wire
	switch op {
	case check.Add:
		z, fails = l.add(x, y, signed)
	case check.Sub:
		z, fails = l.sub(x, y, signed)
	case check.Mul:
		z, fails = l.mul(x, y, signed)
	case check.Shl:
		z, fails = gadget.Shl(l.b, x, y)
	case check.Shr:
		z, fails = gadget.Shr(l.b, x, y, signed)
	default:
		panic(fmt.Sprintf("lower: unknown operator %d", op))
	}
	l.panicIf(fails, overflow, at)
	return z
}
