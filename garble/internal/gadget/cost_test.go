package gadget

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// The ANDs of every operator with its overflow check, by width 8, 16, 32, 64. A cheaper circuit updates the table, a
// costlier one fails review.
const golden = `
u+ 8 16 32 64
i+ 8 16 32 64
u- 8 16 32 64
i- 8 16 32 64
u* 78 286 1070 3790
i* 79 287 1071 3791
x*x 23 111 479 1983
u/ 62 222 830 3198
i/ 84 268 924 3388
u% 77 253 893 3325
i% 99 299 987 3515
u< 8 16 32 64
i< 8 16 32 64
== 7 15 31 63
<< 28 67 162 385
u>> 28 67 162 385
i>> 25 63 157 379
mux 8 16 32 64
neg 7 15 31 63
`

// The reference's costs, spec section 14.2, in the same order: upper bounds.
var reference = map[string][]int{
	"u+": {22, 46, 94, 190}, "i+": {22, 46, 94, 190},
	"u-": {29, 61, 125, 253}, "i-": {29, 61, 125, 253},
	"u*": {223, 959, 3967, 16127}, "i*": {270, 1062, 4182, 16566},
	"u/": {154, 570, 2170, 8442}, "i/": {193, 657, 2353, 8817},
	"u%": {155, 571, 2171, 8443}, "i%": {194, 658, 2354, 8818},
	"u<": {41, 89, 185, 377}, "i<": {41, 89, 185, 377},
	"==": {7, 15, 31, 63},
	"<<": {68, 131, 258, 513}, "u>>": {68, 131, 258, 513}, "i>>": {60, 123, 250, 505},
	"mux": {8, 16, 32, 64},
	"neg": {7, 15, 31, 63}, // with its overflow, which the reference forgets (B5)
}

func operators() map[string]func(b *circuit.Builder, x, y Word) []Word {
	type op = func(b *circuit.Builder, x, y Word) []Word
	ops := map[string]op{
		"==":  func(b *circuit.Builder, x, y Word) []Word { return []Word{{Equal(b, x, y)}} },
		"mux": func(b *circuit.Builder, x, y Word) []Word { return []Word{Mux(b, b.Input(2, 0), x, y)} },
		"neg": func(b *circuit.Builder, x, y Word) []Word { z, o := Neg(b, x); return []Word{z, {o}} },
		"<<":  func(b *circuit.Builder, x, y Word) []Word { z, o := Shl(b, x, y[len(y)-8:]); return []Word{z, {o}} },
		"x*x": func(b *circuit.Builder, x, y Word) []Word { z, o := Mul(b, x, x, false); return []Word{z, {o}} },
	}
	for sign, signed := range map[string]bool{"u": false, "i": true} {
		ops[sign+"+"] = func(b *circuit.Builder, x, y Word) []Word { z, o := Add(b, x, y, signed); return []Word{z, {o}} }
		ops[sign+"-"] = func(b *circuit.Builder, x, y Word) []Word { z, o := Sub(b, x, y, signed); return []Word{z, {o}} }
		ops[sign+"*"] = func(b *circuit.Builder, x, y Word) []Word { z, o := Mul(b, x, y, signed); return []Word{z, {o}} }
		ops[sign+"<"] = func(b *circuit.Builder, x, y Word) []Word { return []Word{{Less(b, x, y, signed)}} }
		ops[sign+">>"] = func(b *circuit.Builder, x, y Word) []Word {
			z, o := Shr(b, x, y[len(y)-8:], signed)
			return []Word{z, {o}}
		}
		ops[sign+"/"] = func(b *circuit.Builder, x, y Word) []Word {
			q, _, z, o := DivRem(b, x, y, signed)
			return []Word{q, {z}, {o}}
		}
		ops[sign+"%"] = func(b *circuit.Builder, x, y Word) []Word {
			_, r, z, o := DivRem(b, x, y, signed)
			return []Word{r, {z}, {o}}
		}
	}
	return ops
}

func TestCosts(t *testing.T) {
	ops := operators()
	var table strings.Builder
	for _, name := range []string{"u+", "i+", "u-", "i-", "u*", "i*", "x*x", "u/", "i/", "u%", "i%", "u<", "i<", "==", "<<",
		"u>>", "i>>", "mux", "neg"} {
		fmt.Fprintf(&table, "%s", name)
		for i, n := range widths {
			u := build(t, []int{n, n, 1}, func(b *circuit.Builder, x []Word) []Word { return ops[name](b, x[0], x[1]) })
			fmt.Fprintf(&table, " %d", u.ands())
			if limit := reference[name]; limit != nil && u.ands() > limit[i] {
				t.Errorf("%s of %d bits takes %d ANDs, the reference %d", name, n, u.ands(), limit[i])
			}
		}
		fmt.Fprintln(&table)
	}
	if got := table.String(); got != strings.TrimPrefix(golden, "\n") {
		t.Errorf("the costs are now\n%s", got)
	}
}
