package check

import (
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// declareConsts defines the constants; each may use those before it (D16).
func (c *checker) declareConsts(f *syntax.File) {
	c.later = map[string]bool{}
	for _, d := range f.Consts {
		c.later[d.Name.Text] = true
	}
	for _, d := range f.Consts {
		k := &Const{Name: d.Name.Text, Type: invalid, Span: d.Name.Span}
		named, ok := d.Type.(*syntax.NamedType)
		if ok {
			k.Type, ok = basics[named.Name]
		}
		if !ok {
			k.Type = invalid
			c.fail("ExpectedBoolOrNumberType", d.Type.Span(), "", "a constant is a bool or an integer")
		} else {
			k.expr, _ = c.constExpr(d.Value, k.Type)
			if k.Type == Usize {
				k.sum = c.atoms.sumOf(k.expr)
			}
		}
		delete(c.later, k.Name)
		if c.fresh(d.Name, c.consts[k.Name] != nil, "const") {
			c.consts[k.Name] = k
			c.prog.Consts = append(c.prog.Consts, k)
		}
	}
}

// constExpr resolves a constant expression of type t, and gives it as text; a part that is wrong counts as 0.
func (c *checker) constExpr(e syntax.Expr, t Basic) (constExpr, string) {
	switch e := e.(type) {
	case *syntax.Bool:
		if t != Bool {
			c.mismatch(e.Span(), t, Bool)
		}
		return constLit{boolBits(e.Value)}, fmt.Sprint(e.Value)
	case *syntax.Num:
		return c.constNum(e, t), numText(e.Number)
	case *syntax.Ident:
		k := c.consts[e.Name]
		switch {
		case k == nil:
			c.unknownConst(e)
		case k.Type != t && k.Type != invalid:
			c.mismatch(e.Span(), t, k.Type)
		case k.Type == t:
			return constRef{k}, e.Name
		}
	case *syntax.Path:
		c.supply(e, t)
		return constParty{e.Type.Text, e.Name.Text}, e.Type.Text + "::" + e.Name.Text
	case *syntax.Paren:
		x, text := c.constExpr(e.X, t)
		return x, "(" + text + ")"
	case *syntax.Binary:
		c.constInteger(e, t)
		x, xt := c.constExpr(e.X, t)
		y, yt := c.constExpr(e.Y, t)
		return constOp{e.Op, []constExpr{x, y}}, xt + " " + e.Op + " " + yt
	case *syntax.Call:
		c.constInteger(e, t)
		op := constOp{op: e.Fn.Text}
		texts := make([]string, len(e.Args))
		for i, a := range e.Args {
			var x constExpr
			x, texts[i] = c.constExpr(a, t)
			op.args = append(op.args, x)
		}
		return op, e.Fn.Text + "(" + strings.Join(texts, ", ") + ")"
	}
	return constLit{}, "?"
}

func (c *checker) constInteger(e syntax.Expr, t Basic) {
	if t == Bool {
		c.fail("ExpectedNumberType", e.Span(), "", "a bool constant is true, false, or another constant")
	}
}

func (c *checker) constNum(e *syntax.Num, t Basic) constExpr {
	own := literalType(e.Number)
	if own == t || own.open() && t.Integer() {
		if bits, ok := Fit(e.Number, t); ok {
			return constLit{bits}
		}
		c.fail("UnexpectedType", e.Span(), RangeHint(t), "%s does not fit %v", numText(e.Number), t)
		return constLit{}
	}
	c.mismatch(e.Span(), t, own)
	return constLit{}
}

func (c *checker) unknownConst(e *syntax.Ident) {
	hint := c.hint(e.Name, keys(c.consts))
	if c.later[e.Name] {
		hint = "a constant can use only those that are defined before it"
	}
	c.fail("UnknownIdentifier", e.Span(), hint, "there is no constant `%s`", e.Name)
}

// supply notes that a party has to supply a constant.
func (c *checker) supply(e *syntax.Path, t Basic) {
	key := [2]string{e.Type.Text, e.Name.Text}
	s := c.supplies[key]
	if s == nil {
		c.supplies[key] = &Supply{key[0], key[1], t, e.Span()}
	} else if s.Type != t {
		c.fail("UnexpectedType", e.Span(), "", "%s::%s is used as %v and as %v", s.Party, s.Name, s.Type, t)
	}
}

func (c *checker) mismatch(at syntax.Span, expected, found Type) {
	c.fail("UnexpectedType", at, "", "expected %v, found %v", expected, found)
}

// convertHint says what to do about an expression that is a number of the wrong type. Patterns and constants cannot be converted.
func convertHint(expected, found Type) string {
	e, ok := expected.(Basic)
	f, ok2 := found.(Basic)
	if !ok || !ok2 || e == f || f == invalid {
		return ""
	}
	if e == Bool {
		return "compare it: `!= 0`"
	}
	if !e.open() && !f.open() {
		return fmt.Sprintf("convert it with `as %v`", e)
	}
	return ""
}

func boolBits(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// literalType is the type that a literal is written with; without suffix it is open.
func literalType(n syntax.Number) Basic {
	switch {
	case n.Suffix != "":
		return basics[n.Suffix]
	case n.Neg:
		return openInt
	}
	return openUint
}

// Fit gives the two's complement bits of a literal in type t, whatever its suffix, and whether it fits.
func Fit(n syntax.Number, t Basic) (uint64, bool) {
	if n.Neg && n.Value > 0 {
		return truncate(-n.Value, t), t.Signed() && n.Value <= highest(t)+1
	}
	return truncate(n.Value, t), n.Value <= highest(t)
}

// RangeHint says which numbers fit a type.
func RangeHint(t Basic) string {
	if t.Signed() {
		return fmt.Sprintf("%v goes from -%d to %d", t, highest(t)+1, highest(t))
	}
	return fmt.Sprintf("%v goes from 0 to %d", t, highest(t))
}

func numText(n syntax.Number) string {
	sign := ""
	if n.Neg {
		sign = "-"
	}
	return fmt.Sprint(sign, n.Value, n.Suffix)
}
