package garble

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/interp"
)

// agreeing compiles a program and returns a function that compares its circuit with the interpreter on one list of arguments.
func agreeing(t *testing.T, src string) (s *Signature, try func(args []interp.Value)) {
	t.Helper()
	c, err := Check("x.gb", src)
	if err != nil {
		t.Fatal(Render(src, err))
	}
	p, err := c.Compile("", nil)
	if err != nil {
		t.Fatal(Render(src, err))
	}
	return p.Signature, func(args []interp.Value) {
		var inputs [][]bool
		for i, v := range args {
			inputs = append(inputs, interp.Encode(p.in, p.Params[i].Type.t, v))
		}
		agree(t, src, p.Signature, p.Circuit, inputs, args)
	}
}

// TestLargeJoins: tables too large to compare all pairs of rows are merged. Keys are ordered as people expect (B15).
func TestLargeJoins(t *testing.T) {
	number := func(n int, bits int) interp.Value { return interp.Value{N: uint64(n) & (1<<bits - 1)} }
	parts := func(v ...interp.Value) interp.Value { return interp.Value{Parts: v} }
	const body = `) -> (u8, u16) {
		let mut n = 0u8;
		let mut last = 0u16;
		for ((_, x), (_, y)) in join_iter(a, b) { n = n + 1u8; last = last << 1u8 ^ x as u16 ^ (y as u16 << 5u8); }
		(n, last)
	}`
	for _, tt := range []struct {
		decls, key string
		value      func(i int) interp.Value // ascending with i from 0 to 99
	}{
		{"", "i16", func(i int) interp.Value { return number(i-50, 16) }},
		{"", "u8", func(i int) interp.Value { return number(2*i+50, 8) }},
		{"", "(i8, bool)", func(i int) interp.Value { return parts(number(i/2-25, 8), number(i%2, 1)) }},
		{"struct S { hi: i8, lo: [i8; 2] }", "S", func(i int) interp.Value {
			return parts(number(i/9-5, 8), parts(number(i/3%3-1, 8), number(i%3-1, 8)))
		}},
	} {
		src := fmt.Sprintf("%s pub fn main(a: [(%s, u8); 40], b: [(%s, u8); 33]%s", tt.decls, tt.key, tt.key, body)
		_, loop := agreeing(t, src)
		src = fmt.Sprintf("%s pub fn main(a: [(%s, u8); 40], b: [(%s, u8); 33]) -> [(bool, (%s, u8), (%s, u8)); 72] { join(a, b) }", tt.decls, tt.key, tt.key, tt.key, tt.key)
		s, array := agreeing(t, src)
		rng := rand.New(rand.NewPCG(5, 6))
		table := func(rows int) (v interp.Value) {
			for i := range 100 {
				if rng.IntN(100-i) < rows-len(v.Parts) {
					v.Parts = append(v.Parts, parts(tt.value(i), number(rng.IntN(256), 8)))
				}
			}
			return v
		}
		for range 20 {
			args := []interp.Value{table(40), table(33)}
			for party, v := range args { // the oracle of what is sorted thinks so too
				if err := s.CheckJoins(party, interp.Encode(s.in, s.Params[party].Type.t, v)); err != nil {
					t.Fatal(err)
				}
			}
			loop(args)
			array(args)
		}
	}
}

// TestPanicsOfBranches: the panics of a branch are rewritten to fewer terms where their places depend on each other (in lines of
// the same shape), and shared by branches that call the same function.
func TestPanicsOfBranches(t *testing.T) {
	for _, src := range []string{
		`pub fn main(c: bool, d: bool, x: [u8; 4], y: u8) -> u8 {
    let mut s = 0u8;
    if c {
        s = (x[0] + y) ^ (x[1] + y);
        s = (x[2] + y) ^ (x[3] + y);
    } else if d {
        s = (x[0] - y) ^ (x[1] - y);
        s = (x[2] - y) ^ (x[3] - y);
    }
    s + x[0]
}`,
		`fn f(x: [u8; 4], y: u8) -> u8 {
    let a = (x[0] + y) ^ (x[1] / y);
    let b = (x[2] + y) ^ (x[3] - y);
    a - b
}
pub fn main(c: bool, d: bool, x: [u8; 4], y: u8) -> u8 {
    if c { f(x, y) ^ 1u8 } else if d { f(x, y) } else { f([x[1], x[0], x[2], x[3]], y) + 1u8 }
}`,
		`pub fn main(x: [u8; 4], i: usize, y: u8) -> u8 {
    let mut s = 0u8;
    for k in 0..40 {
        match x[i] {
            0..100 => s = s + x[0] / y,
            100..200 => { s = x[1] + y; s = x[2] - y; }
            _ => { s = x[2] + y; s = x[1] - y; }
        }
    }
    s
}`,
	} {
		s, try := agreeing(t, src)
		rng := rand.New(rand.NewPCG(7, 8))
		for range 300 {
			var args []interp.Value
			for _, p := range s.Params {
				args = append(args, randomValue(s.in, p.Type.t, rng))
			}
			try(args)
		}
	}
}
