package syntax

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// at cuts the text of a span out of a source.
func at(src string, s Span) string {
	lines := strings.SplitAfter(src, "\n")
	offset := func(p Pos) int {
		n := 0
		for _, l := range lines[:p.Line] {
			n += len(l)
		}
		if p.Line < len(lines) {
			n += len(string([]rune(lines[p.Line])[:p.Col]))
		}
		return n
	}
	return src[offset(s.Start):offset(s.End)]
}

// FuzzScan: tokens are exactly the text at their spans, in order; errors lie inside the text.
func FuzzScan(f *testing.F) {
	for _, src := range []string{
		"pub fn main(x: u8) -> u8 { x-1 + -5i8 }", "/* é /* */ */ a // b\n\tc", "1..=2 << >>= a.0.1", "é", "5u9 99999999999999999999", "/*", "\r\n\xff", "-9223372036854775808",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tokens, errs := Scan(src)
		for _, e := range errs {
			if e.End.Before(e.Pos) || e.Kind == "" {
				t.Errorf("%q: bad error %+v", src, e)
			}
		}
		var end Pos
		for _, tok := range tokens {
			if tok.Span.Start.Before(end) || tok.Span.End.Before(tok.Span.Start) {
				t.Errorf("%q: token %q at %v overlaps", src, tok.Text, tok.Span)
			}
			end = tok.Span.End
			if utf8.ValidString(src) && at(src, tok.Span) != tok.Text {
				t.Errorf("%q: token %q at %v, where %q is", src, tok.Text, tok.Span, at(src, tok.Span))
			}
		}
		if (len(tokens) == 0) == (len(errs) == 0) {
			t.Errorf("%q: %d tokens and %d errors", src, len(tokens), len(errs))
		}
	})
}

// FuzzParse: a text without errors has a tree whose functions lie in the text; the errors of others are in order.
func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"const A: usize = max(P::B, 1) - 2; struct S { a: [u8; A] } enum E { A, B(u8) }",
		"pub fn main(mut x: (u8,)) -> [u8; const { 1 }] { let S { a, b: (c, _), .. } = x; for i in 0..3 { x.0 += i; } match x { E::B(-1..=5) => { 1 } _ => 2 } }",
		"fn f() -> () { if a < b { [1; 3] } else if c { S { a } } else { f(x)[1].2 as u8 } }",
		"fn f( { ; } ) struct", "{ { { (", "pub pub fn",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file, errs := Parse(src)
		for i, e := range errs {
			if e.Kind == "" || e.Msg == "" || i > 0 && e.Pos.Before(errs[i-1].Pos) {
				t.Errorf("%q: bad errors %v", src, errs)
			}
		}
		if len(errs) > 0 || !utf8.ValidString(src) {
			return
		}
		for _, fn := range file.Fns {
			if body := at(src, fn.Body.Span()); !strings.HasPrefix(body, "{") || !strings.HasSuffix(body, "}") {
				t.Errorf("%q: the body of %s is %q", src, fn.Name.Text, body)
			}
		}
	})
}
