package lower

import (
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A merged table holds the rows of two sorted arrays in the order of their keys (spec section 10): key, a tag of one bit that
// is 0 for a row of the first array and 1 for one of the second, then the rest of the element.
type merged struct {
	rows   []gadget.Word
	key    int   // bits
	signs  []int // bits of the key that are complemented while sorting, so that signed integers ascend naturally (B15)
	aw, bw int   // bits of the elements
}

// mergeRows merges two arrays whose elements have key as their first part.
func (l *lowerer) mergeRows(a, b check.Expr, key check.Type, at syntax.Span) merged {
	at1, at2 := a.Type().(*check.Array), b.Type().(*check.Array)
	m, n := l.in.Len(at1), l.in.Len(at2)
	t := merged{key: l.in.Bits(key), signs: l.signBits(key, 0, nil), aw: l.in.Bits(at1.Elem), bw: l.in.Bits(at2.Elem)}
	x, y := l.eval(a), l.eval(b)
	width := max(t.aw, t.bw) + 1
	var rows []gadget.Word
	var left, right []int
	row := func(elem gadget.Word, tag circuit.Wire) int {
		r := slices.Concat(elem[:t.key], gadget.Word{tag}, elem[t.key:], gadget.Fill(l.b.Zero(), width-1-len(elem)))
		rows = append(rows, t.flip(l.b, r))
		return len(rows) - 1
	}
	for i := range m {
		left = append(left, row(x[i*t.aw:(i+1)*t.aw], l.b.Zero()))
	}
	for i := range n {
		right = append(right, row(y[i*t.bw:(i+1)*t.bw], l.b.One()))
	}
	order := gadget.OddEvenMerge(left, right, func(i, j int) {
		l.spend(width, at)
		x, y := rows[i], rows[j]
		gadget.Swap(l.b, gadget.Less(l.b, y[:t.key+1], x[:t.key+1], false), x, y)
	})
	for _, i := range order {
		t.rows = append(t.rows, rows[i])
	}
	return t
}

// flip complements the sign bits of a row's key in place.
func (t merged) flip(b *circuit.Builder, row gadget.Word) gadget.Word {
	for _, i := range t.signs {
		row[i] = b.Not(row[i])
	}
	return row
}

// signBits appends the offsets of the sign bits of a key's signed integers. Fields of enums, whose place depends on the
// variant, compare by their bits.
func (l *lowerer) signBits(t check.Type, off int, signs []int) []int {
	switch t := t.(type) {
	case check.Basic:
		if t.Signed() {
			signs = append(signs, off)
		}
	case *check.Array:
		for i := range l.in.Len(t) {
			signs = l.signBits(t.Elem, off+i*l.in.Bits(t.Elem), signs)
		}
	default:
		for _, c := range check.Components(t) {
			signs = l.signBits(c, off, signs)
			off += l.in.Bits(c)
		}
	}
	return signs
}

// windows calls f for each pair of neighbours with whether they match, a row of the first array before one of the second, and
// the elements of the two arrays that they are then. Both have the same wires for the key.
func (l *lowerer) windows(t merged, at syntax.Span, f func(match circuit.Wire, a, b gadget.Word)) {
	for i := 0; i+1 < len(t.rows); i++ {
		x, y := t.rows[i], t.rows[i+1]
		l.spend(len(x), at)
		same := gadget.Equal(l.b, x[:t.key], y[:t.key])
		ordered := l.b.And(l.b.Not(x[t.key]), y[t.key])
		key := t.flip(l.b, slices.Clone(x[:t.key]))
		elem := func(row gadget.Word, width int) gadget.Word {
			return slices.Concat(key, row[t.key+1:])[:width:width]
		}
		f(l.b.And(same, ordered), elem(x, t.aw), elem(y, t.bw))
	}
}

func (l *lowerer) joinLoop(s *check.JoinLoop) {
	key := s.Pair.Elems[0].(*check.Tuple).Elems[0]
	t := l.mergeRows(s.A, s.B, key, s.Span)
	l.windows(t, s.Span, func(match circuit.Wire, a, b gadget.Word) {
		l.ifElse(match, func() gadget.Word {
			l.bindPattern(s.Pattern, slices.Concat(a, b), s.Pair)
			l.eval(s.Body)
			return nil
		}, func() gadget.Word { return nil })
	})
}

// joinExpr builds the rows of join: (match, a, b) or (match, a) for every window, zero where nothing matches, sorted by match.
// A row without match being zero, comparing and exchanging takes one AND a bit and none for the comparison. Of two windows
// side by side at most one matches, as the row they share cannot be of both arrays, so that exchanging them takes none at all
// and leaves a row that is known to be zero.
func (l *lowerer) joinExpr(e *check.Join) gadget.Word {
	key := e.A.Type().(*check.Array).Elem
	if e.Keyed {
		key = key.(*check.Tuple).Elems[0]
	}
	t := l.mergeRows(e.A, e.B, key, e.Span())
	var rows []gadget.Word
	l.windows(t, e.Span(), func(match circuit.Wire, a, b gadget.Word) {
		row := append(gadget.Word{match}, gadget.Mask(l.b, match, a)...)
		if e.Keyed {
			row = append(row, gadget.Mask(l.b, match, b)...)
		}
		rows = append(rows, row)
	})
	moved := make([]bool, len(rows))
	gadget.BitonicSort(0, len(rows), false, func(i, j int) {
		x, y := rows[i], rows[j]
		l.spend(len(x), e.Span())
		both := y[0]
		if (i-j == 1 || j-i == 1) && !moved[i] && !moved[j] {
			both = l.b.Zero()
		}
		moved[i], moved[j] = true, true
		for k := range x {
			stays := l.b.And(x[k], both)
			x[k], y[k] = stays, l.b.Xor(l.b.Xor(x[k], y[k]), stays)
		}
	})
	return slices.Concat(rows...)
}
