package joins

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// A value is what is known of a value of a type.
type value struct {
	kind  kind
	n     uint64 // the bits of a number; the first bit among all inputs
	parts []value
}

type kind uint8

const (
	unknown kind = iota
	number       // of a basic type
	input        // bits that are consecutive input bits
	product      // parts of a tuple, struct or array
)

// equal reports whether two values are known to be the same.
func (w *walker) equal(v, u value) bool {
	switch {
	case v.kind != u.kind || v.n != u.n || len(v.parts) != len(u.parts):
		return false
	case len(v.parts) == 0 || &v.parts[0] == &u.parts[0]:
		return true
	}
	return w.spend(len(v.parts)) && slices.EqualFunc(v.parts, u.parts, w.equal)
}

// part is part i of a tuple, struct or array of type t.
func (w *walker) part(v value, t check.Type, i int) value {
	switch v.kind {
	case product:
		return v.parts[i]
	case input:
		return value{kind: input, n: v.n + uint64(w.offset(t, i))}
	}
	return value{}
}

// offset is where part i begins in a value of type t.
func (w *walker) offset(t check.Type, i int) int {
	if a, ok := t.(*check.Array); ok {
		return i * w.in.Bits(a.Elem)
	}
	off := 0
	for _, p := range check.Components(t)[:i] {
		off += w.in.Bits(p)
	}
	return off
}

// with is v, of type t, with one part replaced.
func (w *walker) with(v value, t check.Type, i int, part value) value {
	n := len(check.Components(t))
	if a, ok := t.(*check.Array); ok {
		n = w.in.Len(a)
	}
	if v.kind == unknown && part.kind == unknown || !w.spend(n) {
		return value{}
	}
	parts := make([]value, n)
	for j := range parts {
		parts[j] = w.part(v, t, j)
	}
	parts[i] = part
	return value{kind: product, parts: parts}
}

// place is the first of the consecutive input bits that v, of type t, consists of.
func (w *walker) place(v value, t check.Type) (int, bool) {
	switch v.kind {
	case input:
		return int(v.n), true
	case product:
		first := -1
		for i, p := range v.parts {
			off, ok := w.place(p, partType(t, i))
			if first < 0 {
				first = off
			}
			if !ok || off != first+w.offset(t, i) {
				return 0, false
			}
		}
		return first, first >= 0
	}
	return 0, false
}

func partType(t check.Type, i int) check.Type {
	if a, ok := t.(*check.Array); ok {
		return a.Elem
	}
	return check.Components(t)[i]
}
