package garble

import "testing"

// TestInference runs programs whose numbers take their types from afar.
func TestInference(t *testing.T) {
	runTable(t, []example{
		{"match", "pub fn main(x: u8) -> u64 { match x { 0 => 5000000000, 1..=9 => 1 + 1, _ => -(-3) + 0 } }", "", "type: UnexpectedType"},
		{"match wide", "pub fn main(x: u8) -> u64 { match x { 0 => 5000000000, 1..=9 => 1 + 1, _ => 7 } }", "0", "5000000000"},
		{"tuple of branches", "pub fn main(b: bool, x: u8, z: u16) -> u16 { let t = if b { (1, 2) } else { (3, x) }; t.0 + z + t.1 as u16 }", "false, 7, 100", "110"},
		{"branches that complete each other", "pub fn main(b: bool, x: u8, y: i16) -> (u8, i16) { let t = if b { (1, y) } else { (x, -2) }; t }", "true, 7, 9", "(1, 9)"},
		{"arrays that complete each other", "pub fn main(b: bool, x: u8, y: u64) -> u64 { let t = if b { [(1, y); 2] } else { [(x, 5000000000); 2] }; t[1].1 }", "false, 7, 9", "5000000000"},
		{"branches that differ", "pub fn main(b: bool, x: u8, y: i16) -> (u8, i16) { if b { (1, y) } else { (x, 2, 3) } }", "", "type: TypeMismatch"},
		{"loop over tuples", "pub fn main(x: u8, y: u8) -> u8 { let mut s = 0u8; for (i, v) in [(1, x), (2, y)] { s += i * v; } s }", "3, 4", "11"},
		{"arguments", "fn sum(a: [u64; 3], s: (u8, i8)) -> u64 { a[0] + a[1] + a[2] + s.0 as u64 } pub fn main(x: u64) -> u64 { sum([x, 1, 2], (3, -1)) }", "10", "16"},
		{"fields", "struct S { a: [u16; 2], b: i8 } enum E { V(u16, S) } pub fn main(x: u16) -> E { E::V(x + 1, S { a: [1; 2], b: -1 }) }", "10", "E::V(11, S {a: [1, 1], b: -1})"},
		{"shift", "pub fn main(x: u8, n: u8) -> u8 { let y = 1 << 3; x + y + (1 << n) }", "1, 2", "13"},
		{"compare", "pub fn main(x: u8) -> u8 { let mut s = 0u8; for i in 0..4 { if x == i { s = i + 10; } } s }", "2", "12"},
		{"index", "pub fn main(a: [u8; 4], x: u8) -> u8 { let mut s = x; for i in 0..3 { s += a[i + 1] - a[i]; } s }", "[1, 3, 6, 10], 1", "10"},
		{"negative loop", "pub fn main(x: i16) -> i16 { let mut s = x; for i in [-1, 0, 3] { s += i * 100; } s }", "1", "201"},
		{"two open", "pub fn main(x: u8) -> u8 { let n = 3; let mut c = 0u8; for i in 0..5 { if i < n { c += 1; } } c + x }", "1", "4"},
		{"array of arrays", "pub fn main(x: u8) -> u8 { let a = [[1, 2], [3, 4]]; a[1][0] + x + [[x, 1], [2, 3]][1][1] }", "1", "7"},
		{"repeat", "pub fn main(x: i64) -> [i64; 3] { let mut a = [0i64; 3]; a[1] = x; a = [-1; 3]; a }", "1", "[-1, -1, -1]"},
		{"block", "pub fn main(x: u16) -> u16 { x + ({ let y = 2; y * 3 }) }", "1", "7"},
		{"block wide", "pub fn main(x: u8) -> u8 { x + ({ let y = x; 2 * 3 }) }", "1", "7"},
		{"unary", "pub fn main(x: u8) -> (u8, i64) { (x & !1, -(3)) }", "255", "(254, -3)"},
		{"mutable", "pub fn main(x: i32) -> i32 { let mut n = 5; n += x; n }", "-7", "-2"},
		{"mutable unsigned", "pub fn main(x: u32) -> u32 { let mut n = 5; n += x; n as u32 }", "", "type: TypeMismatch"},
		{"sign mismatch", "pub fn main(x: u32) -> u32 { x + -1 }", "", "type: TypeMismatch"},
		{"alias", "pub fn main(x: u64, y: u8) -> u64 { let a = 7; let b = a; x + b + (y + b) as u64 }", "1, 2", "17"},
		{"array alias", "pub fn main(x: u16) -> u16 { let a = [1, 2]; let b = a; let c: [u16; 2] = b; c[0] + b[1] + x }", "1", "4"},
		{"pattern", "pub fn main(x: i8) -> i8 { let ((a, _), b) = ((5, true), -6); x + a + b }", "1", "0"},
		{"match binds", "pub fn main(x: u8) -> u8 { match (3, x) { (n, 0) => n, (n, y) => n + y } }", "4", "7"},
		{"truncates", "pub fn main(x: u8) -> u8 { let a = 255 + 1; x + a }", "4", "4"},
		{"extends", "pub fn main(x: i64) -> i64 { let a = 1 - 3 * -1 - 5; x + a }", "4", "3"},
		{"open shift amount", "pub fn main(x: u32) -> u32 { let n = 3; x << n }", "1", "8"},
		{"equality of literals", "pub fn main(x: u8) -> bool { (1, [2, 3]) == (1, [2, 3]) }", "1", "true"},
		{"cast of open", "pub fn main(x: u8) -> i8 { let a = 200; a as i8 }", "1", "-56"},
		{"indexing literals", "pub fn main(i: usize, x: u8) -> u8 { [10, 20, 30][i] + x + (1..4)[i] }", "2, 1", "34"},
		{"constant index of tuple", "pub fn main(x: u64) -> u64 { ((1, 2), 3).0.1 + x }", "1", "3"},
	})
}
