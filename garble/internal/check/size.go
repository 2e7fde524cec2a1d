package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Spelling is how the length of an array type was written.
type Spelling uint8

// The spellings. A one-parameter program gives each element to its own party unless the size is an Expression (D13).
const (
	Number     Spelling = iota // [T; 3]
	Name                       // [T; N]
	Expression                 // [T; const { N + 1usize }]
)

// A Size is the length of an array type: as it was written, and as a sum that compares equal for equal lengths.
type Size struct {
	Spelling Spelling
	text     string
	sum      sum
}

func (s Size) String() string { return s.text }

func (s Size) same(t Size) bool { return s.sum.key() == t.sum.key() }

// number makes the Size of a plain number.
func number(n uint32) Size {
	return Size{Number, fmt.Sprint(n), sum{k: n}}
}

// A sum is a usize value in normal form: a number plus multiples of atoms, all modulo 2^32. Terms are sorted by key and
// have coefficients other than 0.
type sum struct {
	k     uint32
	terms []term
}

type term struct {
	coef uint32
	atom atom
}

// An atom is a value that is known only with the parties' constants: PARTY::NAME, or max or min over sums.
type atom struct {
	party, name string // of a supplied constant, if op is ""
	op          string // "max" or "min"
	args        []sum
}

func (a atom) key() string {
	if a.op == "" {
		return a.party + "::" + a.name
	}
	keys := make([]string, len(a.args))
	for i, s := range a.args {
		keys[i] = s.key()
	}
	return a.op + "(" + strings.Join(keys, ", ") + ")"
}

func (s sum) key() string {
	var b strings.Builder
	fmt.Fprint(&b, s.k)
	for _, t := range s.terms {
		fmt.Fprintf(&b, " + %d*%s", t.coef, t.atom.key())
	}
	return b.String()
}

// plus is s + c*t.
func (s sum) plus(c uint32, t sum) sum {
	r := sum{k: s.k + c*t.k, terms: slices.Clone(s.terms)}
	for _, u := range t.terms {
		r.add(c*u.coef, u.atom)
	}
	return r
}

func (s *sum) add(c uint32, a atom) {
	key := a.key()
	i, found := slices.BinarySearchFunc(s.terms, key, func(t term, k string) int { return cmp.Compare(t.atom.key(), k) })
	if !found {
		s.terms = slices.Insert(s.terms, i, term{0, a})
	}
	if s.terms[i].coef += c; s.terms[i].coef == 0 {
		s.terms = slices.Delete(s.terms, i, i+1)
	}
}

// extremum is max or min of sums: a number if all are numbers, else an atom over the sorted distinct arguments.
func extremum(op string, args []sum) sum {
	bound := uint32(0)
	pick := func(a, b uint32) uint32 { return max(a, b) }
	if op == "min" {
		bound = 1<<32 - 1
		pick = func(a, b uint32) uint32 { return min(a, b) }
	}
	k := bound
	var open []sum
	for _, s := range args {
		if len(s.terms) == 0 {
			k = pick(k, s.k)
		} else {
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return sum{k: k}
	}
	if k != bound {
		open = append(open, sum{k: k})
	}
	slices.SortFunc(open, func(a, b sum) int { return cmp.Compare(a.key(), b.key()) })
	open = slices.CompactFunc(open, func(a, b sum) bool { return a.key() == b.key() })
	if len(open) == 1 {
		return open[0]
	}
	return sum{terms: []term{{1, atom{op: op, args: open}}}}
}

// eval computes the sum with the values that the parties supplied.
func (s sum) eval(supplied func(party, name string) uint64) uint32 {
	n := s.k
	for _, t := range s.terms {
		n += t.coef * t.atom.eval(supplied)
	}
	return n
}

func (a atom) eval(supplied func(party, name string) uint64) uint32 {
	if a.op == "" {
		return uint32(supplied(a.party, a.name))
	}
	n := a.args[0].eval(supplied)
	for _, s := range a.args[1:] {
		if v := s.eval(supplied); (a.op == "max") == (v > n) {
			n = v
		}
	}
	return n
}
