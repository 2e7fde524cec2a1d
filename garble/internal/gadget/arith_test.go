package gadget

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

var widths = []int{8, 16, 32, 64}

func forEach(t *testing.T, f func(t *testing.T, n int, signed bool)) {
	for _, n := range widths {
		for _, signed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-%v", n, signed), func(t *testing.T) { f(t, n, signed) })
		}
	}
}

func TestAddSub(t *testing.T) {
	forEach(t, func(t *testing.T, n int, signed bool) {
		u := build(t, []int{n, n}, func(b *circuit.Builder, x []Word) []Word {
			s, so := Add(b, x[0], x[1], signed)
			d, do := Sub(b, x[0], x[1], signed)
			return []Word{s, {so}, d, {do}}
		})
		u.check(t, func(x []uint64) []any {
			s, d := (x[0]+x[1])&mask(n), (x[0]-x[1])&mask(n)
			so, do := s < x[0], x[0] < x[1]
			if signed {
				top := n - 1
				so = (x[0]^s)&(x[1]^s)>>top&1 == 1
				do = (x[0]^x[1])&(x[0]^d)>>top&1 == 1
			}
			return []any{s, one(so), d, one(do)}
		})
	})
}

func TestNeg(t *testing.T) {
	for _, n := range widths {
		u := build(t, []int{n}, func(b *circuit.Builder, x []Word) []Word {
			z, o := Neg(b, x[0])
			return []Word{z, {o}, NegateIf(b, x[0][0], x[0])}
		})
		u.check(t, func(x []uint64) []any {
			abs := x[0]
			if extend(abs, n) < 0 {
				abs = -abs & mask(n)
			}
			return []any{-x[0] & mask(n), one(x[0] == 1<<(n-1)), abs}
		})
	}
}

func TestCompare(t *testing.T) {
	forEach(t, func(t *testing.T, n int, signed bool) {
		u := build(t, []int{n, n}, func(b *circuit.Builder, x []Word) []Word {
			return []Word{{Less(b, x[0], x[1], signed)}, {Equal(b, x[0], x[1])}}
		})
		u.check(t, func(x []uint64) []any {
			if signed {
				return []any{one(extend(x[0], n) < extend(x[1], n)), one(x[0] == x[1])}
			}
			return []any{one(x[0] < x[1]), one(x[0] == x[1])}
		})
	})
}

func TestMul(t *testing.T) {
	forEach(t, func(t *testing.T, n int, signed bool) {
		u := build(t, []int{n, n}, func(b *circuit.Builder, x []Word) []Word {
			p, o := Mul(b, x[0], x[1], signed)
			s, so := Mul(b, x[0], x[0], signed)
			return []Word{p, {o}, s, {so}}
		})
		u.check(t, func(x []uint64) []any {
			p, o := product(x[0], x[1], n, signed)
			s, so := product(x[0], x[0], n, signed)
			return []any{p, one(o), s, one(so)}
		})
	})
}

// Operands that came from narrower types: some of their bits are constant or equal.
func TestMulNarrow(t *testing.T) {
	for _, n := range []int{16, 32} {
		for _, w := range [][2]int{{8, 8}, {1, 8}, {8, 1}, {12, 9}, {2, 15}, {13, 14}} {
			for _, signed := range []bool{false, true} {
				u := build(t, w[:], func(b *circuit.Builder, x []Word) []Word {
					p, o := Mul(b, Resize(b, x[0], n, signed), Resize(b, x[1], n, signed), signed)
					return []Word{p, {o}}
				})
				u.check(t, func(x []uint64) []any {
					a, b := x[0], x[1]
					if signed {
						a, b = uint64(extend(a, w[0]))&mask(n), uint64(extend(b, w[1]))&mask(n)
					}
					p, o := product(a, b, n, signed)
					return []any{p, one(o)}
				})
			}
		}
	}
}

func TestMulFull(t *testing.T) {
	for _, n := range []int{1, 2, 7, 8, 15, 16, 17, 23, 32} {
		u := build(t, []int{n, n}, func(b *circuit.Builder, x []Word) []Word {
			return []Word{mulFull(b, x[0], x[1]), mulSigned(b, x[0], x[1])}
		})
		u.check(t, func(x []uint64) []any {
			return []any{x[0] * x[1], uint64(extend(x[0], n)*extend(x[1], n)) & mask(2*n)}
		})
	}
}

