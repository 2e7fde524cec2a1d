package lower

import (
	"cmp"
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// A frame is a branch being built. The circuit computes every branch, each from the variables as they were before; joining
// them picks the outcome of the one that was taken.
type frame struct {
	parent *frame
	depth  int
	cond   circuit.Wire      // whether the branch is taken, given that the parent is
	given  given             // what follows from cond
	writes []write           // what to undo, oldest first
	saved  map[*variable]int // bits in writes, -1 if all of the variable is
	panics panics
}

// A write remembers what a store to bits off to end of a variable replaced: the cell if that was all of it, else the bits.
type write struct {
	v        *variable
	cell     *cell
	old      gadget.Word
	off, end int
}

// save remembers n bits of a variable at off before they change. What a frame remembers of a variable is at most three times as
// large as that.
func (f *frame) save(v *variable, off, n int) {
	size := len(v.word)
	if f.saved == nil {
		f.saved = map[*variable]int{}
	}
	switch before := f.saved[v]; {
	case before < 0:
	case n == size:
		f.saved[v] = -1
		f.writes = append(f.writes, write{v: v, cell: v.cell, end: size})
	case before+n > size:
		f.saved[v] = -1
		f.writes = append(f.writes, write{v: v, cell: &cell{word: slices.Clone(v.word)}, end: size})
	default:
		f.saved[v] = before + n
		f.writes = append(f.writes, write{v: v, old: slices.Clone(v.word[off : off+n]), off: off, end: off + n})
	}
}

// An outcome is what a branch leaves: its value, the variables of outside that it changed, its panics.
type outcome struct {
	value   gadget.Word
	changes []change
	panics  record
}

// A change is a stretch of a variable with its new bits. An outcome has them sorted by offset for each variable, disjoint.
type change struct {
	v    *variable
	off  int
	bits gadget.Word
}

func newFrame(cond, panicked circuit.Wire, parent *frame) *frame {
	f := &frame{parent: parent, cond: cond}
	f.panics.any = panicked
	if parent != nil {
		f.depth = parent.depth + 1
	}
	return f
}

// pathBelow tells whether all branches are taken that are deeper than a depth.
func (l *lowerer) pathBelow(depth int) circuit.Wire {
	path := l.b.One()
	for f := l.frame; f.depth > depth; f = f.parent {
		path = l.b.And(path, f.cond)
	}
	return path
}

// branch builds a branch that is taken if cond, and undoes its changes.
func (l *lowerer) branch(cond circuit.Wire, body func() gadget.Word) outcome {
	f := newFrame(cond, l.frame.panics.any, l.frame)
	f.given = l.given(cond)
	l.frame = f
	o := outcome{value: body(), panics: f.panics.record}
	l.frame = f.parent
	byVar := map[*variable][]change{}
	var order []*variable
	for _, w := range f.writes {
		if byVar[w.v] == nil {
			order = append(order, w.v)
		}
		byVar[w.v] = append(byVar[w.v], change{off: w.off, bits: w.v.word[w.off:w.end]})
	}
	for _, v := range order {
		for _, c := range union(byVar[v]) {
			o.changes = append(o.changes, change{v, c.off, slices.Clone(v.word[c.off : c.off+len(c.bits)])})
		}
	}
	for _, w := range slices.Backward(f.writes) {
		if w.cell != nil {
			w.v.cell = w.cell
		} else {
			w.v.own()
			copy(w.v.word[w.off:], w.old)
		}
	}
	return o
}

// union returns the stretches that the changes of one variable cover, as changes whose bits only have their length.
func union(changes []change) []change {
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.off, b.off) })
	var u []change
	for _, c := range changes {
		last := len(u) - 1
		if last < 0 || u[last].off+len(u[last].bits) <= c.off {
			u = append(u, change{c.v, c.off, c.bits})
			continue
		}
		if more := c.off + len(c.bits) - u[last].off - len(u[last].bits); more > 0 {
			u[last].bits = make(gadget.Word, len(u[last].bits)+more)
		}
	}
	return u
}

// join makes the effects of the branch whose selector is 1 happen and returns its value. Exactly one selector is 1 if the
// path to here is taken.
func (l *lowerer) join(sel []circuit.Wire, outcomes []outcome) gadget.Word {
	var order []*variable
	byVar := map[*variable][][]change{} // by outcome
	for k, o := range outcomes {
		for _, c := range o.changes {
			if byVar[c.v] == nil {
				byVar[c.v] = make([][]change, len(outcomes))
				order = append(order, c.v)
			}
			byVar[c.v][k] = append(byVar[c.v][k], c)
		}
	}
	for _, v := range order {
		var all []change
		for _, changes := range byVar[v] {
			all = append(all, changes...)
		}
		for _, u := range union(all) {
			words := make([]gadget.Word, len(outcomes))
			for k := range words {
				words[k] = slices.Clone(v.word[u.off : u.off+len(u.bits)])
				for len(byVar[v][k]) > 0 && byVar[v][k][0].off < u.off+len(u.bits) {
					c := byVar[v][k][0]
					copy(words[k][c.off-u.off:], c.bits)
					byVar[v][k] = byVar[v][k][1:]
				}
			}
			l.set(v, u.off, l.choose(sel, words))
		}
	}
	l.joinPanics(sel, outcomes)
	values := make([]gadget.Word, len(outcomes))
	for k, o := range outcomes {
		values[k] = o.value
	}
	return l.choose(sel, values)
}

// ifElse evaluates one or both branches of a conditional.
func (l *lowerer) ifElse(cond circuit.Wire, then, otherwise func() gadget.Word) gadget.Word {
	if value, ok := l.known(cond); ok && value {
		return then()
	} else if ok {
		return otherwise()
	}
	no := l.b.Not(cond)
	x, y := l.branch(cond, then), l.branch(no, otherwise)
	z := l.join([]circuit.Wire{cond, no}, []outcome{x, y})
	if len(z) == 1 && y.value[0] == l.b.Zero() { // cond && x
		l.implies(z[0], cond, x.value[0])
	} else if len(z) == 1 && x.value[0] == l.b.One() { // cond || y
		l.implies(l.b.Not(z[0]), no, l.b.Not(y.value[0]))
	}
	return z
}
