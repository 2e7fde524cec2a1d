package garble

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// CheckJoins refuses an input whose rows a join takes if their keys do not ascend or if a key comes twice: the program would
// compute a wrong result in silence. The error is an *Error of PhaseLiteral with kind UnsortedJoin or DuplicateKey; it names
// rows, counted from 1, and no values. bits is an input of that party as ParseInput gives it.
//
// Keys are ordered as people expect (B15): numbers by value, signed ones too, false before true, tuples, structs (by the
// names of their fields) and arrays part by part, enums by their bits.
func (s *Signature) CheckJoins(party int, bits []bool) error {
	return s.joins(party, bits, func(t table, name string) error {
		for i := 1; i < t.rows; i++ {
			switch c := t.compare(i-1, i); {
			case c > 0:
				return literalError("UnsortedJoin", syntax.Span{}, "sort the rows by their keys", "the rows of `%s` have to be sorted, because they are joined: row %d belongs before row %d", name, i+1, i)
			case c == 0:
				return literalError("DuplicateKey", syntax.Span{}, "keep one row for each key", "the rows of `%s` are joined, but rows %d and %d have the same key", name, i, i+1)
			}
		}
		return nil
	})
}

// SortJoins gives the input with the rows that are joined sorted by their keys. A key that comes twice is an error as in
// CheckJoins.
func (s *Signature) SortJoins(party int, bits []bool) ([]bool, error) {
	sorted := slices.Clone(bits)
	err := s.joins(party, sorted, func(t table, name string) error {
		t.sort()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sorted, s.CheckJoins(party, sorted)
}

// joins calls f for each table of a party's input that is joined.
func (s *Signature) joins(party int, bits []bool, f func(table, string) error) error {
	for _, j := range s.in.Joined() {
		if j.Param != party || len(bits) != s.Params[party].Type.Bits() {
			continue
		}
		part, name := bits, s.Params[party].Name
		t := s.Params[party].Type.t
		for _, n := range j.Path {
			for _, before := range check.Components(t)[:n] {
				part = part[s.in.Bits(before):]
			}
			name += "." + componentName(t, n)
			t = check.Components(t)[n]
		}
		elem := s.in.Bits(j.Array.Elem)
		rows := s.in.Len(j.Array)
		if err := f(table{s.in, part[:rows*elem], rows, elem, j.Key}, name); err != nil {
			return err
		}
	}
	return nil
}

func componentName(t check.Type, n int) string {
	if s, ok := t.(*check.Struct); ok {
		return s.Fields[n].Name
	}
	return Literal{kind: number, num: syntax.Number{Value: uint64(n)}}.String()
}

// A table is the bits of rows that each begin with a key.
type table struct {
	in    *check.Instance
	bits  []bool
	rows  int
	width int // of a row
	key   check.Type
}

func (t table) row(i int) []bool { return t.bits[i*t.width : (i+1)*t.width] }

func (t table) compare(i, j int) int { return compareKeys(t.in, t.key, t.row(i), t.row(j)) }

func (t table) sort() {
	rows := make([][]bool, t.rows)
	for i := range rows {
		rows[i] = slices.Clone(t.row(i))
	}
	slices.SortStableFunc(rows, func(a, b []bool) int { return compareKeys(t.in, t.key, a, b) })
	for i, r := range rows {
		copy(t.row(i), r)
	}
}

// compareKeys orders values of type t at the start of a and b.
func compareKeys(in *check.Instance, t check.Type, a, b []bool) int {
	switch t := t.(type) {
	case check.Basic:
		if t.Signed() && a[0] != b[0] {
			return compareBits(b[:1], a[:1])
		}
		return compareBits(a[:t.Bits()], b[:t.Bits()])
	case *check.Array:
		n := in.Bits(t.Elem)
		for i := range in.Len(t) {
			if c := compareKeys(in, t.Elem, a[i*n:], b[i*n:]); c != 0 {
				return c
			}
		}
		return 0
	case *check.Enum:
		return compareBits(a[:in.Bits(t)], b[:in.Bits(t)])
	}
	for _, part := range check.Components(t) {
		if c := compareKeys(in, part, a, b); c != 0 {
			return c
		}
		a, b = a[in.Bits(part):], b[in.Bits(part):]
	}
	return 0
}

func compareBits(a, b []bool) int {
	for i := range a {
		if a[i] != b[i] {
			if b[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}
