package lower

import (
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// A sum is x + y, which cannot overflow. Counters are sums of many small numbers: adding one to a sum of W bits takes W ANDs,
// but one each if carries are left open until somebody looks. So a sum also has two rows that add up to it, lowest bit first, to
// which a bit is added with one AND at most on average. The bits of the sum are made from the rows each time; those that nobody
// looks at are dead code.
type sum struct {
	x, y gadget.Word
	rows [2][]circuit.Wire
}

// sum returns x + y, which is at most v.
func (l *lowerer) sum(x, y gadget.Word, v uint64) gadget.Word {
	if len(l.significant(x)) < len(l.significant(y)) {
		x, y = y, x
	}
	n := len(x)
	s := sum{x: x, y: y}
	wide, small := l.significant(x), l.significant(y)
	before, ok := l.bounds.sums[l.key(x)]
	var z gadget.Word
	if ok && (len(small) == 1 || 3*len(small) <= len(wide)) {
		for i := range n {
			for r := range s.rows {
				s.rows[r] = append(s.rows[r], before.bit(l.b, r, i))
			}
		}
		for i := range small {
			s.insert(l.b, i, small[len(small)-1-i])
		}
		z, _ = gadget.Add(l.b, s.row(0), s.row(1), false)
	} else {
		z, _ = gadget.Add(l.b, x, y, false)
		for i := range n {
			s.rows[0] = append(s.rows[0], z[n-1-i])
			s.rows[1] = append(s.rows[1], l.b.Zero())
		}
	}
	z = l.atMost(z, v)
	if len(l.bounds.sums) >= maxBounds {
		clear(l.bounds.sums)
	}
	l.bounds.sums[l.key(z)] = s
	return z
}

// bit is bit i of a row.
func (s *sum) bit(b *circuit.Builder, row, i int) circuit.Wire {
	if i < len(s.rows[row]) {
		return s.rows[row][i]
	}
	return b.Zero()
}

// row is a row as a word.
func (s *sum) row(r int) gadget.Word {
	w := make(gadget.Word, 0, len(s.rows[r]))
	for i := len(s.rows[r]) - 1; i >= 0; i-- {
		w = append(w, s.rows[r][i])
	}
	return w
}

// without returns what the sum adds to x.
func (s *sum) without(x gadget.Word) (y gadget.Word, ok bool) {
	switch {
	case slices.Equal(s.x, x):
		return s.y, true
	case slices.Equal(s.y, x):
		return s.x, true
	}
	return nil, false
}

// insert adds a bit at place i of the rows: where there is room, else by a full adder, whose carry goes to the next place. A
// carry out of the rows is 0.
func (s *sum) insert(b *circuit.Builder, i int, w circuit.Wire) {
	for ; i < len(s.rows[0]) && w != b.Zero(); i++ {
		x, y := &s.rows[0][i], &s.rows[1][i]
		switch b.Zero() {
		case *x:
			*x = w
			return
		case *y:
			*y = w
			return
		}
		total, carry := gadget.FullAdd(b, *x, *y, w)
		*x, *y = total, b.Zero()
		w = carry
	}
}

// conditionalSum returns the word whose selector is 1 if all are x or all but some are x and those x + y: y is added or not.
func (l *lowerer) conditionalSum(sel []circuit.Wire, words []gadget.Word) (gadget.Word, bool) {
	first, second := words[0], gadget.Word(nil)
	isSecond := l.b.Zero()
	for k, w := range words {
		switch {
		case slices.Equal(w, first):
		case second == nil || slices.Equal(w, second):
			second = w
			isSecond = l.b.Xor(isSecond, sel[k])
		default:
			return nil, false
		}
	}
	if second == nil {
		return first, true
	}
	if z, ok := l.addIf(isSecond, first, second); ok {
		return z, true
	}
	return l.addIf(l.b.Not(isSecond), second, first)
}

// addIf returns cond ? total : x if total is known to be x plus something.
func (l *lowerer) addIf(cond circuit.Wire, x, total gadget.Word) (gadget.Word, bool) {
	s, ok := l.bounds.sums[l.key(total)]
	if !ok {
		return nil, false
	}
	y, ok := s.without(x)
	if !ok {
		return nil, false
	}
	z, _ := l.add(x, gadget.Mask(l.b, cond, y), false)
	return z, true
}

// A diff is x - y modulo 2^n, before leading bits were set to zero, and whether that is less than 0.
type diff struct {
	x, y, z gadget.Word
	less    circuit.Wire
}

// distance returns the choice between x - y and y - x: the one is the other negated. Of the two it takes the one that was made
// to decide the choice.
func (l *lowerer) distance(sel []circuit.Wire, words []gadget.Word) (gadget.Word, bool) {
	if len(words) != 2 {
		return nil, false
	}
	d, ok := l.bounds.diffs[l.key(words[1])]
	e, also := l.bounds.diffs[l.key(words[0])]
	if !ok || !also || !slices.Equal(d.x, e.y) || !slices.Equal(d.y, e.x) {
		return nil, false
	}
	n := len(l.significant(words[0])) // low bits of a difference, from which the word was made, perhaps in another way
	if n != len(l.significant(words[1])) {
		return nil, false
	}
	negate := sel[0]
	if e.less == sel[0] || e.less == sel[1] {
		d, negate = e, sel[1]
	}
	z := gadget.NegateIf(l.b, negate, d.z[len(d.z)-n:])
	return gadget.Resize(l.b, z, len(words[0]), false), true
}
