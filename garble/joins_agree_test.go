package garble

import (
	"math/rand/v2"
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/interp"
)

// joinsReached are programs whose joins are all reached and take rows from the inputs.
var joinsReached = []string{
	"pub fn main(a: [u8; 3], b: [u8; 2]) -> [(bool, u8); const { 3 + 2 - 1 }] { join(a, b) }",
	"pub fn main(a: [(i8, bool); 3], b: [(i8, u8); 2]) -> u8 { let mut n = 0u8; for ((_, f), (_, x)) in join_iter(a, b) { if f { n ^= x; } } n }",
	"enum E { A, B(u8), C(i8, bool) } pub fn main(a: [(E, u8); 2], b: [(E, u8); 3]) -> u8 { join(a, b)[3].2.1 }",
	"struct S { k: bool, id: [i8; 2] } pub fn main(a: [(S,); 2], b: [(S,); 2]) -> bool { join(a, b)[2].0 }",
	`fn one(x: [(u8, u8); 2], y: [(u8, u8); 3]) -> u8 { let mut n = 0u8; for (_, (_, v)) in join_iter(x, y) { n ^= v; } n }
	pub fn main(t: ([(u8, u8); 2], [(u8, u8); 3]), b: [(u8, u8); 3]) -> u8 { let (p, q) = t; one(p, b) ^ one(b_(b), q) }
	fn b_(b: [(u8, u8); 3]) -> [(u8, u8); 2] { [b[0], b[1]] }`,
	`pub fn main(ids: [i16; 3], b: [i16; 3]) -> u8 {
		let mut a = [(0i16,); 3];
		let mut i = 0usize;
		for id in ids { a[i] = (id,); i += 1; }
		let mut c = [(0i16, 0u8); 3];
		for k in 0..3 { if k < 2 { c[k].0 = b[k]; } else { c[2] = (b[2], 1); } }
		let mut n = 0u8;
		for _ in join_iter(a, c) { n += 1; }
		n
	}`,
}

// TestJoinsAgree: CheckJoins accepts exactly the inputs whose joins the interpreter finds sorted, and SortJoins makes them so.
func TestJoinsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, src := range joinsReached {
		c, err := Check("x.gb", src)
		if err != nil {
			t.Fatal(Render(src, err))
		}
		s, err := c.Instantiate("", nil)
		if err != nil {
			t.Fatal(err)
		}
		good, bad := 0, 0
		for range 2000 {
			sorted := true
			var args []interp.Value
			for party, p := range s.Params {
				v := randomValue(s.in, p.Type.t, rng)
				args = append(args, v)
				bits := interp.Encode(s.in, p.Type.t, v)
				if s.CheckJoins(party, bits) != nil {
					sorted = false
				}
				if made, err := s.SortJoins(party, bits); err == nil {
					if err := s.CheckJoins(party, made); err != nil {
						t.Fatalf("%s\nsorted, but %v", src, err)
					}
				}
			}
			_, _, err := interp.Run(s.in, args, 1<<20)
			if (err == nil) != sorted {
				t.Fatalf("%s\n%+v\nchecked: %v, interpreter: %v", src, args, sorted, err)
			}
			if sorted {
				good++
			} else {
				bad++
			}
		}
		if good < 20 || bad < 20 {
			t.Errorf("%s\nonly %d sorted and %d unsorted inputs", src, good, bad)
		}
	}
}
