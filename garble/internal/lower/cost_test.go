package lower

import (
	"fmt"
	"strings"
	"testing"
)

// ANDs of small programs, one for each way of saving them. A costlier circuit fails; a cheaper one updates the table. The last
// number is what the reference takes, if we know it.
func TestCosts(t *testing.T) {
	read := "pub fn main(a: [u8; %d], i: usize) -> u8 { a[i] }"
	write := "pub fn main(a: [u8; %d], i: usize, v: u8) -> [u8; %[1]d] { let mut b = a; b[i] = v; b }"
	joinIter := `pub fn main(a: [(u32, u32); %d], b: [(u32, u32); %[1]d]) -> u32 {
		let mut s = 0u32;
		for p in join_iter(a, b) { let ((_, x), (_, y)) = p; s = s + x + y; }
		s
	}`
	join := "pub fn main(a: [u32; %d], b: [u32; %[1]d]) -> [(bool, u32); const { %[1]dusize + %[1]dusize - 1usize }] { join(a, b) }"
	tests := []struct {
		name, src  string
		cost, fair int
	}{
		{"a panic is one AND for each place", "pub fn main(x: u8, y: u8) -> (u8, u8) { (x + y, x - y) }", 16, 51},
		{"a check that the condition decides", "pub fn main(x: u8, y: u8) -> u8 { if y != 0u8 { x / y } else { 0u8 } }", 75, 0},
		{"a comparison and the difference it guards", "pub fn main(x: u32, y: u32) -> u32 { if x >= y { x - y } else { y - x } }", 63, 0},
		{"a known value joins for nothing", "pub fn main(x: u8) -> u8 { if x == 0u8 { 7u8 } else { x } }", 7, 0},
		{"arms of constants", "pub fn main(x: u8) -> u8 { match x { 3 => 17, 5 => 200, 7 => 99, _ => 1 } }", 12, 0},
		{"a counter has as many bits as it needs",
			"pub fn main(x: [bool; 15]) -> u32 { let mut n = 0u32; for b in x { if b { n += 1u32; } } n }", 11, 0},
		{"counters by index", `pub fn main(x: [u8; 15]) -> [u32; 4] {
			let mut n = [0u32; 4];
			for v in x { n[(v & 3u8) as usize] += 1u32; }
			n
		}`, 59, 0},
		{"counters by arm", `enum E { A, B, C, D }
		pub fn main(x: [E; 15]) -> [u32; 4] {
			let mut n = [0u32; 4];
			for v in x { match v { E::A => n[0] += 1u32, E::B => n[1] += 1u32, E::C => n[2] += 1u32, E::D => n[3] += 1u32 } }
			n
		}`, 59, 0},
		{"an index within bounds", "pub fn main(a: [u8; 4], i: u8) -> u8 { a[(i & 3u8) as usize] }", 24, 0},
		{"an index within bounds by remainder", "pub fn main(a: [u8; 3], i: usize) -> u8 { a[i % 3usize] }", 48, 0},
		{"a table", "pub fn main(i: u8) -> u8 { let t = [3u8, 1u8, 4u8, 1u8, 5u8, 9u8, 2u8, 6u8]; t[(i & 7u8) as usize] }", 4, 0},
		{"a write in a branch", "pub fn main(a: [u8; 8], i: usize, c: bool) -> [u8; 8] { let mut b = a; if c { b[i] = 1u8; } b }", 100, 0},
		{"one element in a branch", "pub fn main(a: [u8; 8], c: bool) -> [u8; 8] { let mut b = a; if c { b[5] = 1u8; } b }", 8, 0},
		{"unused results", "pub fn main(x: u64, y: u64) -> u8 { let a = x ^ y; let b = a * a & 0u64; b as u8 }", 31, 0},
		{"read 1", fmt.Sprintf(read, 1), 31, 287},
		{"read 32", fmt.Sprintf(read, 32), 274, 502},
		{"read 100", fmt.Sprintf(read, 100), 821, 1057},
		{"write 32", fmt.Sprintf(write, 32), 308, 8230},
		{"write 100", fmt.Sprintf(write, 100), 922, 25641},
		{"join_iter 1", fmt.Sprintf(joinIter, 1), 128, 222},
		{"join_iter 8", fmt.Sprintf(joinIter, 8), 4379, 6974},
		{"join 1", fmt.Sprintf(join, 1), 63, 127},
		{"join 8", fmt.Sprintf(join, 8), 3320, 5436},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			cost := ands(compile(t, tt.src))
			if cost != tt.cost {
				t.Errorf("takes %d ANDs, want %d", cost, tt.cost)
			}
			if tt.fair > 0 && cost > tt.fair {
				t.Errorf("takes %d ANDs, the reference %d", cost, tt.fair)
			}
		})
	}
}
