package garble

import (
	"errors"
	"testing"
)

// TestDefects runs the defects of the reference (spec section 17) and expects what is recommended there. want is a result, a
// panic as "!Reason", or an error as "phase: kind".
func TestDefects(t *testing.T) {
	runTable(t, []example{
		{"B1 documentation", "pub fn main(p: [u32; 3]) -> u32 { p[0] + p[1] + p[2] }", "4294967295, 1, 0", "!Overflow"},
		{"B1 compound", "pub fn main(mut a: [u8; 2], v: u8) -> [u8; 2] { a[0] += v; a }", "[255, 0], 1", "!Overflow"},
		{"B1 store", "pub fn main(mut a: [u8; 2], v: u8) -> [u8; 2] { a[0] = 1u8 / v; a }", "[1, 2], 0", "!DivByZero"},
		{"B1 first", "pub fn main(x: u8, z: u8, i: usize) -> u8 { let a = [x, z][i]; let b = x / z; a + b }", "1, 0, 7", "!OutOfBounds"},
		{"B2", "pub fn main(x: i8) -> i64 { x as i64 }", "-1", "-1"},
		{"B3", "pub fn main(x: i8, y: i8) -> i8 { x * y }", "64, 2", "!Overflow"},
		{"B3 minimum", "pub fn main(x: i8, y: i8) -> i8 { x * y }", "-128, -1", "!Overflow"},
		{"B4", "pub fn main(x: i8, y: i8) -> i8 { x / y }", "-128, -1", "!Overflow"},
		{"B4 remainder", "pub fn main(x: i8, y: i8) -> i8 { x % y }", "-128, -1", "!Overflow"},
		{"B5", "pub fn main(x: i8) -> i8 { -x }", "-128", "!Overflow"},
		{"B6", "pub fn main(x: i8) -> i8 { x * -2 }", "64", "-128"},
		{"B6 overflow", "pub fn main(x: i8) -> i8 { x * -2 }", "-64", "!Overflow"},
		{"B7 order", "pub fn main(x: u8) -> (bool, u8) { let mut n = x; (({ n += 1; n }) <= 9, n) }", "1", "(true, 2)"},
		{"B7 compound", "pub fn main(mut a: [u8; 3], mut i: usize) -> ([u8; 3], usize) { a[({ i += 1; i })] += 5; (a, i) }", "[1, 2, 3], 0", "([1, 7, 3], 1)"},
		{"B7 product", "pub fn main(x: u8) -> (u8, u8) { let mut n = x; (({ n += 1; n }) * 3, n) }", "1", "(6, 2)"},
		{"B8", "pub fn main(x: u8) -> u8 { let mut s = 0u8; for i in 0..3 { let x = x + 1u8; s += x; } s }", "1", "6"},
		{"B9 local", "const N: u8 = 5u8; fn f(x: u8) -> u8 { x + N } pub fn main(x: u8) -> u8 { let N = 100u8; f(x) }", "1", "6"},
		{"B9 parameter", "const N: u8 = 5u8; pub fn main(N: u8) -> u8 { N }", "1", "1"},
		{"B10 operator", "pub fn main(x: u8) -> u8 { let y = x + (1 + 2); y }", "1", "4"},
		{"B10 binding", "pub fn main(x: u8, z: u64) -> (u8, u64) { let i = 3; (x + i, z + i) }", "1, 1", "(4, 4)"},
		{"B10 array", "pub fn main(x: u8) -> u8 { let a = [1, 2, 3]; a[1] + x }", "5", "7"},
		{"B10 range", "pub fn main(x: u8) -> [u8; 3] { 1..4 }", "5", "[1, 2, 3]"},
		{"B10 shift", "pub fn main(x: u8) -> u8 { let y = 1; x << y }", "5", "10"},
		{"B10 shift sum", "pub fn main(x: u8) -> u8 { x << 1 + 1 }", "5", "20"},
		{"B10 negative", "pub fn main(x: i64) -> i64 { let a = -3; a + x }", "1", "-2"},
		{"B10 default", "pub fn main(x: u8) -> u8 { let a = 0 - 1; x }", "1", "!Overflow"},
		{"B10 two uses", "pub fn main(a: [u32; 3], x: u32) -> u32 { let i = 2; a[i] + x + i }", "[1, 2, 3], 10", "15"},
		{"B10 wide", "pub fn main(x: u64) -> u64 { let a = 5000000000; a + x }", "1", "5000000001"},
		{"B10 known", "pub fn main(x: u8) -> u8 { let a = 300; a + x }", "", "type: UnexpectedType"},
		{"B11", "struct S { a: bool, b: bool } pub fn main(s: S) -> u8 { match s { S { b: true, .. } => 1, S { a: false, .. } => 2 } }", "", "type: PatternsAreNotExhaustive"},
		{"B11 complete", "struct S { a: bool, b: bool } pub fn main(s: S) -> u8 { match s { S { b: true, .. } => 1, S { b: false, .. } => 2 } }", "S {a: true, b: false}", "2"},
		{"B12", "pub fn main(x: (u8, u8)) -> u8 { let (1, y) = x; y }", "", "type: PatternsAreNotExhaustive"},
		{"B12 for", "pub fn main(x: [(u8, u8); 2], z: u8) -> u8 { for (1, y) in x { } 1 }", "", "type: PatternsAreNotExhaustive"},
		{"B13 size", "pub fn main(x: u8) -> u8 { match x { 261 => 1, _ => 2 } }", "", "type: UnexpectedType"},
		{"B13 suffix", "pub fn main(x: u8) -> u8 { match x { 5u16 => 1, _ => 2 } }", "", "type: UnexpectedType"},
		{"B14", "pub fn main(x: bool) -> u8 { let mut n = 0u8; let b = x && ({ n = 1; true }); n }", "false", "0"},
		{"B14 or", "pub fn main(x: bool) -> u8 { let mut n = 0u8; let b = x || ({ n = 1; true }); n }", "false", "1"},
		{"B15", "pub fn main(a: [i8; 3], b: [i8; 3]) -> u8 { let mut n = 0u8; for (f, v) in join(a, b) { if f { n += 1; } } n }", "[-3, -1, 2], [-1, 0, 2]", "2"},
		{"B16 alias", "const A: u16 = 7u16; const B: u16 = A; pub fn main(x: u16) -> u16 { x + B }", "1", "8"},
		{"B16 sum", "const A: u16 = 7u16; const B: u16 = A + 1u16; pub fn main(x: u16) -> u16 { x + B }", "1", "9"},
		{"B16 signed", "const B: i8 = max(-5i8, -3i8) - 1i8; pub fn main(x: i8) -> i8 { x + B }", "1", "-3"},
		{"B16 wrap", "const B: i8 = 127i8 + 1i8; const C: u8 = min(); pub fn main(x: i8) -> (i8, u8) { (B, C) }", "1", "(-128, 255)"},
		{"B17 type", "pub fn main(x: [u8; N]) -> u8 { 1 }", "", "type: UnknownIdentifier"},
		{"B17 party", "pub fn main(x: [u8; const { P::N + 1usize }]) -> u8 { x[2] }", "[1, 2, 3]", "3"},
		{"B18 cast", "pub fn main(x: u8) -> u64 { 5000000000 as u64 }", "1", "5000000000"},
		{"B18 range", "pub fn main(x: u8) -> u8 { for i in 254u8..258 { } x }", "", "type: UnexpectedType"},
		{"B18 open range", "pub fn main(x: u8) -> [u8; 4] { 254..258 }", "", "type: UnexpectedType"},
		{"B19", "pub fn main(x: u8) -> u8 { match x { 0..0 => 1, _ => 2 } }", "", "type: InvalidRange"},
		{"B20", "/* pub fn main(x: u8) -> u8 { x }", "", "scan: UnterminatedComment"},
		{"B21", "pub fn main(x: ()) -> u8 { 1 }", "", "compile: NoInputs"},
		{"B23", "fn f(x: u8) -> u8 { x } fn f(x: u8) -> u8 { x } pub fn main(x: u8) -> u8 { f(x) }", "", "type: DuplicateDef"},
		{"B23 field", "struct S { a: u8, a: u8 } pub fn main(x: S) -> u8 { x.a }", "", "type: DuplicateDef"},
		{"B23 variant", "enum E { A, A } pub fn main(x: E, y: u8) -> u8 { 1 }", "", "type: DuplicateDef"},
		{"B24", "const N: usize = P::N; pub fn main(x: [(u8, u8); N]) -> u8 { x[0].0 + x[1].1 }", "(1, 2), (3, 4)", "5"},
		{"recursive type", "struct S { s: [S; 2] } pub fn main(x: S) -> u8 { 1 }", "", "type: RecursiveType"},
	})
}

