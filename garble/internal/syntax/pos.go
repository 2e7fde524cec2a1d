package syntax

import "fmt"

// A Pos is a place in the source: line and column count from 0, columns in code points.
type Pos struct{ Line, Col int }

// Before reports whether p comes before q.
func (p Pos) Before(q Pos) bool { return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col }

// String gives the 1-based line:column that people expect.
func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line+1, p.Col+1) }

// A Span is a stretch of source; End is exclusive.
type Span struct{ Start, End Pos }

// To is the span from the start of s to the end of t.
func (s Span) To(t Span) Span { return Span{s.Start, t.End} }
