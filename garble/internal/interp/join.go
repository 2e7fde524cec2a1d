package interp

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// A row is an element of one of the arrays of a join.
type row struct {
	key   []bool
	right bool // from the second array
	elem  Value
}

func (r row) less(s row) bool {
	for i := range r.key {
		if r.key[i] != s.key[i] {
			return s.key[i]
		}
	}
	return !r.right && s.right
}

// ordered gives bits of a key whose order is that of the signed and unsigned numbers in it.
func (m *machine) ordered(t check.Type, v Value) []bool {
	var bits []bool
	switch t := t.(type) {
	case check.Basic:
		bits = Encode(m.in, t, v)
		if t.Signed() {
			bits[0] = !bits[0]
		}
	case *check.Enum:
		bits = Encode(m.in, t, v)
	case *check.Array:
		for _, e := range v.Parts {
			bits = append(bits, m.ordered(t.Elem, e)...)
		}
	default:
		for i, c := range check.Components(t) {
			bits = append(bits, m.ordered(c, v.Parts[i])...)
		}
	}
	return bits
}

// pairs merges the arrays in the order of their keys and returns, for each two neighbours, the two elements if they match, else
// nil. What a join of unsorted arrays gives is not specified.
func (m *machine) pairs(a, b check.Expr, keyed bool) [][]Value {
	t := a.Type().(*check.Array).Elem
	var rows []row
	collect := func(array Value, right bool) {
		first := len(rows)
		for i, v := range array.Parts {
			k, kt := v, t
			if keyed {
				k, kt = v.Parts[0], check.Components(t)[0]
			}
			rows = append(rows, row{m.ordered(kt, k), right, v})
			if i > 0 && !rows[first+i-1].less(rows[first+i]) {
				panic(ErrUnsorted)
			}
		}
	}
	x, y := m.eval(a), m.eval(b)
	collect(x, false)
	collect(y, true)
	slices.SortFunc(rows, func(r, s row) int {
		if r.less(s) {
			return -1
		}
		return 1
	})
	var windows [][]Value
	for i := 0; i+1 < len(rows); i++ {
		r, s := rows[i], rows[i+1]
		var w []Value
		if slices.Equal(r.key, s.key) {
			w = []Value{r.elem, s.elem}
		}
		windows = append(windows, w)
	}
	return windows
}

func (m *machine) joinLoop(s *check.JoinLoop) {
	for _, w := range m.pairs(s.A, s.B, true) {
		if w != nil {
			m.match(s.Pattern, Value{Parts: w})
			m.eval(s.Body)
		}
	}
}

func (m *machine) join(e *check.Join) Value {
	windows := m.pairs(e.A, e.B, e.Keyed)
	sortMatches(windows, false)
	t := e.Type().(*check.Array).Elem
	var parts []Value
	for _, w := range windows {
		v := m.zero(t)
		if w != nil {
			if !e.Keyed {
				w = w[:1]
			}
			v = Value{Parts: append([]Value{truth(true)}, w...)}
		}
		parts = append(parts, v)
	}
	return Value{Parts: parts}
}

// sortMatches is the bitonic sort of spec section 10 by whether a window matches.
func sortMatches(w [][]Value, down bool) {
	if len(w) < 2 {
		return
	}
	sortMatches(w[:len(w)/2], !down)
	sortMatches(w[len(w)/2:], down)
	mergeMatches(w, down)
}

func mergeMatches(w [][]Value, down bool) {
	if len(w) < 2 {
		return
	}
	half := 1
	for half*2 < len(w) {
		half *= 2
	}
	for i := 0; i+half < len(w); i++ {
		if a, b := w[i] != nil, w[i+half] != nil; a != b && a != down {
			w[i], w[i+half] = w[i+half], w[i]
		}
	}
	mergeMatches(w[:half], down)
	mergeMatches(w[half:], down)
}

// zero is the value of type t whose bits are all 0.
func (m *machine) zero(t check.Type) Value {
	var parts []Value
	switch t := t.(type) {
	case *check.Array:
		for range m.in.Len(t) {
			parts = append(parts, m.zero(t.Elem))
		}
	case *check.Enum:
		for _, f := range t.Variants[0].Fields {
			parts = append(parts, m.zero(f))
		}
	default:
		for _, c := range check.Components(t) {
			parts = append(parts, m.zero(c))
		}
	}
	return Value{Parts: parts}
}
