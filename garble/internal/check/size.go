package check

import (
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

// A sum is a usize value in normal form: a number plus multiples of atoms, all modulo 2^32. Terms are sorted by atom and
// have coefficients other than 0.
type sum struct {
	k     uint32
	terms []term
}

type term struct {
	coef uint32
	atom *atom
}

// An atom is a value that is known only with the parties' constants: PARTY::NAME, or max or min over sums. Equal atoms are
// one pointer: see atoms.
type atom struct {
	id          int
	party, name string // of a supplied constant, if op is ""
	op          string // "max", "min", or "+" of one long sum
	args        []sum
}

// key is equal for equal sums.
func (s sum) key() string {
	var b strings.Builder
	fmt.Fprint(&b, s.k)
	for _, t := range s.terms {
		fmt.Fprintf(&b, "+%d*#%d", t.coef, t.atom.id)
	}
	return b.String()
}

// plus is s + c*t.
func (s sum) plus(c uint32, t sum) sum {
	r := sum{k: s.k + c*t.k, terms: slices.Clone(s.terms)}
	for _, u := range t.terms {
		i, found := slices.BinarySearchFunc(r.terms, u.atom.id, func(t term, id int) int { return t.atom.id - id })
		if !found {
			r.terms = slices.Insert(r.terms, i, term{0, u.atom})
		}
		if r.terms[i].coef += c * u.coef; r.terms[i].coef == 0 {
			r.terms = slices.Delete(r.terms, i, i+1)
		}
	}
	return r
}

// maxTerms is the length at which a sum becomes an atom, so that chains of constants take linear time.
const maxTerms = 64

// atoms makes each atom once.
type atoms map[string]*atom

// bounded makes an atom of a sum that is too long.
func (m atoms) bounded(s sum) sum {
	if len(s.terms) <= maxTerms {
		return s
	}
	return m.get("+("+s.key()+")", atom{op: "+", args: []sum{s}})
}

func (m atoms) get(key string, a atom) sum {
	if m[key] == nil {
		a.id = len(m)
		m[key] = &a
	}
	return sum{terms: []term{{1, m[key]}}}
}

// supplied is the constant that a party supplies.
func (m atoms) supplied(party, name string) sum {
	return m.get(party+"::"+name, atom{party: party, name: name})
}

// extremum is max or min of sums: a number if all are numbers, else an atom over the sorted distinct arguments.
func (m atoms) extremum(op string, args []sum) sum {
	known := sum{k: extreme(op, nil)}
	distinct := map[string]sum{}
	for _, s := range args {
		if len(s.terms) == 0 {
			known.k = extreme(op, []uint32{known.k, s.k})
		} else {
			distinct[s.key()] = s
		}
	}
	if known.k != extreme(op, nil) || len(distinct) == 0 {
		distinct[known.key()] = known
	}
	keys := make([]string, 0, len(distinct))
	for k := range distinct {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) == 1 {
		return distinct[keys[0]]
	}
	a := atom{op: op}
	for _, k := range keys {
		a.args = append(a.args, distinct[k])
	}
	return m.get(op+"("+strings.Join(keys, ",")+")", a)
}

// extreme is max or min; of nothing, 0 or the largest value.
func extreme(op string, args []uint32) uint32 {
	switch op {
	case "+":
		return args[0]
	case "max":
		return slices.Max(append([]uint32{0}, args...))
	}
	return slices.Min(append([]uint32{1<<32 - 1}, args...))
}
