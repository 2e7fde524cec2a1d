package garble

import (
	"sync"
	"testing"
)

// TestConcurrentUse: parties of one process share a Program. Run with -race.
func TestConcurrentUse(t *testing.T) {
	c, err := Check("x.gb", "const N: usize = max(P::N, 1); struct S { a: [(i8, E); N], b: [u8; const { N + 1 }] } enum E { A, B([u16; N]) } pub fn main(s: S, r: [(i8, E); N]) -> S { let mut n = 0u8; for (x, _) in join_iter(s.a, r) { n += 1; } s }")
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Compile("", Consts{"P": {"N": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	const s, r = "S {a: [(-1, E::A), (3, E::B([1, 2]))], b: [1, 2, 3]}", "[(0, E::A), (3, E::A)]"
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			x, err := p.ParseInput(0, s)
			if err != nil {
				t.Error(err)
			}
			y, err := p.ParseInput(1, r)
			if err != nil {
				t.Error(err)
			}
			if err := p.CheckJoins(0, x); err != nil {
				t.Error(err)
			}
			bits, err := p.Circuit.Eval([][]bool{x, y})
			if err != nil {
				t.Error(err)
			}
			if got, err := p.FormatOutput(bits); err != nil || got != s {
				t.Errorf("%s, %v", got, err)
			}
			if _, err := c.Compile("", Consts{"P": {"N": "1"}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
