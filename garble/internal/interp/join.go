package interp

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// A row is an element of one of the arrays of a join, or padding.
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

// pairs runs the network of spec section 10 and returns, for each window, the two elements if they match, else nil.
func (m *machine) pairs(a, b check.Expr, keyed bool) [][]Value {
	key := a.Type().(*check.Array).Elem
	x, y := m.eval(a).Parts, m.eval(b).Parts
	n := 1
	for n < len(x)+len(y) {
		n *= 2
	}
	if len(x)+len(y) == 0 {
		return nil
	}
	toRow := func(v Value, right bool) row {
		k, t := v, key
		if keyed {
			k, t = v.Parts[0], check.Components(key)[0]
		}
		return row{m.ordered(t, k), right, v}
	}
	var rows []row
	for _, v := range x {
		rows = append(rows, toRow(v, false))
	}
	for _, v := range slices.Backward(y) {
		rows = append(rows, toRow(v, true))
	}
	padding := n - len(rows)
	rows = append(make([]row, padding), rows...)
	for i := range padding {
		rows[i].key = make([]bool, len(rows[n-1].key))
	}
	for gap := n / 2; gap > 0; gap /= 2 { // a bitonic merge of a power of two, layer by layer
		for i := range n {
			if i&gap == 0 && rows[i+gap].less(rows[i]) {
				rows[i], rows[i+gap] = rows[i+gap], rows[i]
			}
		}
	}
	var windows [][]Value
	for i := padding; i+1 < n; i++ {
		r, s := rows[i], rows[i+1]
		var w []Value
		if slices.Equal(r.key, s.key) && r.right != s.right {
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
