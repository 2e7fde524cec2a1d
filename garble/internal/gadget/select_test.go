package gadget

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// Elements of every kind: inputs, constants, complements, repetitions.
func mixedElements(b *circuit.Builder, x []Word, n int) []Word {
	elems := make([]Word, n)
	for i := range elems {
		e := append(Word{}, x[i%len(x)]...)
		e[i%len(e)] = b.Not(e[i%len(e)])
		copy(e[len(e)-2:], Const(b, uint64(i), 2))
		elems[i] = e
	}
	return elems
}

func mixedValue(x []uint64, i int) uint64 {
	v := x[i%len(x)] ^ 1<<(3-i%4)
	return v&^3 | uint64(i)&3
}

func TestIndex(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 11, 16, 31, 33} {
		u := build(t, []int{4, 4, 8}, func(b *circuit.Builder, x []Word) []Word {
			elems := mixedElements(b, x[:2], n)
			array := slices.Concat(elems...)
			return []Word{Index(b, array, n, x[2]), Index(b, array, n, Const(b, uint64(n-1), 8)),
				Select(b, Decode(b, x[2], n, b.One()), elems, nil)}
		})
		u.check(t, func(x []uint64) []any {
			if x[2] >= uint64(n) {
				return nil
			}
			v := mixedValue(x[:2], int(x[2]))
			return []any{v, mixedValue(x[:2], n-1), v}
		})
	}
}

func TestIndexTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	table := make([]uint64, 256)
	for i := range table {
		table[i] = rng.Uint64() & 255
	}
	u := build(t, []int{8}, func(b *circuit.Builder, x []Word) []Word {
		var array Word
		for _, v := range table {
			array = append(array, Const(b, v, 8)...)
		}
		return []Word{Index(b, array, len(table), x[0])}
	})
	u.check(t, func(x []uint64) []any { return []any{table[x[0]]} })
	if u.ands() > 81 {
		t.Errorf("a table of 256 bytes takes %d ANDs", u.ands())
	}
}

func TestDecode(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 8, 13} {
		u := build(t, []int{5, 1}, func(b *circuit.Builder, x []Word) []Word {
			return []Word{Decode(b, x[0], n, x[1][0])}
		})
		u.check(t, func(x []uint64) []any {
			if x[0] >= uint64(n) {
				return nil
			}
			return []any{x[1] << (n - 1 - int(x[0]))}
		})
		if u.ands() > n-1 {
			t.Errorf("decoding %d lines takes %d ANDs", n, u.ands())
		}
	}
}

func TestBitonicSort(t *testing.T) {
	for n := range 9 {
		in := make([]int, n)
		for i := range in {
			in[i] = 2
		}
		for _, descending := range []bool{false, true} {
			u := build(t, in, func(b *circuit.Builder, x []Word) []Word {
				BitonicSort(0, n, descending, func(i, j int) { Swap(b, Less(b, x[j], x[i], false), x[i], x[j]) })
				return x
			})
			u.check(t, func(x []uint64) []any {
				want := append([]uint64{}, x...)
				for i := range want {
					for j := range i {
						if (want[j] > want[i]) != descending && want[j] != want[i] {
							want[i], want[j] = want[j], want[i]
						}
					}
				}
				vals := make([]any, n)
				for i := range vals {
					vals[i] = want[i]
				}
				return vals
			})
		}
	}
}

// By the 0-1 principle a network that merges all sorted tables of zeros and ones merges any.
func TestOddEvenMerge(t *testing.T) {
	for m := range 10 {
		for n := range 10 {
			for zerosX := range m + 1 {
				for zerosY := range n + 1 {
					rows := make([]bool, m+n)
					var x, y []int
					for i := range rows {
						if i < m {
							rows[i] = i >= zerosX
							x = append(x, i)
						} else {
							rows[i] = i-m >= zerosY
							y = append(y, i)
						}
					}
					order := OddEvenMerge(x, y, func(i, j int) {
						if rows[i] && !rows[j] {
							rows[i], rows[j] = rows[j], rows[i]
						}
					})
					if len(order) != m+n {
						t.Fatalf("merging %d and %d rows gives %d", m, n, len(order))
					}
					for i, place := range order {
						if rows[place] != (i >= zerosX+zerosY) {
							t.Fatalf("merging %d and %d rows, %d and %d of them 0: row %d is %v", m, n, zerosX, zerosY, i, rows[place])
						}
					}
				}
			}
		}
	}
}