// TestOddities runs the oddities of section 18, in their order.
func TestOddities(t *testing.T) {
	runTable(t, []example{
		{"D1", "pub fn main(x: i32) -> (i32, i32, i32) { (x-1, x -1, x - -1) }", "5", "(4, 4, 6)"},
		{"D2", "pub fn main(x: i32) -> i32 { x + -(5) + - 3 }", "5", "-3"},
		{"D3", "pub fn main(x: (u8), y: (u8,)) -> (u8) { (x.0 + y.0,) }", "(1,), (2,)", "(3)"},
		{"D4", "pub fn main(x: u8) -> u8 { x; }", "5", "5"},
		{"D5", "pub fn main(x: bool) -> u8 { if x { 1 } else if !x { 2 } else { 3 } + 10 }", "true", "1"},
		{"D6", "struct A { a: u8 } pub fn main(x: A) -> u8 { if (x == A { a: 1 }) { 1 } else { 2 } }", "A {a: 1}", "1"},
		{"D7", "enum E { A([u8; 2]) } pub fn main(x: E) -> u8 { match x { E::A(a) => a[1] } }", "E::A([1, 2])", "2"},
		{"D8", "struct A { a: u8 } pub fn main(x: A) -> u8 { let A { .. } = x; 1 }", "A {a: 1}", "1"},
		{"D9", "pub fn main(x: i8) -> u8 { match x { -5..=5i8 => 1, _ => 0 } }", "-5", "1"},
		{"D10", "struct S { b: u8, a: u8 } pub fn main(x: u8) -> S { let mut n = x; S { b: ({ n += 1; n }), a: ({ n += 1; n }) } }", "0", "S {a: 1, b: 2}"},
		{"D11", "pub fn main(x: u8) -> bool { x > 3 == true }", "5", "true"},
		{"D12", "pub fn main(x: i8) -> u8 { match x { -128..=-1 => 1, 0..=127 => 2 } }", "-128", "1"},
		{"D13", "pub fn main(x: [u8; const { 2 }]) -> u8 { x[0] + x[1] }", "[1, 2]", "3"},
		{"D14", "pub fn main(x: u8) -> bool { x as bool }", "2", "false"},
		{"D15", "const N: usize = 3usize; pub fn main(x: u8) -> [u8; 3] { [x; N] }", "2", "[2, 2, 2]"},
		{"D16", "const N: usize = 3; pub fn main(x: usize) -> usize { x + N }", "2", "5"},
		{"D16 order", "const A: u8 = B; const B: u8 = 3; pub fn main(x: u8) -> u8 { A }", "", "type: UnknownIdentifier"},
		{"D17", "pub fn main(a: [u8; 2], b: [u8; 2]) -> [(bool, u8); 3] { join(a, b) }", "[1, 2], [2, 3]", "[(false, 0), (false, 0), (true, 2)]"},
		{"D18", "const C: u8 = 9; pub fn main(x: u8) -> u8 { match x { C => C + 1 } }", "2", "3"},
		{"D19", "pub fn main(x: usize) -> u8 { (3u8..6u8)[x] }", "2", "5"},
		{"D20", "fn f(x: u8) -> u8 { x } pub fn main(x: u8) -> u8 { x }", "", "type: UnusedFn"},
		{"D21", "pub fn main(x: u16) -> u16 { x << x }", "", "type: UnexpectedType"},
		{"D22", "pub fn main(x: usize) -> usize { x + 4294967295 }", "1", "!Overflow"},
		{"D23", "pub fn main(x: u32) -> u32 { x * 7 }", "6", "42"},
		{"D24", "pub fn main(x: u8) -> () { () }", "6", "()"},
		{"D25", "pub fn main(x: u8) -> u8 { if x > 1 { } else { };; for i in [x] { }; x }", "6", "6"},
		{"D26", "pub fn main(a: [u8; 3]) -> u8 { let i = 1; a[1 + i] }", "6, 7, 8", "8"},
		{"D27", "pub fn main(a: [u8; 2], b: u8) -> u8 { let join = 3u8; join(a, a)[2].1 + join }", "[1, 2], 0", "5"},
		{"D28", "pub struct S { a: u8 } pub const C: u8 = 1u8; pub fn main(x: S) -> u8 { x.a + C }", "S {a: 1}", "2"},
		{"D30", "struct S { a: u8 } enum S { A } pub fn main(x: S) -> u8 { 1 }", "", "type: DuplicateDef"},
		{"D30 built-in", "struct u8 { a: bool } pub fn main(x: u8) -> u8 { 1 }", "", "type: DuplicateDef"},
	})
}

type example struct{ name, src, args, want string }

func runTable(t *testing.T, examples []example) {
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			consts := Consts{"P": {"N": "2usize"}}
			c, err := Check("x.gb", x.src)
			if err == nil && x.args == "" {
				_, err = c.Compile("", consts)
			}
			var e *Error
			switch {
			case x.args == "":
				if !errors.As(err, &e) || string(e.Phase)+": "+e.Kind != x.want {
					t.Errorf("%s\nerror %v, want %s", x.src, err, x.want)
				}
			case err != nil:
				t.Error(Render(x.src, err))
			case x.want[0] == '!':
				runExample(t, c, consts, x.src, "main", x.args, false, x.want[1:])
			default:
				runExample(t, c, consts, x.src, "main", x.args, true, x.want)
			}
		})
	}
}
