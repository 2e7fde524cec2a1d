// Package joins finds the inputs that a program joins: rows of a join or join_iter whose keys are, bit for bit, parts of one
// party's input. Such rows have to be sorted by their keys, which their owner can check before the program runs.
//
// It walks the typed tree with values of which it knows one of three things: the number, the place among the inputs, or
// nothing. Copies keep their place, also through loops, calls and assignments; where control flow depends on an input both
// branches are walked, and what they leave differently is unknown. So what it finds is right, but it does not find everything:
// keys that are computed, and joins after the limit of steps.
package joins

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
)

// A Table is the rows that a join takes from the input of one party.
type Table struct {
	Party int
	Key   check.Type
	Rows  []int // where the key of each row begins among the bits of the party's input
}

// maxSteps bounds the walk.
const maxSteps = 1 << 22

// Find lists the tables of a program, each once, by party and place.
func Find(in *check.Instance) []Table {
	if !joinsIn(in.Entry, map[*check.Func]bool{}) {
		return nil
	}
	w := &walker{in: in, vars: map[*check.Var]value{}, steps: maxSteps}
	off := 0
	for _, p := range in.Entry.Params {
		w.vars[p] = value{kind: input, n: uint64(off)}
		off += in.Bits(p.Type)
	}
	off = 0
	for _, t := range in.Parties() {
		w.starts = append(w.starts, off)
		off += in.Bits(t)
	}
	w.eval(in.Entry.Body)
	slices.SortStableFunc(w.tables, func(a, b Table) int {
		if a.Party != b.Party {
			return a.Party - b.Party
		}
		return slices.Compare(a.Rows, b.Rows)
	})
	return slices.CompactFunc(w.tables, func(a, b Table) bool { return a.Party == b.Party && slices.Equal(a.Rows, b.Rows) })
}

// joinsIn reports whether a function or one that it calls has a join.
func joinsIn(f *check.Func, seen map[*check.Func]bool) bool {
	if seen[f] {
		return false
	}
	seen[f] = true
	found := false
	check.Walk(f.Body, func(x check.Expr) bool {
		switch x := x.(type) {
		case *check.Call:
			found = found || joinsIn(x.Func, seen)
		case *check.Join:
			found = true
		case *check.Block:
			for _, s := range x.Stmts {
				_, loop := s.(*check.JoinLoop)
				found = found || loop
			}
		}
		return !found
	})
	return found
}

// A walker evaluates a program as far as it knows.
type walker struct {
	in     *check.Instance
	vars   map[*check.Var]value // unknown ones are absent
	steps  int                  // left; below 0 nothing is evaluated any more
	starts []int                // of each party's input
	tables []Table
}

// spend reports whether there are steps left.
func (w *walker) spend(n int) bool {
	w.steps -= 1 + n
	return w.steps >= 0
}

// table notes an operand of a join if its keys are parts of one party's input.
func (w *walker) table(x check.Expr, keyed bool) {
	v := w.eval(x)
	a := x.Type().(*check.Array)
	t := Table{Party: -1, Key: a.Elem}
	if keyed {
		t.Key = a.Elem.(*check.Tuple).Elems[0]
	}
	size := w.in.Bits(t.Key)
	for i := range w.in.Len(a) {
		if !w.spend(0) {
			return
		}
		row := w.part(v, a, i)
		if keyed {
			row = w.part(row, a.Elem, 0)
		}
		off, ok := w.place(row, t.Key)
		if !ok || size == 0 {
			return
		}
		party, _ := slices.BinarySearch(w.starts, off+1)
		party--
		if end := w.end(party); off+size > end || t.Party >= 0 && t.Party != party {
			return
		}
		t.Party = party
		t.Rows = append(t.Rows, off-w.starts[party])
	}
	if len(t.Rows) > 1 {
		w.tables = append(w.tables, t)
	}
}

// end is where the input of a party ends.
func (w *walker) end(party int) int { return w.starts[party] + w.in.Bits(w.in.Parties()[party]) }
