package joins

import (
	"maps"
	"math/bits"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

func (w *walker) eval(x check.Expr) value {
	if !w.spend(0) {
		return value{}
	}
	switch x := x.(type) {
	case *check.Lit:
		return value{kind: number, n: x.Value}
	case *check.ConstRef:
		return value{kind: number, n: w.in.Const(x.Const)}
	case *check.VarRef:
		return w.vars[x.Var]
	case *check.Convert:
		return w.convert(w.eval(x.X), x.X.Type(), x.Type())
	case *check.Composite:
		v := value{kind: product}
		for _, e := range x.Elems {
			v.parts = append(v.parts, w.eval(e))
		}
		return v
	case *check.Repeat:
		elem := w.eval(x.Elem)
		return w.repeat(w.in.Len(x.Type().(*check.Array)), func(int) value { return elem })
	case *check.Range:
		return w.repeat(w.in.Len(x.Type().(*check.Array)), func(i int) value { return value{kind: number, n: x.From + uint64(i)} })
	case *check.VariantLit:
		for _, f := range x.Fields {
			w.eval(f)
		}
	case *check.Select:
		return w.part(w.eval(x.X), x.X.Type(), x.N)
	case *check.Index:
		v, i := w.eval(x.X), w.eval(x.Index)
		if a := x.X.Type().(*check.Array); i.kind == number && i.n < uint64(w.in.Len(a)) {
			return w.part(v, a, int(i.n))
		}
	case *check.Unary:
		w.eval(x.X)
	case *check.Binary:
		return binary(x.Op, x.X.Type(), w.eval(x.X), w.eval(x.Y))
	case *check.If:
		return w.branch(x)
	case *check.Match:
		return w.match(x)
	case *check.Block:
		return w.block(x)
	case *check.Call:
		args := make([]value, len(x.Args))
		for i, a := range x.Args {
			args[i] = w.eval(a)
		}
		for i, p := range x.Func.Params {
			w.vars[p] = args[i]
		}
		return w.eval(x.Func.Body)
	case *check.Join:
		w.table(x.A, x.Keyed)
		w.table(x.B, x.Keyed)
	}
	return value{}
}

// repeat makes an array.
func (w *walker) repeat(n int, elem func(int) value) value {
	if !w.spend(n) {
		return value{}
	}
	v := value{kind: product, parts: make([]value, n)}
	for i := range v.parts {
		v.parts[i] = elem(i)
	}
	return v
}

// convert follows a value to another type of the same shape.
func (w *walker) convert(v value, from, to check.Type) value {
	f, ok := from.(check.Basic)
	if !ok {
		return value{}
	}
	t := to.(check.Basic)
	switch {
	case v.kind == input && f.Bits() == t.Bits():
		return v
	case v.kind == number && f.Bits() <= t.Bits() && !f.Signed():
		return v
	}
	return value{}
}

// binary computes with small numbers, as counters and conditions do; where that would overflow nothing is known.
func binary(op check.BinaryOp, operands check.Type, a, b value) value {
	t, ok := operands.(check.Basic)
	if a.kind != number || b.kind != number || !ok || bits.Len64(a.n|b.n) >= t.Bits()-1 {
		return value{}
	}
	result := func(v bool) value {
		if v {
			return value{kind: number, n: 1}
		}
		return value{kind: number}
	}
	switch n := (value{kind: number}); op {
	case check.Add:
		n.n = a.n + b.n
		return n
	case check.Sub:
		if n.n = a.n - b.n; a.n >= b.n {
			return n
		}
	case check.Lt:
		return result(a.n < b.n)
	case check.Gt:
		return result(a.n > b.n)
	case check.Le:
		return result(a.n <= b.n)
	case check.Ge:
		return result(a.n >= b.n)
	case check.Eq:
		return result(a.n == b.n)
	case check.Ne:
		return result(a.n != b.n)
	}
	return value{}
}

// fork walks alternatives from the same state and keeps what they agree on.
func (w *walker) fork(alternatives ...func() value) value {
	before := w.vars
	var after map[*check.Var]value
	var result value
	for i, f := range alternatives {
		if !w.spend(len(before)) {
			break
		}
		w.vars = maps.Clone(before)
		v := f()
		if i == 0 {
			after, result = w.vars, v
			continue
		}
		maps.DeleteFunc(after, func(x *check.Var, v value) bool { return !w.equal(w.vars[x], v) })
		if !w.equal(result, v) {
			result = value{}
		}
	}
	w.vars = after
	if after == nil {
		w.vars = map[*check.Var]value{}
	}
	return result
}

func (w *walker) branch(x *check.If) value {
	cond := w.eval(x.Cond)
	switch {
	case cond.kind != number:
		return w.fork(func() value { return w.eval(x.Then) }, func() value { return w.eval(x.Else) })
	case cond.n == 1:
		return w.eval(x.Then)
	}
	return w.eval(x.Else)
}

func (w *walker) match(x *check.Match) value {
	v := w.eval(x.X)
	arms := make([]func() value, len(x.Arms))
	for i, a := range x.Arms {
		arms[i] = func() value {
			w.bind(a.Pattern, x.X.Type(), v)
			return w.eval(a.Body)
		}
	}
	return w.fork(arms...)
}
