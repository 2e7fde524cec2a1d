package lower

import (
	"math/bits"
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
	first  int   // rows that are padding
}

// mergeRows merges two arrays whose elements have key as their first part.
func (l *lowerer) mergeRows(a, b check.Expr, key check.Type, at syntax.Span) merged {
	at1, at2 := a.Type().(*check.Array), b.Type().(*check.Array)
	m, n := l.in.Len(at1), l.in.Len(at2)
	t := merged{key: l.in.Bits(key), signs: l.signBits(key, 0, nil), aw: l.in.Bits(at1.Elem), bw: l.in.Bits(at2.Elem)}
	x, y := l.eval(a), l.eval(b)
	if m+n == 0 {
		return t
	}
	width := max(t.aw, t.bw) + 1
	total := 1 << bits.Len(uint(m+n-1))
	t.first = total - m - n
	for range t.first {
		t.rows = append(t.rows, gadget.Fill(l.b.Zero(), width))
	}
	row := func(elem gadget.Word, tag circuit.Wire) {
		r := slices.Concat(elem[:t.key], gadget.Word{tag}, elem[t.key:], gadget.Fill(l.b.Zero(), width-1-len(elem)))
		t.rows = append(t.rows, t.flip(l.b, r))
	}
	for i := range m {
		row(x[i*t.aw:(i+1)*t.aw], l.b.Zero())
	}
	for i := n - 1; i >= 0; i-- {
		row(y[i*t.bw:(i+1)*t.bw], l.b.One())
	}
	gadget.BitonicMerge(t.rows, false, func(x, y gadget.Word) {
		l.spend(width, at)
		gadget.Swap(l.b, gadget.Less(l.b, y[:t.key+1], x[:t.key+1], false), x, y)
	})
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

// windows calls f for each pair of neighbours with whether they match, and the elements of the two arrays that they are then.
func (l *lowerer) windows(t merged, at syntax.Span, f func(match circuit.Wire, a, b gadget.Word)) {
	elem := func(row gadget.Word, width int) gadget.Word {
		e := slices.Concat(row[:t.key], row[t.key+1:])
		return t.flip(l.b, e)[:width:width]
	}
	for i := t.first; i+1 < len(t.rows); i++ {
		x, y := t.rows[i], t.rows[i+1]
		l.spend(len(x), at)
		same := gadget.Xor(l.b, x[:t.key+1], y[:t.key+1])
		same[t.key] = l.b.Not(same[t.key])
		f(l.b.Not(gadget.Any(l.b, same)), elem(x, t.aw), elem(y, t.bw))
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
// A row without match being zero, comparing and exchanging takes one AND a bit and none for the comparison.
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
	gadget.BitonicSort(rows, false, func(x, y gadget.Word) {
		l.spend(len(x), e.Span())
		both := y[0]
		for i := range x {
			stays := l.b.And(x[i], both)
			x[i], y[i] = stays, l.b.Xor(l.b.Xor(x[i], y[i]), stays)
		}
	})
	return slices.Concat(rows...)
}
