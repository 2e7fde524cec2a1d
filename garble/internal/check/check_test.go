package check

import (
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

func source(t *testing.T, src string) (*Program, syntax.ErrorList) {
	t.Helper()
	f, errs := syntax.Parse(src)
	if len(errs) > 0 {
		t.Fatalf("%s\n%v", src, errs)
	}
	return Source(f)
}

func TestAccepts(t *testing.T) {
	for _, src := range []string{
		"pub fn main(a: u32, b: u32, c: u32) -> u32 { a + b + c }",
		"pub fn main(x: u8) -> u8 { let i = 3; x + i }",
		"pub fn main(x: u8, a: [u16; 4]) -> u16 { let i = 3; a[i] + i + (x + i) as u16 }",
		"pub fn main(x: u8) -> u8 { let a = [1, 2, 3]; a[1] + x }",
		"pub fn main(x: u8) -> [u8; 3] { let a = 1..4; a }",
		"pub fn main(x: u8) -> u8 { (1, 2).0 + x }",
		"pub fn main(x: u8) -> u8 { [(1, true)][0].0 + x }",
		"pub fn main(x: u8) -> u8 { let (a, (b, _)) = (1, (x, -1)); a + b }",
		"pub fn main(x: i8) -> i8 { x + - 5 - (-(3)) }",
		"pub fn main(x: (u8, u8)) -> bool { x == (1, 2) }",
		"pub fn main(x: u8) -> u64 { 5000000000 as u64 + 1 << x }",
		"const N: usize = P::N; const M: usize = N; pub fn main(a: [u8; N]) -> [u8; const { M + 1usize - 1usize }] { a }",
		"const N: usize = P::N; pub fn main(a: [u8; const { max(N, 2usize) }]) -> [u8; const { max(2usize, N) }] { a }",
		"pub fn main(x: i8) -> u8 { match x { -128..=-1 => 0, 0..=126 => 1, 127 => 2 } }",
		"pub fn main(x: u64) -> u64 { let y = 5000000000; x + y }",
		"pub fn main(x: u8) -> u8 { for i in 0..256 { x ^ i; } x }",
		"struct S { b: bool, a: bool } pub fn main(s: S) -> u8 { match s { S { a: true, .. } => 1, S { a: false, b } => 2 } }",
		"pub fn main(x: u8) -> u8 { let mut s = 0; for i in 0..4 { s += i; } s as u8 + x }",
	} {
		if _, errs := source(t, src); errs != nil {
			t.Errorf("%s\n%v", src, errs)
		}
	}
}

func TestRejects(t *testing.T) {
	for _, tt := range []struct{ src, at, kind string }{
		{"pub fn main(x: u8) -> u8 { x + 300 }", "1:32", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { let y = 5000000000; y == 1; x }", "1:48", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { let y = 300; x + y }", "1:45", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { let y = 300; let z = y; x + z }", "1:56", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { for i in 0..300 { x + i; } x }", "1:50", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { let mut y = 5000000000; x }", "1:40", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { let (1, y) = (x, x); y }", "1:32", "PatternsAreNotExhaustive"},
		{"pub fn main(x: u8) -> u8 { match x { 261 => 1, _ => 2 } }", "1:38", "UnexpectedType"},
		{"pub fn main(x: u8) -> u8 { match x { 0..0 => 1, _ => 2 } }", "1:38", "InvalidRange"},
		{"pub fn main(x: u8) -> u8 { 254u8..258; x }", "1:28", "UnexpectedType"},
		{"struct S { a: u8, a: u8 } pub fn main(x: S) -> u8 { x.a }", "1:19", "DuplicateDef"},
		{"struct S { a: [T; 2] } enum T { A(S) } pub fn main(x: S) -> u8 { 1 }", "1:29", "RecursiveType"},
		{"struct S { a: bool, b: bool } pub fn main(x: S) -> u8 { match x { S { b: true, .. } => 1, S { a: false, .. } => 2 } }", "1:57", "PatternsAreNotExhaustive"},
		{"pub fn main(x: [u8; N]) -> u8 { 1 }", "1:21", "UnknownIdentifier"},
	} {
		_, errs := source(t, tt.src)
		if len(errs) != 1 || errs[0].Pos.String() != tt.at || errs[0].Kind != tt.kind {
			t.Errorf("%s\ngot %v\nwant %s at %s", tt.src, errs, tt.kind, tt.at)
		}
	}
}
