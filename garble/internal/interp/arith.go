package interp

import (
	"math/big"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// number is the integer that the bits of type t mean.
func number(v Value, t check.Basic) *big.Int {
	x := new(big.Int).SetUint64(v.N)
	if t.Signed() && v.N>>(t.Bits()-1) == 1 {
		x.Sub(x, power(t.Bits()))
	}
	return x
}

func power(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n)) }

// fit gives the bits of x in type t.
func fit(x *big.Int, t check.Basic) Value {
	return Value{N: new(big.Int).Mod(x, power(t.Bits())).Uint64()}
}

// exact gives the bits of x if type t has it, else panics with Overflow.
func exact(x *big.Int, t check.Basic, at syntax.Span) Value {
	v := fit(x, t)
	if number(v, t).Cmp(x) != 0 {
		panic(&Panic{Overflow, at})
	}
	return v
}

func (m *machine) unary(op check.UnaryOp, v Value, t check.Basic, at syntax.Span) Value {
	if op == check.Not {
		return fit(new(big.Int).Not(number(v, t)), t)
	}
	return exact(new(big.Int).Neg(number(v, t)), t, at)
}

// binary applies an operator to values of type t; y is a u8 for shifts.
func (m *machine) binary(op check.BinaryOp, v, w Value, t check.Type, at syntax.Span) Value {
	switch op {
	case check.Eq:
		return truth(Equal(v, w))
	case check.Ne:
		return truth(!Equal(v, w))
	}
	b := t.(check.Basic)
	x := number(v, b)
	if op == check.Shl || op == check.Shr {
		if w.N >= uint64(b.Bits()) {
			panic(&Panic{Overflow, at})
		}
		if op == check.Shl {
			return fit(x.Lsh(x, uint(w.N)), b)
		}
		return fit(x.Rsh(x, uint(w.N)), b)
	}
	y := number(w, b)
	switch op {
	case check.Add:
		return exact(x.Add(x, y), b, at)
	case check.Sub:
		return exact(x.Sub(x, y), b, at)
	case check.Mul:
		return exact(x.Mul(x, y), b, at)
	case check.Div, check.Rem:
		if y.Sign() == 0 {
			panic(&Panic{DivByZero, at})
		}
		q, r := new(big.Int).QuoRem(x, y, new(big.Int))
		exact(q, b, at)
		if op == check.Div {
			return fit(q, b)
		}
		return fit(r, b)
	case check.And:
		return fit(x.And(x, y), b)
	case check.Or:
		return fit(x.Or(x, y), b)
	case check.Xor:
		return fit(x.Xor(x, y), b)
	case check.Lt:
		return truth(x.Cmp(y) < 0)
	case check.Gt:
		return truth(x.Cmp(y) > 0)
	case check.Le:
		return truth(x.Cmp(y) <= 0)
	case check.Ge:
		return truth(x.Cmp(y) >= 0)
	}
	panic("interp: unknown operator")
}

// convert is a cast.
func (m *machine) convert(v Value, from, to check.Type) Value {
	switch from := from.(type) {
	case check.Basic:
		return fit(number(v, from), to.(check.Basic))
	case *check.Array:
		parts := make([]Value, len(v.Parts))
		for i, p := range v.Parts {
			parts[i] = m.convert(p, from.Elem, to.(*check.Array).Elem)
		}
		return Value{Parts: parts}
	}
	parts := make([]Value, len(v.Parts))
	for i, p := range v.Parts {
		parts[i] = m.convert(p, check.Components(from)[i], check.Components(to)[i])
	}
	return Value{Parts: parts}
}
