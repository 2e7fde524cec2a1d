package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// A Const is a top-level constant; Instance.Const gives its value.
type Const struct {
	Name string
	Type Basic
	Span syntax.Span
	expr constExpr
	sum  sum // of a usize constant
}

// A Supply is a constant PARTY::NAME that a party must supply before the program can be compiled.
type Supply struct {
	Party, Name string
	Type        Basic
	Span        syntax.Span // where it is first named
}

// A Value is a basic value with its type; Bits as in Lit.
type Value struct {
	Type Basic
	Bits uint64
}

// A constExpr is a constant expression of one type: constLit, constRef, constParty or constOp.
type constExpr interface{}

type (
	constLit   struct{ bits uint64 }
	constRef   struct{ c *Const }
	constParty struct{ party, name string }
	constOp    struct {
		op   string // + - max min
		args []constExpr
	}
)

// constant evaluates e in type t, with wrap-around; the constants before it are known.
func (in *Instance) constant(e constExpr, t Basic) uint64 {
	switch e := e.(type) {
	case constLit:
		return e.bits
	case constRef:
		return in.consts[e.c]
	case constParty:
		return in.supplied[[2]string{e.party, e.name}]
	}
	op := e.(constOp)
	args := make([]uint64, len(op.args))
	for i, a := range op.args {
		args[i] = in.constant(a, t)
	}
	switch op.op {
	case "+":
		return truncate(args[0]+args[1], t)
	case "-":
		return truncate(args[0]-args[1], t)
	case "max":
		if len(args) == 0 {
			return 0
		}
	case "min":
		if len(args) == 0 {
			return highest(t)
		}
	}
	v := args[0]
	for _, a := range args[1:] {
		if op.op == "max" && less(v, a, t) || op.op == "min" && less(a, v, t) {
			v = a
		}
	}
	return v
}

// sumOf is the normal form of a usize constant expression.
func (m atoms) sumOf(e constExpr) sum {
	switch e := e.(type) {
	case constLit:
		return sum{k: uint32(e.bits)}
	case constRef:
		return e.c.sum
	case constParty:
		return m.supplied(e.party, e.name)
	}
	op := e.(constOp)
	args := make([]sum, len(op.args))
	for i, a := range op.args {
		args[i] = m.sumOf(a)
	}
	switch op.op {
	case "+":
		return m.bounded(args[0].plus(1, args[1]))
	case "-":
		return m.bounded(args[0].plus(^uint32(0), args[1]))
	}
	return m.extremum(op.op, args)
}

// truncate keeps the bits of type t.
func truncate(v uint64, t Basic) uint64 { return v & (1<<(t.Bits()-1)<<1 - 1) }

// extend gives the number that the bits of a signed type t mean.
func extend(v uint64, t Basic) int64 {
	s := 64 - t.Bits()
	return int64(v<<s) >> s
}

// less orders bits of type t as numbers.
func less(a, b uint64, t Basic) bool {
	if t.Signed() {
		return extend(a, t) < extend(b, t)
	}
	return a < b
}

// highest is the bits of the greatest value of t.
func highest(t Basic) uint64 {
	if t.Signed() {
		return 1<<(t.Bits()-1) - 1
	}
	return truncate(^uint64(0), t)
}