func TestMulConst(t *testing.T) {
	ks := []uint64{0, 1, 2, 3, 5, 6, 7, 10, 64, 85, 100, 127, 128, 129, 170, 200, 255, 1 << 15, 1<<15 - 1, 1<<31 - 1,
		1 << 63, 1<<63 - 1, ^uint64(0), ^uint64(1), ^uint64(2), ^uint64(6), ^uint64(99), 0xAAAAAAAAAAAAAAAA}
	for _, n := range []int{8, 16, 64} {
		for _, signed := range []bool{false, true} {
			all := ks
			if n == 8 {
				all = nil
				for k := range uint64(256) {
					all = append(all, k)
				}
			}
			for _, k := range all {
				k &= mask(n)
				u := build(t, []int{n}, func(b *circuit.Builder, x []Word) []Word {
					p, o := Mul(b, x[0], Const(b, k, n), signed)
					return []Word{p, {o}}
				})
				u.check(t, func(x []uint64) []any {
					p, o := product(x[0], k, n, signed)
					return []any{p, one(o)}
				})
			}
		}
	}
}

func TestDivRem(t *testing.T) {
	forEach(t, func(t *testing.T, n int, signed bool) {
		u := build(t, []int{n, n}, func(b *circuit.Builder, x []Word) []Word {
			q, r, z, o := DivRem(b, x[0], x[1], signed)
			return []Word{q, r, {z}, {o}}
		})
		u.check(t, func(x []uint64) []any { return wantDivRem(x[0], x[1], n, signed) })
	})
}

func wantDivRem(x, y uint64, n int, signed bool) []any {
	if y == 0 {
		return []any{nil, nil, 1, nil}
	}
	q, r, o := quotient(x, y, n, signed)
	if o {
		return []any{nil, nil, 0, 1}
	}
	return []any{q, r, 0, 0}
}

func TestDivRemConst(t *testing.T) {
	for _, n := range []int{8, 32} {
		for _, signed := range []bool{false, true} {
			ks := []uint64{0, 1, 2, 3, 7, 10, 12, 1000, 1 << 31, 1<<31 - 1, 1<<32 - 1, 1<<32 - 8, 1<<32 - 10}
			if n == 8 {
				ks = nil
				for k := range uint64(256) {
					ks = append(ks, k)
				}
			}
			for _, k := range ks {
				u := build(t, []int{n}, func(b *circuit.Builder, x []Word) []Word {
					q, r, z, o := DivRem(b, x[0], Const(b, k, n), signed)
					q2, r2, z2, o2 := DivRem(b, Const(b, k, n), x[0], signed)
					return []Word{q, r, {z}, {o}, q2, r2, {z2}, {o2}}
				})
				u.check(t, func(x []uint64) []any {
					return append(wantDivRem(x[0], k, n, signed), wantDivRem(k, x[0], n, signed)...)
				})
			}
		}
	}
}

// Operands whose high bits are constant.
func TestDivRemNarrow(t *testing.T) {
	for _, w := range [][2]int{{8, 8}, {5, 9}, {9, 5}} {
		u := build(t, w[:], func(b *circuit.Builder, x []Word) []Word {
			q, r, z, o := DivRem(b, Resize(b, x[0], 16, false), Resize(b, x[1], 16, false), false)
			return []Word{q, r, {z}, {o}}
		})
		u.check(t, func(x []uint64) []any { return wantDivRem(x[0], x[1], 16, false) })
	}
}

func TestShift(t *testing.T) {
	forEach(t, func(t *testing.T, n int, signed bool) {
		u := build(t, []int{n, 8}, func(b *circuit.Builder, x []Word) []Word {
			l, lo := Shl(b, x[0], x[1])
			r, ro := Shr(b, x[0], x[1], signed)
			return []Word{l, {lo}, r, {ro}}
		})
		u.check(t, func(x []uint64) []any {
			if x[1] >= uint64(n) {
				return []any{nil, 1, nil, 1}
			}
			r := x[0] >> x[1]
			if signed {
				r = uint64(extend(x[0], n)>>x[1]) & mask(n)
			}
			return []any{x[0] << x[1] & mask(n), 0, r, 0}
		})
	})
}

func TestConstants(t *testing.T) {
	b := circuit.NewBuilder([]int{1})
	word := func(v Word) uint64 { k, _ := Value(b, v); return k }
	for _, signed := range []bool{false, true} {
		for x := range uint64(256) {
			for y := range uint64(256) {
				p, o := Mul(b, Const(b, x, 8), Const(b, y, 8), signed)
				want, fails := product(x, y, 8, signed)
				if word(p) != want || word(Word{o}) != one(fails) {
					t.Fatalf("%d * %d, signed %v: got %d, overflow %d", x, y, signed, word(p), word(Word{o}))
				}
				q, r, z, o := DivRem(b, Const(b, x, 8), Const(b, y, 8), signed)
				for i, w := range wantDivRem(x, y, 8, signed) {
					if got := word([]Word{q, r, {z}, {o}}[i]); w != nil && fmt.Sprint(w) != fmt.Sprint(got) {
						t.Fatalf("%d / %d, signed %v: output %d is %d, want %v", x, y, signed, i, got, w)
					}
				}
			}
		}
	}
}
