package garble

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestLimits: every text gives a result or an error that names a limit, in bounded time and memory.
func TestLimits(t *testing.T) {
	const deep = 200_000
	body := func(s string) string { return "pub fn main(x: u8) -> u8 { " + s + " }" }
	rep := strings.Repeat
	chain := func(head, format string, n int, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 1; i <= n; i++ {
			b.WriteString(strings.NewReplacer("$i", fmt.Sprint(i), "$p", fmt.Sprint(i-1)).Replace(format))
		}
		return b.String() + tail
	}
	for _, tt := range []struct{ name, src, kind string }{
		{"parentheses", body(rep("(", deep) + "x" + rep(")", deep)), "TooDeep"},
		{"blocks", body(rep("{", deep) + "x" + rep("}", deep)), "TooDeep"},
		{"unary", body(rep("!", deep) + "x"), "TooDeep"},
		{"minus", body(rep("- ", deep) + "x"), "TooDeep"},
		{"arrays", body(rep("[", deep) + "x" + rep("]", deep)), "TooDeep"},
		{"types", "pub fn main(x: " + rep("(", deep) + "u8" + rep(")", deep) + ") -> u8 { 1 }", "TooDeep"},
		{"patterns", body("let " + rep("(", deep) + "y" + rep(")", deep) + " = x; y"), "TooDeep"},
		{"sum", body("x" + rep(" + x", deep)), "TooDeep"},
		{"chained sums", body(rep("(", 400) + "x" + rep(rep(" + x", 400)+")", 400)), "TooDeep"},
		{"casts", body("x" + rep(" as u8", deep/2)), "TooDeep"},
		{"indices", body("x" + rep("[0]", deep)), "TooDeep"},
		{"else if", body("if true {x} " + rep("else if true {x} ", 30_000)), "TooDeep"},
		{"calls", chain("fn f0(x: u8) -> u8 { x }", "fn f$i(x: u8) -> u8 { f$p(x) }", 20000, "pub fn main(x: u8) -> u8 { f20000(x) }"), "TooDeep"},
		{"doubling calls", chain("fn f0(x: u8) -> u8 { x * x }", "fn f$i(x: u8) -> u8 { f$p(f$p(x)) }", 60, "pub fn main(x: u8) -> u8 { f60(x) }"), "MaxCircuitSizeExceeded"},
		{"open blocks", rep("pub fn main(x: u8) -> u8 { ", 20_000), "ExpectedExpr"},
		{"large source", rep(" ", 1<<20+1), "TooLarge"},
		{"many errors", body(rep("let y = ; ", 50_000)), "ExpectedExpr"},
		{"large array", "pub fn main(x: [u8; 4294967295]) -> u8 { 1 }", "TooLarge"},
		{"large size", "pub fn main(x: [u8; 4294967296]) -> u8 { 1 }", "UnexpectedType"},
		{"large repeat", body("let y = [[[x; 100000]; 100000]; 100000]; x"), "TooLarge"},
		{"empty elements", body("let y = [(); 4000000000]; x"), "TooLarge"},
		{"doubling struct", chain("struct S0 { }", "struct S$i { a: S$p, b: S$p }", 60, "pub fn main(x: u8, y: S60) -> u8 { x }"), "TooLarge"},
		{"deep struct", chain("struct S0 { a: u8 }", "struct S$i { a: S$p }", 20000, "pub fn main(x: S20000) -> u8 { 1 }"), "TooDeep"},
		{"long range", body("for i in 0..4000000000 { } x"), "TooLarge"},
		{"long loop", body("let mut s = x; for i in 0..60000 { for j in 0..60000 { s = s ^ x; } } s"), "MaxCircuitSizeExceeded"},
		{"nested max", chain("const A0: usize = P::A;", "const A$i: usize = max(A$p, A$p + 1usize);", 60, "pub fn main(x: [u8; A60]) -> [u8; A60] { x }"), "MissingConstant"},
		{"wide pattern", "pub fn main(x: (" + rep("u8, ", 50_000) + "u8)) -> u8 { let (" + rep("1, ", 50_000) + "y) = x; y }", "TooComplex"},
		{"chained constants", chain("const A0: usize = P::A;", "const A$i: usize = A$p + P::A$i;", 20000, body("x")), "MissingConstant"},
		{"many variants", chain("enum E { V0", ", V$i", 20000, " } pub fn main(x: E) -> u8 { match x { "+chain("", "E::V$i => 1, ", 20000, "")+" } }"), "PatternsAreNotExhaustive"},
		{"many unknown names", body(chain("", "n$i; ", 60000, "x")), "UnknownIdentifier"},
		{"hard match", body("match (" + rep("x, ", 30) + "x) { " + chain("", "("+rep("_, ", 30)+"$i) => 1, ", 200, "") + hardArms() + " }"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Check("x.gb", tt.src)
			if err == nil {
				_, err = c.CompileWithin("", nil, Limits{Gates: 1 << 18, Steps: 1 << 20})
			}
			var e *Error
			if !errors.As(err, &e) || tt.kind != "" && e.Kind != tt.kind {
				text := fmt.Sprint(err)
				t.Errorf("error %s, want kind %s", text[:min(300, len(text))], tt.kind)
			}
		})
	}
}

// hardArms makes arms that each test another column.
func hardArms() string {
	var b strings.Builder
	for i := range 31 {
		b.WriteString("(")
		for j := range 31 {
			if j == i {
				b.WriteString("0..=100, ")
			} else {
				b.WriteString("_, ")
			}
		}
		b.WriteString(") => 1, ")
	}
	return b.String()
}
