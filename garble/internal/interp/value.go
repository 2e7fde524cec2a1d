// Package interp runs a checked Garble program directly, as specification sections 8 to 10 say it behaves: it is the oracle for
// package lower, with which it shares no code. Values are Go integers and trees of them; branches that are not taken are not
// run; the first panic ends the program.
package interp

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// A Value is a value of any type: N holds the two's complement bits of a bool or integer, or the variant of an enum; Parts holds
// the elements of an array, the components of a tuple or struct, or the fields of the variant. Values are never changed.
type Value struct {
	N     uint64
	Parts []Value
}

// Encode returns the bits of a value of type t in the layout of spec section 12.
func Encode(in *check.Instance, t check.Type, v Value) []bool {
	var bits []bool
	number := func(x uint64, n int) {
		for i := n - 1; i >= 0; i-- {
			bits = append(bits, x>>i&1 == 1)
		}
	}
	switch t := t.(type) {
	case check.Basic:
		number(v.N, t.Bits())
	case *check.Array:
		for _, e := range v.Parts {
			bits = append(bits, Encode(in, t.Elem, e)...)
		}
	case *check.Enum:
		number(v.N, t.TagBits())
		for i, f := range t.Variants[v.N].Fields {
			bits = append(bits, Encode(in, f, v.Parts[i])...)
		}
		bits = append(bits, make([]bool, in.Bits(t)-len(bits))...)
	default:
		for i, c := range check.Components(t) {
			bits = append(bits, Encode(in, c, v.Parts[i])...)
		}
	}
	return bits
}

// with returns v with the part at a path replaced.
func (v Value) with(path []int, part Value) Value {
	if len(path) == 0 {
		return part
	}
	parts := slices.Clone(v.Parts)
	parts[path[0]] = parts[path[0]].with(path[1:], part)
	return Value{v.N, parts}
}

func (v Value) at(path []int) Value {
	for _, i := range path {
		v = v.Parts[i]
	}
	return v
}

// Equal reports whether two values of the same type are equal.
func Equal(v, w Value) bool { return v.N == w.N && slices.EqualFunc(v.Parts, w.Parts, Equal) }

func truth(b bool) Value {
	if b {
		return Value{N: 1}
	}
	return Value{}
}
