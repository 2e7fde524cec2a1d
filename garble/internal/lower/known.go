package lower

import (
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// Knowledge holds what follows from a condition: in the branch where x == 5, the bits of x are constants. Branches are joined
// with fewer ANDs for it, and checks that cannot fail are left out.
type knowledge map[circuit.Wire][]circuit.Wire // by wire: wires that are 1 if it is

// maxKnowledge bounds the conditions remembered, maxGiven the facts that follow from one.
const (
	maxKnowledge = 1 << 14
	maxGiven     = 512
)

// implies remembers that facts are 1 if cond is.
func (l *lowerer) implies(cond circuit.Wire, facts ...circuit.Wire) {
	if len(l.knowledge) < maxKnowledge && cond != l.b.Zero() && cond != l.b.One() {
		l.knowledge[cond] = facts
	}
}

// A given is a set of wires that are 1.
type given map[circuit.Wire]struct{}

// given returns what follows from cond, as far as maxGiven allows, or nil if that is only cond.
func (l *lowerer) given(cond circuit.Wire) given {
	if l.knowledge[cond] == nil {
		return nil
	}
	g := given{}
	todo := []circuit.Wire{cond}
	for len(todo) > 0 && len(g) < maxGiven {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, ok := g[w]; !ok {
			g[w] = struct{}{}
			todo = append(todo, l.knowledge[w]...)
		}
	}
	return g
}

// value returns what a set of facts says about a wire.
func (g given) value(b *circuit.Builder, w circuit.Wire) (value, ok bool) {
	if _, ok := g[w]; ok {
		return true, true
	}
	_, ok = g[b.Not(w)]
	return false, ok
}

// known returns the value of a wire if the path to here decides it.
func (l *lowerer) known(w circuit.Wire) (value, ok bool) {
	if w == l.b.Zero() || w == l.b.One() {
		return w == l.b.One(), true
	}
	for f := l.frame; f != nil; f = f.parent {
		if f.cond == w || f.cond == l.b.Not(w) {
			return f.cond == w, true
		}
		if value, ok := f.given.value(l.b, w); ok {
			return value, true
		}
	}
	return false, false
}

// equalConst returns w == k.
func (l *lowerer) equalConst(w gadget.Word, k uint64) circuit.Wire {
	return l.equal(w, gadget.Const(l.b, k, len(w)))
}

// equal returns x == y, from which bits follow where one of them is constant.
func (l *lowerer) equal(x, y gadget.Word) circuit.Wire {
	eq := gadget.Equal(l.b, x, y)
	facts := make([]circuit.Wire, 0, len(x))
	for i := range x {
		v, w := x[i], y[i]
		if v == l.b.Zero() || v == l.b.One() {
			v, w = w, v
		}
		switch w {
		case l.b.One():
			facts = append(facts, v)
		case l.b.Zero():
			facts = append(facts, l.b.Not(v))
		}
	}
	if len(facts) > 0 && len(facts) <= 64 {
		l.implies(eq, facts...)
	}
	return eq
}

// less returns x < y, from which follows that not y < x.
func (l *lowerer) less(x, y gadget.Word, signed bool) circuit.Wire {
	less := gadget.Less(l.b, x, y, signed)
	if len(l.knowledge) < maxKnowledge {
		greater := gadget.Less(l.b, y, x, signed)
		l.implies(less, l.b.Not(greater))
		l.implies(greater, l.b.Not(less))
	}
	return less
}

// choose returns the word whose selector is 1.
func (l *lowerer) choose(sel []circuit.Wire, words []gadget.Word) gadget.Word {
	if n := len(words[0]); n < 2 || n > 64 {
		return l.chooseBits(sel, words)
	}
	if z, ok := l.conditionalSum(sel, words); ok {
		return z
	}
	if z, ok := l.distance(sel, words); ok {
		return z
	}
	v := uint64(0)
	for _, w := range words {
		v = max(v, l.most(w))
	}
	return l.atMost(l.chooseBits(sel, words), v)
}

// chooseBits is choose without regard to what the words are as numbers.
func (l *lowerer) chooseBits(sel []circuit.Wire, words []gadget.Word) gadget.Word {
	facts := make([]given, len(sel))
	some := false
	for k, s := range sel {
		facts[k] = l.given(s)
		some = some || facts[k] != nil
	}
	switch {
	case some:
		return gadget.Select(l.b, sel, words, func(k int, w circuit.Wire) circuit.Wire {
			if value, ok := facts[k].value(l.b, w); ok && value {
				return l.b.One()
			} else if ok {
				return l.b.Zero()
			}
			return w
		})
	case len(words) == 2:
		return gadget.Mux(l.b, sel[0], words[0], words[1])
	}
	return gadget.Select(l.b, sel, words, nil)
}
