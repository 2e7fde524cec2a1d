package check

import (
	"fmt"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// MaxValueBits is the largest number of bits of one value: an argument, a variable, a part of an expression.
const MaxValueBits = 1 << 26

// An Instance is an entry function with the constants of all parties: every array has a length and every type a width, none
// above MaxValueBits.
type Instance struct {
	Entry    *Func
	consts   map[*Const]uint64
	supplied map[[2]string]uint64
	lens     map[*Array]int
	bits     map[Type]int
}

// Const is the value of a constant as two's complement bits.
func (in *Instance) Const(c *Const) uint64 { return in.consts[c] }

// Len is the number of elements of an array type.
func (in *Instance) Len(a *Array) int {
	n, ok := in.lens[a]
	if !ok {
		n = int(a.Size.sum.eval(func(p, name string) uint64 { return in.supplied[[2]string{p, name}] }))
		in.lens[a] = n
	}
	return n
}

// Bits is the width of a value of a type.
func (in *Instance) Bits(t Type) int {
	if b, ok := t.(Basic); ok {
		return b.Bits()
	}
	n, ok := in.bits[t]
	if !ok {
		n = in.measure(t)
		in.bits[t] = n
	}
	return n
}

// measure adds up the parts of a type; more than MaxValueBits is MaxValueBits+1.
func (in *Instance) measure(t Type) int {
	n := 0
	switch t := t.(type) {
	case *Array:
		n = in.Bits(t.Elem) // below 2^27, and a length is below 2^32
		n *= in.Len(t)
	case *Enum:
		for _, v := range t.Variants {
			n = max(n, in.sum(v.Fields))
		}
		n += t.TagBits()
	default:
		n = in.sum(Components(t))
	}
	return min(n, MaxValueBits+1)
}

func (in *Instance) sum(types []Type) int {
	n := 0
	for _, t := range types {
		n = min(n+in.Bits(t), MaxValueBits+1)
	}
	return n
}

// Parties gives the type of each party's input, in seat order: one parameter each, or, for EachElement, one element each.
func (in *Instance) Parties() []Type {
	if in.Entry.EachElement {
		a := in.Entry.Params[0].Type.(*Array)
		types := make([]Type, in.Len(a))
		for i := range types {
			types[i] = a.Elem
		}
		return types
	}
	types := make([]Type, len(in.Entry.Params))
	for i, p := range in.Entry.Params {
		types[i] = p.Type
	}
	return types
}

func compileError(kind string, at syntax.Span, format string, args ...any) *syntax.Error {
	return &syntax.Error{Phase: syntax.PhaseCompile, Kind: kind, Pos: at.Start, End: at.End, Msg: fmt.Sprintf(format, args...)}
}
