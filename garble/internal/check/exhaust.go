package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// Limits of the exhaustiveness check, whose worst case is exponential.
const (
	maxMatchSteps = 200_000
	maxWitnesses  = 5
)

// exhaustive reports the values that no arm of a match covers.
func (b *body) exhaustive(m *Match) {
	rows := make([]Pattern, len(m.Arms))
	for i, a := range m.Arms {
		rows[i] = a.Pattern
	}
	missing, ok := b.missing(rows, m.X.Type(), m.span)
	if ok && len(missing) > 0 {
		b.fail("PatternsAreNotExhaustive", m.span, "add arms for them, or one with a variable", "not covered: %s", strings.Join(missing, ", "))
	}
}

// missing gives witness patterns, a few, of what patterns for type t leave uncovered.
func (b *body) missing(rows []Pattern, t Type, at syntax.Span) ([]string, bool) {
	s := &coverage{}
	matrix := make([][]Pattern, len(rows))
	for i, p := range rows {
		matrix[i] = []Pattern{p}
	}
	var missing []string
	for _, w := range s.uncovered(matrix, []Type{t}) {
		missing = append(missing, w[0])
	}
	if s.steps > maxMatchSteps {
		b.fail("TooComplex", at, "split it into several", "the patterns are too complex to be checked (limit: %d steps)", maxMatchSteps)
		return nil, false
	}
	return missing, true
}

// coverage runs the usefulness algorithm of Maranget, "Warnings for pattern matching", JFP 17(3), 2007, section 3.
type coverage struct{ steps int }

// uncovered gives rows of witnesses, one for each column type, that no row of the matrix matches.
func (s *coverage) uncovered(matrix [][]Pattern, types []Type) [][]string {
	if s.steps++; s.steps > maxMatchSteps {
		return nil
	}
	if len(types) == 0 {
		if len(matrix) == 0 {
			return [][]string{nil}
		}
		return nil
	}
	cases := s.cases(matrix, types[0])
	var found [][]string
	for _, c := range cases {
		sub := specialise(matrix, c)
		s.steps += len(matrix)
		for _, w := range s.uncovered(sub, append(slices.Clone(c.fields), types[1:]...)) {
			n := len(c.fields)
			found = append(found, append([]string{c.show(w[:n])}, w[n:]...))
			if len(found) == maxWitnesses {
				return found
			}
		}
	}
	return found
}

// A choice is one constructor of a type: a range of numbers, a variant, the only way to make a product, or anything.
type choice struct {
	lo, hi  uint64 // in the order of ordinal, of a range
	variant int
	fields  []Type
	show    func([]string) string
}

func anything() choice { return choice{show: func([]string) string { return "_" }} }

// cases splits a type into the constructors that the first column tells apart.
func (s *coverage) cases(matrix [][]Pattern, t Type) []choice {
	split := slices.ContainsFunc(matrix, func(row []Pattern) bool { return !matchesAll(row[0]) })
	if !split {
		return []choice{anything()}
	}
	switch t := t.(type) {
	case Basic:
		return ranges(matrix, t)
	case *Enum:
		cs := make([]choice, len(t.Variants))
		for i, v := range t.Variants {
			cs[i] = choice{variant: i, fields: v.Fields, show: func(w []string) string {
				if !v.Tuple {
					return t.Name + "::" + v.Name
				}
				return t.Name + "::" + v.Name + "(" + strings.Join(w, ", ") + ")"
			}}
		}
		return cs
	case *Tuple:
		return []choice{{fields: t.Elems, show: func(w []string) string { return "(" + strings.Join(w, ", ") + ")" }}}
	case *Struct:
		return []choice{{fields: Components(t), show: func(w []string) string {
			for i, f := range t.Fields {
				w[i] = f.Name + ": " + w[i]
			}
			return t.Name + " {" + strings.Join(w, ", ") + "}"
		}}}
	}
	return []choice{anything()}
}

func matchesAll(p Pattern) bool {
	if p == nil {
		return true
	}
	_, ok := p.(*Bind)
	return ok
}

// ordinal maps the bits of a type to numbers in the same order.
func ordinal(v uint64, t Basic) uint64 {
	if t.Signed() {
		return v ^ 1<<(t.Bits()-1)
	}
	return v
}

// ranges splits the values of t at the bounds of the patterns in the first column.
func ranges(matrix [][]Pattern, t Basic) []choice {
	last := uint64(1)
	if t != Bool {
		last = truncate(^uint64(0), t)
	}
	starts := []uint64{0}
	for _, row := range matrix {
		if r, ok := row[0].(*RangePattern); ok {
			starts = append(starts, ordinal(r.Lo, t))
			if hi := ordinal(r.Hi, t); hi < last {
				starts = append(starts, hi+1)
			}
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	cs := make([]choice, len(starts))
	for i, lo := range starts {
		hi := last
		if i+1 < len(starts) {
			hi = starts[i+1] - 1
		}
		cs[i] = choice{lo: lo, hi: hi, show: func([]string) string { return showRange(lo, hi, last, t) }}
	}
	return cs
}

func showRange(lo, hi, last uint64, t Basic) string {
	text := func(o uint64) string {
		switch {
		case t == Bool:
			return fmt.Sprint(o == 1)
		case t.Signed():
			return fmt.Sprint(extend(ordinal(o, t), t))
		}
		return fmt.Sprint(o)
	}
	switch {
	case lo == 0 && hi == last:
		return "_"
	case lo == hi:
		return text(lo)
	}
	return text(lo) + "..=" + text(hi)
}

// specialise keeps the rows whose first pattern matches the choice, with that pattern replaced by those of its fields.
func specialise(matrix [][]Pattern, c choice) [][]Pattern {
	var sub [][]Pattern
	for _, row := range matrix {
		fields := make([]Pattern, len(c.fields), len(c.fields)+len(row)-1)
		switch p := row[0].(type) {
		case *RangePattern:
			if ordinal(p.Lo, p.Type) > c.lo || ordinal(p.Hi, p.Type) < c.hi {
				continue
			}
		case *ProductPattern:
			copy(fields, p.Elems)
		case *VariantPattern:
			if p.Variant != c.variant {
				continue
			}
			copy(fields, p.Elems)
		}
		sub = append(sub, append(fields, row[1:]...))
	}
	return sub
}
