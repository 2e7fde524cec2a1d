package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

var binaryOps = map[string]BinaryOp{"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Rem, "&": And, "|": Or, "^": Xor,
	"<<": Shl, ">>": Shr, "<": Lt, ">": Gt, "<=": Le, ">=": Ge, "==": Eq, "!=": Ne}

func (b *body) unary(e *syntax.Unary) Expr {
	x := b.expr(e.X)
	t := x.Type()
	basic, ok := t.(Basic)
	at := e.Span()
	switch {
	case t == invalid:
		return bad(at)
	case e.Op == "!" && !ok:
		b.notA("ExpectedBoolOrNumberType", "a bool or an integer", e.X.Span(), t, "")
		return bad(at)
	case e.Op == "!":
		return &Unary{node{t, at}, Not, x}
	case basic == openUint: // D2
		if l, isLit := x.(*Lit); isLit && l.Value <= 1<<63 {
			return &Lit{node{openInt, at}, -l.Value}
		}
		x = b.constrain(x, openInt)
		return &Unary{node{x.Type(), at}, Neg, x}
	case !ok || !basic.Signed():
		b.notA("ExpectedSignedNumberType", "a signed integer", e.X.Span(), t, "convert it first, for example with `as i32`")
		return bad(at)
	}
	return &Unary{node{t, at}, Neg, x}
}

func (b *body) binary(e *syntax.Binary) Expr {
	if e.Op == "&&" || e.Op == "||" {
		return b.logic(e)
	}
	x, y := b.expr(e.X), b.expr(e.Y)
	op := binaryOps[e.Op]
	if x.Type() == invalid || y.Type() == invalid {
		return bad(e.Span())
	}
	switch op {
	case Shl, Shr:
		y = b.constrain(y, U8)
		if !b.operand(op, x) {
			return bad(e.Span())
		}
		return &Binary{node{x.Type(), e.Span()}, op, x, y}
	case Lt, Gt, Le, Ge, Eq, Ne:
		if !b.unify(&x, &y, e.Span()) || !b.operand(op, x) {
			return bad(e.Span())
		}
		return &Binary{node{Bool, e.Span()}, op, b.settle(x), b.settle(y)}
	}
	if !b.unify(&x, &y, e.Span()) || !b.operand(op, x) {
		return bad(e.Span())
	}
	return &Binary{node{x.Type(), e.Span()}, op, x, y}
}

// operand reports whether an operator applies to the type of its left operand.
func (b *body) operand(op BinaryOp, x Expr) bool {
	t, basic := x.Type().(Basic)
	switch op {
	case Eq, Ne:
		return true
	case And, Or, Xor:
		if !basic {
			b.notA("ExpectedBoolOrNumberType", "a bool or an integer", x.Span(), x.Type(), "")
		}
		return basic
	}
	if !basic || !t.Integer() {
		hint := ""
		if t == Bool && basic && op >= Lt {
			hint = "bools have no order; compare them with == or !="
		}
		b.notA("ExpectedNumberType", "an integer", x.Span(), x.Type(), hint)
	}
	return basic && t.Integer()
}

// logic makes the If that && and || mean.
func (b *body) logic(e *syntax.Binary) Expr {
	x, y := b.expr(e.X), b.expr(e.Y)
	for _, operand := range []Expr{x, y} {
		if t := operand.Type(); t != Bool && t != invalid {
			b.fail("UnexpectedType", operand.Span(), convertHint(Bool, t), "expected bool, found %v", t)
			return bad(e.Span())
		}
	}
	if e.Op == "&&" {
		return &If{node{Bool, e.Span()}, x, y, &Lit{node{Bool, e.Span()}, 0}}
	}
	return &If{node{Bool, e.Span()}, x, &Lit{node{Bool, e.Span()}, 1}, y}
}

func (b *body) cast(e *syntax.Cast) Expr {
	x := b.expr(e.X)
	t := b.typ(e.Type)
	if x.Type() == invalid || t == invalid {
		return bad(e.Span())
	}
	if _, ok := x.Type().(Basic); !ok {
		b.notA("ExpectedBoolOrNumberType", "a bool or an integer", e.X.Span(), x.Type(), "only these can be converted")
		return bad(e.Span())
	}
	if _, ok := t.(Basic); !ok {
		b.notA("ExpectedBoolOrNumberType", "bool or an integer type", e.Type.Span(), t, "")
		return bad(e.Span())
	}
	if l, ok := x.(*Lit); ok && l.typ == openUint { // B18: the value as it is written
		x = b.constrain(x, U64)
	} else if ok && l.typ == openInt {
		x = b.constrain(x, I64)
	}
	return &Convert{node{t, e.Span()}, b.settle(x)}
}
