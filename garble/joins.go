package garble

import (
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/joins"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// CheckJoins refuses an input whose rows a join takes if their keys do not ascend or if a key comes twice: the program would
// compute a wrong result in silence. It finds joins of rows that are copied from the input, not of keys that are computed. The
// error is an *Error of PhaseLiteral with kind UnsortedJoin or DuplicateKey; it names rows, counted from 1, and no values.
// bits is an input of that party as ParseInput gives it.
//
// Keys are ordered as people expect (B15): numbers by value, signed ones too, false before true, tuples, structs (by the
// names of their fields) and arrays part by part, enums by their bits.
func (s *Signature) CheckJoins(party int, bits []bool) error {
	for _, t := range s.tables(party, bits) {
		for i := 1; i < len(t.Rows); i++ {
			switch c := compareKeys(s.in, t.Key, bits[t.Rows[i-1]:], bits[t.Rows[i]:]); {
			case c > 0:
				return literalError("UnsortedJoin", syntax.Span{}, "sort the rows by their keys",
					"the rows of `%s` have to be sorted, because they are joined: row %d belongs before row %d", s.Params[party].Name, i+1, i)
			case c == 0:
				return literalError("DuplicateKey", syntax.Span{}, "keep one row for each key",
					"the rows of `%s` are joined, but rows %d and %d have the same key", s.Params[party].Name, i, i+1)
			}
		}
	}
	return nil
}

// SortJoins gives the input with the rows that are joined sorted by their keys, as far as they are the elements of an array of
// the input in order. Keys that come twice, and rows that cannot be sorted, are errors as in CheckJoins.
func (s *Signature) SortJoins(party int, bits []bool) ([]bool, error) {
	sorted := slices.Clone(bits)
	for _, t := range s.tables(party, bits) {
		stride := t.Rows[1] - t.Rows[0]
		first, ok := s.findArray(s.Params[party].Type.t, 0, t.Rows, stride)
		if !ok {
			continue // CheckJoins decides
		}
		rows := make([][]bool, len(t.Rows))
		for i := range rows {
			rows[i] = slices.Clone(sorted[first+i*stride:][:stride])
		}
		key := t.Rows[0] - first
		slices.SortStableFunc(rows, func(a, b []bool) int { return compareKeys(s.in, t.Key, a[key:], b[key:]) })
		copy(sorted[first:], slices.Concat(rows...))
	}
	return sorted, s.CheckJoins(party, sorted)
}

// tables finds what is joined of a party's input.
func (s *Signature) tables(party int, bits []bool) []joins.Table {
	if party < 0 || party >= len(s.Params) || len(bits) != s.Params[party].Type.Bits() {
		return nil
	}
	var tables []joins.Table
	for _, t := range s.joined {
		if t.Party == party {
			tables = append(tables, t)
		}
	}
	return tables
}

// findArray gives the first bit of the array within a value of type t at off whose elements contain the rows, one each.
func (s *Signature) findArray(t check.Type, off int, rows []int, stride int) (int, bool) {
	for i, r := range rows {
		if r != rows[0]+i*stride {
			return 0, false
		}
	}
	if a, ok := t.(*check.Array); ok {
		n := s.in.Bits(a.Elem)
		if n == stride && s.in.Len(a) == len(rows) && off <= rows[0] && rows[0] < off+n {
			return off, true
		}
		if n == 0 || rows[0] < off {
			return 0, false
		}
		i := (rows[0] - off) / n // the only element that can hold the first row
		return s.findArray(a.Elem, off+i*n, rows, stride)
	}
	for _, part := range check.Components(t) {
		n := s.in.Bits(part)
		if rows[0] < off+n {
			return s.findArray(part, off, rows, stride)
		}
		off += n
	}
	return 0, false
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
