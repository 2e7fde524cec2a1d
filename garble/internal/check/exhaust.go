package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// Limits of the exhaustiveness check, whose worst case is exponential.
const (
	maxMatchSteps = 5_000_000 // patterns looked at or copied
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
	if s.steps += 1 + len(types); s.steps > maxMatchSteps {
		return nil
	}
	if len(types) == 0 {
		if len(matrix) == 0 {
			return [][]string{nil}
		}
		return nil
	}
	if slices.ContainsFunc(matrix, matchesRow) {
		return nil
	}
	var found [][]string
	for _, sub := range s.split(matrix, types[0]) {
		c := sub.choice
		for _, w := range s.uncovered(sub.rows, append(slices.Clone(c.fields), types[1:]...)) {
			n := len(c.fields)
			found = append(found, append([]string{c.show(w[:n])}, w[n:]...))
			if len(found) == maxWitnesses {
				return found
			}
		}
	}
	return found
}

// matchesRow reports whether a row matches everything.
func matchesRow(row []Pattern) bool {
	return !slices.ContainsFunc(row, func(p Pattern) bool { return !matchesAll(p) })
}

// A choice is one constructor of a type: a range of numbers, a variant, the only way to make a product, or anything.
type choice struct {
	fields []Type
	show   func([]string) string
}

// A part of a matrix is what a choice for the first column leaves: the rows that match it, with the first pattern replaced by
// those of the fields.
type part struct {
	choice
	rows [][]Pattern
}

// add appends a row whose first pattern has the given parts; nil parts match anything.
func (p *part) add(row, parts []Pattern) {
	fields := make([]Pattern, len(p.fields), len(p.fields)+len(row)-1)
	copy(fields, parts)
	p.rows = append(p.rows, append(fields, row[1:]...))
}

// split divides a matrix by the constructors that its first column tells apart.
func (s *coverage) split(matrix [][]Pattern, t Type) []part {
	wild := choice{show: func([]string) string { return "_" }}
	if !slices.ContainsFunc(matrix, func(row []Pattern) bool { return !matchesAll(row[0]) }) {
		return s.fill([]part{{choice: wild}}, matrix, nil)
	}
	switch t := t.(type) {
	case Basic:
		return s.ranges(matrix, t)
	case *Enum:
		return s.fill(variants(t), matrix, func(p Pattern) (int, int, []Pattern) {
			v := p.(*VariantPattern)
			return v.Variant, v.Variant, v.Elems
		})
	case *Tuple:
		c := choice{t.Elems, func(w []string) string { return "(" + strings.Join(w, ", ") + ")" }}
		return s.fill([]part{{choice: c}}, matrix, product)
	case *Struct:
		c := choice{Components(t), func(w []string) string {
			for i, f := range t.Fields {
				w[i] = f.Name + ": " + w[i]
			}
			return t.Name + " {" + strings.Join(w, ", ") + "}"
		}}
		return s.fill([]part{{choice: c}}, matrix, product)
	}
	return s.fill([]part{{choice: wild}}, matrix, nil)
}

func product(p Pattern) (int, int, []Pattern) { return 0, 0, p.(*ProductPattern).Elems }

func variants(t *Enum) []part {
	parts := make([]part, len(t.Variants))
	for i, v := range t.Variants {
		parts[i].choice = choice{v.Fields, func(w []string) string {
			if !v.Tuple {
				return t.Name + "::" + v.Name
			}
			return t.Name + "::" + v.Name + "(" + strings.Join(w, ", ") + ")"
		}}
	}
	return parts
}

// fill adds each row to the parts that it matches: all, or those from first to last that which names for its pattern.
func (s *coverage) fill(parts []part, matrix [][]Pattern, which func(Pattern) (first, last int, fields []Pattern)) []part {
	for _, row := range matrix {
		first, last := 0, len(parts)-1
		var fields []Pattern
		if !matchesAll(row[0]) && which != nil {
			first, last, fields = which(row[0])
		}
		if s.steps += (last - first + 1) * len(row); s.steps > maxMatchSteps {
			return nil
		}
		for i := first; i <= last; i++ {
			parts[i].add(row, fields)
		}
	}
	return parts
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
func (s *coverage) ranges(matrix [][]Pattern, t Basic) []part {
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
	parts := make([]part, len(starts))
	for i, lo := range starts {
		hi := last
		if i+1 < len(starts) {
			hi = starts[i+1] - 1
		}
		parts[i].show = func([]string) string { return showRange(lo, hi, last, t) }
	}
	return s.fill(parts, matrix, func(p Pattern) (int, int, []Pattern) {
		r := p.(*RangePattern)
		from, _ := slices.BinarySearch(starts, ordinal(r.Lo, t))
		to, found := slices.BinarySearch(starts, ordinal(r.Hi, t))
		if !found {
			to--
		}
		return from, to, nil
	})
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
