package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// A Const is a top-level constant; Instance.Const gives its value.
type Const struct {
	Name string
	Type Basic
	Span syntax.Span
	expr constExpr
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

// evalConst computes e in type t, with wrap-around. Values of named constants come from consts.
func evalConst(e constExpr, t Basic, consts map[*Const]uint64, supplied func(party, name string) uint64) uint64 {
	switch e := e.(type) {
	case constLit:
		return e.bits
	case constRef:
		return consts[e.c]
	case constParty:
		return supplied(e.party, e.name)
	case constOp:
		args := make([]uint64, len(e.args))
		for i, a := range e.args {
			args[i] = evalConst(a, t, consts, supplied)
		}
		switch e.op {
		case "+":
			return truncate(args[0]+args[1], t)
		case "-":
			return truncate(args[0]-args[1], t)
		case "max":
			v := lowest(t)
			if len(args) == 0 {
				return 0
			}
			for _, a := range args {
				if less(v, a, t) {
					v = a
				}
			}
			return v
		case "min":
			v := highest(t)
			for _, a := range args {
				if less(a, v, t) {
					v = a
				}
			}
			return v
		}
	}
	panic("unknown constant expression")
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

// lowest and highest are the bits of the extreme values of t.
func lowest(t Basic) uint64 {
	if t.Signed() {
		return 1 << (t.Bits() - 1)
	}
	return 0
}

func highest(t Basic) uint64 {
	if t.Signed() {
		return 1<<(t.Bits()-1) - 1
	}
	return truncate(^uint64(0), t)
}
