package lower

import (
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// A variable is a binding. Its word is replaced by an assignment to all of it and changed in place by one to a part, so that
// a loop over the elements of an array stays linear.
type variable struct {
	*cell
	depth int // of the frame in which it was bound
}

// A cell owns a word, which only store may change. It is frozen while others may hold on to the word.
type cell struct {
	word   gadget.Word
	shared bool // somebody kept the word
	pins   int  // readers that are about to be done with it
}

func (l *lowerer) bind(v *check.Var, w gadget.Word) {
	if old := l.vars[v]; old != nil {
		l.live -= len(old.word)
	}
	l.live += len(w)
	l.vars[v] = &variable{&cell{word: w, shared: true}, l.frame.depth}
}

// own makes the word of v changeable.
func (v *variable) own() {
	if v.shared || v.pins > 0 {
		v.cell = &cell{word: slices.Clone(v.word)}
	}
}

// set stores w at off. Every enclosing branch that v outlives can undo it.
func (l *lowerer) set(v *variable, off int, w gadget.Word) {
	if l.frame.depth > v.depth {
		l.frame.save(v, off, len(w))
	}
	if len(w) == len(v.word) {
		v.cell = &cell{word: w, shared: true}
		return
	}
	v.own()
	copy(v.word[off:], w)
}

// A place is where an assignment stores: bits of a variable that constants and run-time indices select.
type place struct {
	v          *variable
	off, width int
	dims       []dimension
}

// A dimension adds stride times a run-time index below n to the offset of a place.
type dimension struct {
	index     gadget.Word
	n, stride int
}

// load reads a place; the word is the caller's.
func (l *lowerer) load(p place) gadget.Word {
	if len(p.dims) == 0 {
		return slices.Clone(p.v.word[p.off : p.off+p.width])
	}
	d := p.dims[0]
	p.dims = p.dims[1:]
	if d.n == 0 {
		return gadget.Fill(l.b.Zero(), p.width)
	}
	elems := make(gadget.Word, 0, d.n*p.width)
	for range d.n {
		elems = append(elems, l.load(p)...)
		p.off += d.stride
	}
	return gadget.Index(l.b, elems, d.n, d.index)
}

// store writes a place. A store at a run-time index changes nothing unless the path to it is taken, so it needs neither undo
// nor multiplexer when the enclosing branches are joined.
func (l *lowerer) store(p place, w gadget.Word) {
	if len(p.dims) == 0 {
		l.set(p.v, p.off, w)
		return
	}
	addend, _ := l.addend(p, w)
	p.v.own()
	l.storeIf(p, w, addend, l.pathBelow(p.v.depth))
}

// addend returns y if w is what the place holds plus y, a number that is cheaper to add to every element than to read one and
// write the sum back: counting by a run-time index.
func (l *lowerer) addend(p place, w gadget.Word) (y gadget.Word, ok bool) {
	if p.width > 64 {
		return nil, false
	}
	s, ok := l.bounds.sums[l.key(w)]
	if !ok {
		return nil, false
	}
	y, ok = s.without(l.load(p))
	_, constant := gadget.Value(l.b, y)
	if !ok || !constant && 3*len(l.significant(y)) > p.width {
		return nil, false
	}
	return y, true
}

func (l *lowerer) storeIf(p place, w, addend gadget.Word, enable circuit.Wire) {
	if len(p.dims) == 0 {
		at := p.v.word[p.off : p.off+p.width]
		if addend != nil {
			z, fails := l.add(at, gadget.Mask(l.b, enable, addend), false)
			if fails == l.b.Zero() {
				copy(at, z)
				return
			}
		}
		copy(at, gadget.Mux(l.b, enable, w, at))
		return
	}
	d := p.dims[0]
	p.dims = p.dims[1:]
	for _, line := range gadget.Decode(l.b, d.index, d.n, enable) {
		l.storeIf(p, w, addend, line)
		p.off += d.stride
	}
}
