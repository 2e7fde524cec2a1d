package lower

import (
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// Tables are the two arrays of a join, whose elements begin with the key. They must ascend by key (spec section 10); what a join
// of others gives is not specified; where a key repeats in one table, one of them matches. Signed integers in a key are
// ordered as numbers (B15), enums by their bits.
type tables struct {
	a, b         []gadget.Word
	key          int   // bits of the key
	arest, brest int   // bits of the elements behind it
	sign         []int // bits of the key that are signs of integers
	at           syntax.Span
}

func (l *lowerer) tables(a, b check.Expr, key check.Type, at syntax.Span) tables {
	t := tables{key: l.in.Bits(key), sign: l.signBits(key, 0, nil), at: at}
	x, y := l.eval(a), l.eval(b)
	t.a, t.arest = l.elements(x, a.Type(), t.key)
	t.b, t.brest = l.elements(y, b.Type(), t.key)
	return t
}

// elements cuts an array, and gives the bits of an element behind the key.
func (l *lowerer) elements(w gadget.Word, t check.Type, key int) (elems []gadget.Word, rest int) {
	a := t.(*check.Array)
	size := l.in.Bits(a.Elem)
	for i := range l.in.Len(a) {
		elems = append(elems, w[i*size:(i+1)*size:(i+1)*size])
	}
	return elems, size - key
}

// signBits appends the offsets of the sign bits of a key's integers.
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

// flip complements the sign bits of the key at the start of a row, in place, so that bits order as numbers.
func (t tables) flip(b *circuit.Builder, row gadget.Word) gadget.Word {
	for _, i := range t.sign {
		row[i] = b.Not(row[i])
	}
	return row
}

// A match is a possible match of a join: whether it is one, and the elements, which have the same wires for the key.
type match struct {
	is   circuit.Wire
	a, b gadget.Word
}

// joinLoop runs the body for the matches in the order of the keys.
func (l *lowerer) joinLoop(s *check.JoinLoop) {
	t := l.tables(s.A, s.B, s.Pair.Elems[0].(*check.Tuple).Elems[0], s.Span)
	for _, m := range l.matchesInOrder(t) {
		l.spend(len(m.a)+len(m.b), s.Span)
		l.ifElse(m.is, func() gadget.Word {
			l.bindPattern(s.Pattern, slices.Concat(m.a, m.b), s.Pair)
			l.eval(s.Body)
			return nil
		}, func() gadget.Word { return nil })
	}
}

// matchesInOrder gives the matches in the order of the keys, by the cheaper way: comparing all pairs, or merging the tables.
func (l *lowerer) matchesInOrder(t tables) []match {
	m, n := len(t.a), len(t.b)
	body := 2 * (t.arest + t.brest) // a guess
	byA := m*n*(t.key+1+t.brest) + m*body
	byB := m*n*(t.key+1+t.arest) + n*body
	switch merging := t.mergeCost() + (m+n-1)*body; {
	case m*n == 0:
		return nil
	case byA <= merging && byA <= byB:
		return l.matchesOfA(t)
	case byB <= merging:
		return l.matchesOfB(t)
	default:
		return l.windows(t)
	}
}

// joinExpr builds the rows of join: (match, a, b) or (match, a), zero where nothing matches, sorted by match. A row without
// match being zero, comparing and exchanging takes one AND a bit and none for the comparison. Of two windows side by side at
// most one matches, so that exchanging them takes none at all and leaves a row that is known to be zero.
func (l *lowerer) joinExpr(e *check.Join) gadget.Word {
	key := e.A.Type().(*check.Array).Elem
	if e.Keyed {
		key = key.(*check.Tuple).Elems[0]
	}
	t := l.tables(e.A, e.B, key, e.Span())
	rows := l.joinRows(t, e.Keyed)
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

// joinRows gives a row for each window, in the cheaper way.
func (l *lowerer) joinRows(t tables, keyed bool) []gadget.Word {
	payload := t.key + t.arest // bits that differ
	width := payload
	if keyed {
		payload += t.brest
		width = payload + t.key
	}
	windows := len(t.a) + len(t.b) - 1
	mask := func(m match) gadget.Word {
		row := append(gadget.Word{m.is}, gadget.Mask(l.b, m.is, m.a)...)
		if keyed {
			row = append(row, gadget.Mask(l.b, m.is, m.b)...)
		}
		return row
	}
	if len(t.a)*len(t.b)*(t.key+1+payload) > t.mergeCost()+windows*payload {
		var rows []gadget.Word
		for _, m := range l.windows(t) {
			rows = append(rows, mask(m))
		}
		return rows
	}
	rows := make([]gadget.Word, windows)
	for i := range rows {
		rows[i] = gadget.Fill(l.b.Zero(), 1+width)
	}
	for i, line := range l.allPairs(t) {
		for j, is := range line {
			row := mask(match{is, t.a[i], append(t.a[i][:t.key:t.key], t.b[j][t.key:]...)})
			rows[i+j] = gadget.Xor(l.b, rows[i+j], row)
		}
	}
	return rows
}
