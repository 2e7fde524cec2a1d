package check

import (
	"fmt"
	"strings"
)

// A Type is a Basic, *Tuple, *Array, *Struct or *Enum. Structs and enums are nominal: one definition is one pointer. Tuples
// and arrays are compared with Same.
type Type interface {
	String() string // as written in a program
	isType()
}

// A Basic is bool or an integer type.
type Basic uint8

// The basic types. Usize is 32 bits wide and unsigned. The two open types of unsuffixed literals exist only while a
// function is being checked: a finished tree has none.
const (
	Bool Basic = iota
	U8
	U16
	U32
	U64
	Usize
	I8
	I16
	I32
	I64
	openUint // {uint}: unsuffixed literals without sign, elements of unsuffixed ranges
	openInt  // {int}: unsuffixed negative literals
	invalid  // of an expression that was rejected; fits everything, so that it is not reported again
)

// Bits is the width of the type; an open type is 32 bits wide.
func (b Basic) Bits() int {
	return [...]int{1, 8, 16, 32, 64, 32, 8, 16, 32, 64, 32, 32, 1}[b]
}

// Signed reports whether the type is a signed integer.
func (b Basic) Signed() bool { return b >= I8 && b <= I64 || b == openInt }

// Integer reports whether the type is an integer.
func (b Basic) Integer() bool { return b != Bool && b != invalid }

func (b Basic) open() bool { return b == openUint || b == openInt }

func (b Basic) String() string {
	return [...]string{"bool", "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "number", "negative number", "?"}[b]
}

// A Tuple is an ordered product; the empty one is the unit type.
type Tuple struct{ Elems []Type }

func (t *Tuple) String() string { return t.spell(Type.String) }

// spell is the tuple type with its elements spelled by f.
func (t *Tuple) spell(f func(Type) string) string {
	if len(t.Elems) == 1 {
		return "(" + f(t.Elems[0]) + ",)"
	}
	s := make([]string, len(t.Elems))
	for i, e := range t.Elems {
		s[i] = f(e)
	}
	return "(" + strings.Join(s, ", ") + ")"
}

// An Array has a length that may depend on constants: Instance.Len gives the number.
type Array struct {
	Elem Type
	Size Size
}

func (a *Array) String() string { return fmt.Sprintf("[%v; %v]", a.Elem, a.Size) }

// A Struct has its fields in ascending name order, which is their order in bits, in evaluation and in print (D10).
type Struct struct {
	Name   string
	Fields []Field
}

// A Field is a named component of a struct.
type Field struct {
	Name string
	Type Type
}

func (s *Struct) String() string { return s.Name }

// An Enum has its variants in declaration order. Its value is a tag of TagBits bits, the variant's index, then the fields of
// the variant in order, then zeros up to the largest variant.
type Enum struct {
	Name     string
	Variants []Variant
}

// A Variant is a unit (Tuple false, no fields) or has zero or more positional fields.
type Variant struct {
	Name   string
	Tuple  bool
	Fields []Type
}

func (e *Enum) String() string { return e.Name }

// TagBits is the number of bits that number the variants; 0 for a single one.
func (e *Enum) TagBits() int {
	n := 0
	for 1<<n < len(e.Variants) {
		n++
	}
	return n
}

func (Basic) isType()   {}
func (*Tuple) isType()  {}
func (*Array) isType()  {}
func (*Struct) isType() {}
func (*Enum) isType()   {}

// Components returns the types of the parts of a tuple or a struct in layout order, and nil for any other type.
func Components(t Type) []Type {
	switch t := t.(type) {
	case *Tuple:
		return t.Elems
	case *Struct:
		elems := make([]Type, len(t.Fields))
		for i, f := range t.Fields {
			elems[i] = f.Type
		}
		return elems
	}
	return nil
}

// Same reports whether two types are equal. Array sizes are equal when they are the same number for all constants as far as
// sums, differences, max and min of constants can tell (D15).
func Same(a, b Type) bool {
	switch a := a.(type) {
	case *Tuple:
		b, ok := b.(*Tuple)
		if !ok || len(a.Elems) != len(b.Elems) {
			return false
		}
		for i := range a.Elems {
			if !Same(a.Elems[i], b.Elems[i]) {
				return false
			}
		}
		return true
	case *Array:
		b, ok := b.(*Array)
		return ok && a.Size.same(b.Size) && Same(a.Elem, b.Elem)
	}
	return a == b
}
