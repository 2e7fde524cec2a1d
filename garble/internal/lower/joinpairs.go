package lower

import (
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// allPairs tells for each element of a and each of b whether they match: the keys are equal, and are so for the first time in b
// and the last time in a. In the table merged by key, such a pair is at places i+j and i+j+1.
func (l *lowerer) allPairs(t tables) [][]circuit.Wire {
	equal := make([][]circuit.Wire, len(t.a)+1)
	for i := range equal {
		equal[i] = make([]circuit.Wire, len(t.b))
		for j := range t.b {
			equal[i][j] = l.b.Zero()
			if i < len(t.a) {
				l.spend(t.key, t.at)
				equal[i][j] = gadget.Equal(l.b, t.a[i][:t.key], t.b[j][:t.key])
			}
		}
	}
	matches := make([][]circuit.Wire, len(t.a))
	for i := range matches {
		for j := range t.b {
			m := l.b.And(equal[i][j], l.b.Not(equal[i+1][j]))
			if j > 0 {
				m = l.b.And(m, l.b.Not(equal[i][j-1]))
			}
			matches[i] = append(matches[i], m)
		}
	}
	return matches
}

// matchesOfA gives for each element of a its match in b.
func (l *lowerer) matchesOfA(t tables) []match {
	var ms []match
	for i, line := range l.allPairs(t) {
		is, rest := l.pick(line, t.b, t.key)
		ms = append(ms, match{is, t.a[i], append(t.a[i][:t.key:t.key], rest...)})
	}
	return ms
}

// matchesOfB gives for each element of b its match in a.
func (l *lowerer) matchesOfB(t tables) []match {
	pairs := l.allPairs(t)
	var ms []match
	for j := range t.b {
		column := make([]circuit.Wire, len(t.a))
		for i := range column {
			column[i] = pairs[i][j]
		}
		is, rest := l.pick(column, t.a, t.key)
		ms = append(ms, match{is, append(t.b[j][:t.key:t.key], rest...), t.b[j]})
	}
	return ms
}

// pick returns whether a selector is 1, of which at most one is, and what is behind the key of that element.
func (l *lowerer) pick(sel []circuit.Wire, elems []gadget.Word, key int) (some circuit.Wire, rest gadget.Word) {
	some = l.b.Zero()
	rest = gadget.Fill(l.b.Zero(), len(elems[0])-key)
	for i, s := range sel {
		some = l.b.Xor(some, s)
		rest = gadget.Xor(l.b, rest, gadget.Mask(l.b, s, elems[i][key:]))
	}
	return some, rest
}
