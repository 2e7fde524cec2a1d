package lower

import (
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// parts calls f with each component of a product or variant pattern that is not nil, its bits and its type.
func (l *lowerer) parts(p check.Pattern, w gadget.Word, t check.Type, f func(check.Pattern, gadget.Word, check.Type)) {
	var elems []check.Pattern
	types := check.Components(t)
	switch p := p.(type) {
	case *check.ProductPattern:
		elems = p.Elems
	case *check.VariantPattern:
		elems = p.Elems
		types = p.Enum.Variants[p.Variant].Fields
		w = w[p.Enum.TagBits():]
	}
	for i, e := range elems {
		n := l.in.Bits(types[i])
		if e != nil {
			f(e, w[:n:n], types[i])
		}
		w = w[n:]
	}
}

// bindPattern binds the variables of a pattern that matches w.
func (l *lowerer) bindPattern(p check.Pattern, w gadget.Word, t check.Type) {
	if b, ok := p.(*check.Bind); ok {
		l.bind(b.Var, w)
		return
	}
	l.parts(p, w, t, l.bindPattern)
}

// matches tells whether w matches a pattern.
func (l *lowerer) matches(p check.Pattern, w gadget.Word, t check.Type) circuit.Wire {
	m := l.b.One()
	switch p := p.(type) {
	case *check.RangePattern:
		return l.inRange(p, w)
	case *check.VariantPattern:
		n := p.Enum.TagBits()
		m = l.equalConst(w[:n], uint64(p.Variant))
	}
	l.parts(p, w, t, func(e check.Pattern, w gadget.Word, t check.Type) { m = l.both(m, l.matches(e, w, t)) })
	return m
}

// both is the AND of two conditions.
func (l *lowerer) both(x, y circuit.Wire) circuit.Wire {
	z := l.b.And(x, y)
	if z != x && z != y {
		l.implies(z, x, y)
	}
	return z
}

func (l *lowerer) inRange(p *check.RangePattern, w gadget.Word) circuit.Wire {
	if p.Lo == p.Hi {
		return l.equalConst(w, p.Lo)
	}
	lo, hi := gadget.Const(l.b, p.Lo, len(w)), gadget.Const(l.b, p.Hi, len(w))
	signed := p.Type.Signed()
	below, above := gadget.Less(l.b, w, lo, signed), gadget.Less(l.b, hi, w, signed)
	return l.b.And(l.b.Not(below), l.b.Not(above))
}

// match builds the arms that can be reached. Their selectors are made disjoint: the first arm that matches wins.
func (l *lowerer) match(e *check.Match) gadget.Word {
	x := l.eval(e.X)
	t := e.X.Type()
	taken := l.b.Zero()
	var sel []circuit.Wire
	var outcomes []outcome
	for i, arm := range e.Arms {
		if taken == l.b.One() {
			break
		}
		l.spend(len(x), e.Span())
		s := l.b.Not(taken)
		if i < len(e.Arms)-1 {
			m := l.matches(arm.Pattern, x, t)
			if value, ok := l.known(m); ok {
				m = l.b.Zero()
				if value {
					m = l.b.One()
				}
			}
			if disjoint(arm.Pattern, e.Arms[:i]) {
				s = m
			} else {
				s = l.both(m, s)
			}
		}
		if s == l.b.Zero() {
			continue
		}
		taken = l.b.Xor(taken, s)
		body := func() gadget.Word {
			l.bindPattern(arm.Pattern, x, t)
			return l.eval(arm.Body)
		}
		if s == l.b.One() {
			return body()
		}
		sel = append(sel, s)
		outcomes = append(outcomes, l.branch(s, body))
	}
	return l.join(sel, outcomes)
}

// maxDisjoint bounds the comparisons of a pattern with those before it.
const maxDisjoint = 256

// disjoint reports whether no value matches the pattern and one of the arms.
func disjoint(p check.Pattern, arms []check.Arm) bool {
	if len(arms) > maxDisjoint {
		return false
	}
	for _, a := range arms {
		if !apart(p, a.Pattern) {
			return false
		}
	}
	return true
}

// apart reports whether no value matches both patterns; it may be false although none does.
func apart(p, q check.Pattern) bool {
	switch p := p.(type) {
	case *check.RangePattern:
		q, ok := q.(*check.RangePattern)
		if !ok {
			return false
		}
		flip := uint64(0) // makes two's complement bits ascend
		if p.Type.Signed() {
			flip = 1 << (p.Type.Bits() - 1)
		}
		return p.Hi^flip < q.Lo^flip || q.Hi^flip < p.Lo^flip
	case *check.ProductPattern:
		q, ok := q.(*check.ProductPattern)
		return ok && anyApart(p.Elems, q.Elems)
	case *check.VariantPattern:
		q, ok := q.(*check.VariantPattern)
		return ok && (p.Variant != q.Variant || anyApart(p.Elems, q.Elems))
	}
	return false
}

func anyApart(p, q []check.Pattern) bool {
	for i := range p {
		if p[i] != nil && q[i] != nil && apart(p[i], q[i]) {
			return true
		}
	}
	return false
}
