package garble

import (
	"errors"
	"testing"
)

const joinProgram = `
struct Table { id: u8, rows: [(i16, u8); 3] }
fn matches(a: [(i16, u8); 3], b: [(i16, u8); 2]) -> u8 {
	let mut n = 0u8;
	for ((_, x), (_, y)) in join_iter(a, b) { n += x + y; }
	n
}
pub fn main(t: Table, b: [(i16, u8); 2], other: [(i16, u8); 2]) -> u8 {
	let Table { rows, .. } = t;
	matches(rows, b) + other[0].1
}
struct Pair { x: u8, rows: ([([u8; 2]); 3], [[u8; 2]; 2]) }
pub fn copied(p: Pair, ids: [[u8; 2]; 2], flag: bool) -> u8 {
	let mut a = [([0u8; 2],); 3];
	let mut i = 0usize;
	for id in p.rows.0 {
		a[i] = (id.0,);
		i += 1;
	}
	let mut b = [([0u8; 2], false); 2];
	for k in 0..2 {
		if k == 1 { b[1] = (ids[k], true); } else { b[k].0 = ids[k]; }
	}
	let mut n = 0u8;
	for _ in join_iter(a, b) { n += 1; }
	if flag { b[0] = ([1, 1], true); }
	for _ in join_iter(b, a) { n += 1; }
	n
}
pub fn computed(a: [u8; 3], b: [u8; 3]) -> u8 {
	let mut c = a;
	for i in 0..3 { c[i] = a[i] ^ 1; }
	let mut d = b;
	d[c[0] as usize] = 7;
	join(c, d)[0].1
}
pub fn plain(a: [u8; 3], b: [u8; 2]) -> u8 { let c = a; join(c, b)[0].1 }
pub fn each(a: [u8; 3]) -> u8 { join(a, a)[0].1 }
`

func TestJoinInputs(t *testing.T) {
	c, err := Check("join.gb", joinProgram)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		fn     string
		party  int
		input  string
		kind   string
		sorted string
	}{
		{"main", 0, "Table {id: 9, rows: [(-5, 1), (0, 2), (7, 3)]}", "", "Table {id: 9, rows: [(-5, 1), (0, 2), (7, 3)]}"},
		{"main", 0, "Table {id: 9, rows: [(7, 3), (-5, 1), (0, 2)]}", "UnsortedJoin", "Table {id: 9, rows: [(-5, 1), (0, 2), (7, 3)]}"},
		{"main", 0, "Table {id: 9, rows: [(7, 3), (0, 1), (7, 2)]}", "UnsortedJoin", ""},
		{"main", 1, "[(1, 1), (1, 2)]", "DuplicateKey", ""},
		{"main", 2, "[(2, 1), (1, 2)]", "", "[(2, 1), (1, 2)]"}, // not joined
		{"plain", 0, "[2, 1, 255]", "UnsortedJoin", "[1, 2, 255]"},
		{"each", 0, "200", "", "200"},
		{"copied", 0, "Pair {x: 1, rows: ([([1, 2],), ([1, 3],), ([2, 0],)], [[9, 9], [1, 1]])}", "", "Pair {x: 1, rows: ([([1, 2],), ([1, 3],), ([2, 0],)], [[9, 9], [1, 1]])}"},
		{"copied", 0, "Pair {x: 1, rows: ([([1, 3],), ([1, 2],), ([0, 9],)], [[9, 9], [1, 1]])}", "UnsortedJoin", "Pair {x: 1, rows: ([([0, 9],), ([1, 2],), ([1, 3],)], [[9, 9], [1, 1]])}"},
		{"copied", 1, "[[1, 2], [1, 1]]", "UnsortedJoin", "[[1, 1], [1, 2]]"},
		{"computed", 0, "[3, 2, 1]", "", "[3, 2, 1]"},
		{"computed", 1, "[3, 2, 1]", "", "[3, 2, 1]"},
	} {
		s, err := c.Instantiate(tt.fn, nil)
		if err != nil {
			t.Fatal(err)
		}
		bits, err := s.ParseInput(tt.party, tt.input)
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		err = s.CheckJoins(tt.party, bits)
		if kind := ""; errors.As(err, &e) && e.Kind != tt.kind || err == nil && tt.kind != kind {
			t.Errorf("%s %s: error %v, want %q", tt.fn, tt.input, err, tt.kind)
		}
		sorted, err := s.SortJoins(tt.party, bits)
		if (err == nil) != (tt.sorted != "") {
			t.Errorf("%s %s: sort: %v", tt.fn, tt.input, err)
		}
		if err == nil {
			want, err := s.ParseInput(tt.party, tt.sorted)
			if err != nil || bitText(sorted) != bitText(want) {
				t.Errorf("%s %s: sorted wrongly, %v", tt.fn, tt.input, err)
			}
		}
	}
}
