package lower

import (
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A reason is the code of a panic (spec section 9).
type reason uint32

const (
	overflow    reason = 1
	divByZero   reason = 2
	outOfBounds reason = 3
)

// The panic record names the first panic in evaluation order along the branches taken. Instead of multiplexing 161 bits at
// each place where a panic is possible, we keep it as a sum: record = XOR of w & mask over a list of terms, a wire and a
// constant each. At a place where cond makes the program panic, the wire cond & !any, where any is whether it panicked
// before, is 1 at no more than one place of a run; with the constant of that place as mask it is a term, for one AND.
//
// A branch collects terms of its own. Joining branches takes an AND with the selector for each term, but the terms of a branch
// can be rewritten to as many as their masks have rank, about a dozen, since positions are alike.
type panics struct {
	any    circuit.Wire // panicked already
	seen   map[circuit.Wire]struct{}
	record record
}

// A mask is the record of a panic: the panic bit and the reason in the first word, line and column of the start in the second,
// of the end in the third. Masks of terms of joined branches are sums of such.
type mask [3]uint64

const panicBit = 1 << 32

func newMask(r reason, at syntax.Span) mask {
	pos := func(p syntax.Pos) uint64 { return uint64(uint32(p.Line))<<32 | uint64(uint32(p.Col)) }
	return mask{panicBit | uint64(r), pos(at.Start), pos(at.End)}
}

func (m mask) add(n mask) mask { return mask{m[0] ^ n[0], m[1] ^ n[1], m[2] ^ n[2]} }

func (m mask) bit(i int) bool { return m[i/64]>>(63-i%64)&1 == 1 }

// A record is a sum of terms with different masks.
type record struct {
	terms []term
	at    map[mask]int // place in terms
}

type term struct {
	mask mask
	wire circuit.Wire
}

// maxTerms is the length from which a sum is rewritten, to at most PanicBits terms.
const maxTerms = 1 << 12

func (r *record) add(b *circuit.Builder, t term) {
	if i, ok := r.at[t.mask]; ok {
		r.terms[i].wire = b.Xor(r.terms[i].wire, t.wire)
		return
	}
	if len(r.terms) >= maxTerms {
		terms := reduce(b, r.terms)
		*r = record{terms, map[mask]int{}}
		for i, t := range terms {
			r.at[t.mask] = i
		}
	}
	if r.at == nil {
		r.at = map[mask]int{}
	}
	r.at[t.mask] = len(r.terms)
	r.terms = append(r.terms, t)
}

// panicIf makes the program panic if cond, unless it did before.
func (l *lowerer) panicIf(cond circuit.Wire, r reason, at syntax.Span) {
	p := &l.frame.panics
	if value, ok := l.known(cond); ok && !value || p.any == l.b.One() || l.counted(cond) {
		return
	} else if ok {
		cond = l.b.One()
	}
	if p.seen == nil || len(p.seen) >= maxSeen {
		p.seen = map[circuit.Wire]struct{}{}
	}
	p.seen[cond] = struct{}{}
	first := l.b.And(cond, l.b.Not(p.any))
	p.any = l.b.Xor(p.any, first)
	p.record.add(l.b, term{newMask(r, at), first})
}

// maxSeen bounds the memory for conditions that panicked already.
const maxSeen = 1 << 16

// counted reports whether any includes cond on the path to here.
func (l *lowerer) counted(cond circuit.Wire) bool {
	for f := l.frame; f != nil; f = f.parent {
		if _, ok := f.panics.seen[cond]; ok {
			return true
		}
	}
	return false
}

// joinPanics adds the panics of the branch whose selector is 1. A branch of many terms serves as the base, to which the
// others add their difference, if that takes fewer ANDs.
func (l *lowerer) joinPanics(sel []circuit.Wire, outcomes []outcome) {
	base, separate, based := 0, 0, 0
	for k, o := range outcomes {
		separate += len(reduce(l.b, o.panics.terms))
		if len(o.panics.terms) > len(outcomes[base].panics.terms) {
			base = k
		}
	}
	if separate == 0 {
		return
	}
	differences := make([][]term, len(outcomes))
	for k, o := range outcomes {
		if k != base {
			var r record
			for _, t := range append(o.panics.terms[:len(o.panics.terms):len(o.panics.terms)], outcomes[base].panics.terms...) {
				r.add(l.b, t)
			}
			differences[k] = reduce(l.b, r.terms)
			based += len(differences[k])
		}
	}
	if based < separate {
		l.addPanics(l.b.One(), outcomes[base].panics.terms)
	}
	for k, o := range outcomes {
		if based < separate {
			l.addPanics(sel[k], differences[k])
		} else {
			l.addPanics(sel[k], reduce(l.b, o.panics.terms))
		}
	}
}

func (l *lowerer) addPanics(sel circuit.Wire, terms []term) {
	p := &l.frame.panics
	for _, t := range terms {
		t.wire = l.b.And(sel, t.wire)
		p.record.add(l.b, t)
		if t.mask[0]&panicBit != 0 {
			p.any = l.b.Xor(p.any, t.wire)
		}
	}
}

// reduce writes a sum with linearly independent masks, and leaves out what is zero.
func reduce(b *circuit.Builder, terms []term) []term {
	var basis []term
	var pivots []int
	for _, t := range terms {
		if t.wire == b.Zero() {
			continue
		}
		m := t.mask
		for i := range basis {
			if m.bit(pivots[i]) {
				m = m.add(basis[i].mask)
				basis[i].wire = b.Xor(basis[i].wire, t.wire)
			}
		}
		if m == (mask{}) {
			continue
		}
		pivot := 0
		for !m.bit(pivot) {
			pivot++
		}
		basis = append(basis, term{m, t.wire})
		pivots = append(pivots, pivot)
	}
	return basis
}

// panicRecord returns the 161 bits of the record.
func (l *lowerer) panicRecord() gadget.Word {
	out := gadget.Fill(l.b.Zero(), PanicBits)
	terms := l.frame.panics.record.terms
	if len(terms) == 0 {
		out[32] = l.b.One() // the reason of a circuit that never panics
		return out
	}
	for i := range out {
		for _, t := range terms {
			if t.mask.bit(31 + i) {
				out[i] = l.b.Xor(out[i], t.wire)
			}
		}
	}
	return out
}
