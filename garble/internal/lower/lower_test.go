package lower

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

func instance(t testing.TB, src, fn string, consts map[string]map[string]check.Value) *check.Instance {
	t.Helper()
	f, errs := syntax.Parse(src)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, errs := check.Source(f)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	in, errs := p.Instantiate(fn, consts)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return in
}

func compile(t testing.TB, src string) *circuit.Circuit {
	t.Helper()
	c, errs := Compile(instance(t, src, "main", nil))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

func ands(c *circuit.Circuit) int { return c.Stats().And }

// eval runs a circuit on numbers, one for each party, and gives the panic's reason and place, or the result as a number.
func eval(t *testing.T, c *circuit.Circuit, args ...uint64) (reason int, line int, result uint64) {
	t.Helper()
	in := make([][]bool, len(args))
	for p, n := range c.Inputs() {
		for i := range n {
			in[p] = append(in[p], args[p]>>(n-1-i)&1 == 1)
		}
	}
	out, err := c.Eval(in)
	if err != nil {
		t.Fatal(err)
	}
	number := func(bits []bool) (v uint64) {
		for _, b := range bits {
			v <<= 1
			if b {
				v |= 1
			}
		}
		return v
	}
	if out[0] {
		return int(number(out[1:33])), int(number(out[33:65])), 0
	}
	return 0, 0, number(out[PanicBits:])
}

func TestFirstPanic(t *testing.T) {
	tests := []struct {
		name, src string
		args      []uint64
		reason    reason
		line      int
		result    uint64
	}{
		{"none", "pub fn main(x: u8) -> u8 { x + 1u8 }", []uint64{254}, 0, 0, 255},
		{"overflow", "pub fn main(x: u8) -> u8 { x + 1u8 }", []uint64{255}, overflow, 0, 0},
		{"a repeated condition keeps what was raised between",
			"pub fn main(x: u8, z: u8) -> u8 {\nlet a = [1u8, 2u8];\nlet p = a[0];\nlet q = x / z;\na[1] + q + p\n}",
			[]uint64{1, 0}, divByZero, 3, 0},
		{"the first wins", "pub fn main(x: u8, y: u8) -> u8 {\nlet a = x + y;\nlet b = x / (y - y);\na + b\n}",
			[]uint64{200, 100}, overflow, 1, 0},
		{"the second if the first does not", "pub fn main(x: u8, y: u8) -> u8 {\nlet a = x + y;\nlet b = x / (y - y);\na + b\n}",
			[]uint64{20, 100}, divByZero, 2, 0},
		{"only in the branch taken", "pub fn main(x: u8, y: u8) -> u8 {\nif x > y {\nx / y\n} else {\ny - x\n}\n}", []uint64{5, 0}, divByZero, 2, 0},
		{"not in the other", "pub fn main(x: u8, y: u8) -> u8 {\nif y > x {\nx / (y - y)\n} else {\nx - y\n}\n}", []uint64{5, 0}, 0, 0, 5},
		{"skipped operand", "pub fn main(x: u8, y: u8) -> bool { x == 5u8 || x / y == 1u8 }", []uint64{5, 0}, 0, 0, 1},
		{"operand needed", "pub fn main(x: u8, y: u8) -> bool { x == 5u8 || x / y == 1u8 }", []uint64{6, 0}, divByZero, 0, 0},
		{"loop turn", "pub fn main(x: u8, y: u8) -> u8 {\nlet mut s = x;\nfor i in 0u8..4u8 {\ns = s +\ny;\n}\ns / (s - s)\n}",
			[]uint64{100, 60}, overflow, 3, 0},
		{"value of no use", "pub fn main(x: u8, y: u8) -> u8 {\nlet unused = x / y;\n3u8\n}", []uint64{1, 0}, divByZero, 1, 0},
		{"after a certain panic", "pub fn main(x: u8) -> u8 {\nlet a = [x; 2];\nlet b = a[2];\nx / (x - x)\n}", []uint64{1}, outOfBounds, 2, 0},
		{"element assignment", "pub fn main(x: u8, z: u8) -> u8 {\nlet mut a = [x; 2];\na[1] = 1u8 / z;\na[1] += 255u8;\na[0]\n}",
			[]uint64{1, 0}, divByZero, 2, 0},
		{"arms", "pub fn main(x: u8, y: u8) -> u8 {\nmatch x {\n0u8 => 1u8 / y,\n1u8..=9u8 => y - x,\n_ => x,\n}\n}", []uint64{3, 1}, overflow, 3, 0},
		{"quotient", "pub fn main(x: i8, y: i8) -> i8 { x / y }", []uint64{0x80, 0xff}, overflow, 0, 0},
		{"what a difference is bounded by holds nowhere else",
			"pub fn main(c: u8, y: u8) -> u8 {\nlet a = [3u8; 101];\nlet x = c % 101u8;\nif y == 255u8 { x - y } else { 0u8 };\n" +
				"let z = ((x as u16 + 256u16 - y as u16) as u8) & 127u8;\na[z as usize]\n}", []uint64{0, 20}, outOfBounds, 5, 0},
		{"remainder", "pub fn main(x: i8, y: i8) -> i8 { x % y }", []uint64{0x80, 0xff}, overflow, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, line, v := eval(t, compile(t, tt.src), tt.args...)
			if r != int(tt.reason) || line != tt.line || v != tt.result {
				t.Errorf("got reason %d on line %d, result %d; want %d, %d, %d", r, line, v, tt.reason, tt.line, tt.result)
			}
		})
	}
}

// A circuit that cannot panic says so: reason 1, the rest 0.
func TestNoPanic(t *testing.T) {
	c := compile(t, "pub fn main(x: u8) -> u8 { x ^ 1u8 }")
	out, err := c.Eval([][]bool{make([]bool, 8)})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range out[:PanicBits] {
		if b != (i == 32) {
			t.Errorf("bit %d of the panic record is %v", i, b)
		}
	}
	if n := ands(c); n != 0 {
		t.Errorf("takes %d ANDs", n)
	}
}

// Arrays and values without bits.
func TestEmpty(t *testing.T) {
	tests := []struct {
		src    string
		args   []uint64
		reason reason
	}{
		{"pub fn main(x: u8) -> u8 { let mut a = [x; 0]; let b = a; a[0] += 1u8; x }", []uint64{1}, outOfBounds},
		{"pub fn main(x: usize) -> u8 { let mut a = [0u8; 0]; a[x] += 1u8; 1u8 }", []uint64{1}, outOfBounds},
		{"pub fn main(x: usize) -> u8 { let mut a = [0u8; 0]; a[x] = 1u8; 1u8 }", []uint64{1}, outOfBounds},
		{"pub fn main(x: usize) -> u8 { let a = [0u8; 0]; a[x] }", []uint64{1}, outOfBounds},
		{"pub fn main(x: usize) -> () { let mut a = [(); 3]; let b = a[x]; a[x] = b; a[x] }", []uint64{2}, 0},
		{"pub fn main(x: usize) -> bool { let mut a = [[0u8; 0]; 3]; a[x] == a[0] }", []uint64{3}, outOfBounds},
		{"pub fn main(x: u8) -> u8 { let a = [(x, 1u8); 0]; let mut s = 5u8; for p in join_iter(a, [(x, 1u8)]) { s = 1u8; } for v in a { s = 2u8; } s }",
			[]uint64{1}, 0},
		{"struct S {} pub fn main(x: u8, y: S) -> bool { let s = S {}; s == y }", []uint64{1, 0}, 0},
		{"enum E { A } pub fn main(x: u8, y: E) -> E { match y { E::A => y } }", []uint64{1, 0}, 0},
	}
	for _, tt := range tests {
		if r, _, _ := eval(t, compile(t, tt.src), tt.args...); r != int(tt.reason) {
			t.Errorf("%s: got reason %d, want %d", tt.src, r, tt.reason)
		}
	}
}

func TestDeterministic(t *testing.T) {
	src := `
enum E { A, B(u8) }
pub fn main(x: [u8; 8], e: E, i: usize) -> (u8, E) {
    let mut a = x;
    let mut s = 0u8;
    match e { E::A => { a[i] = 3u8; s = x[1]; } E::B(v) => { a[i] += v; a[2] = s; } }
    for y in a { if y > s { s = y; } }
    (s / a[i], e)
}`
	first := compile(t, src)
	for range 5 {
		if c := compile(t, src); c.Digest() != first.Digest() {
			t.Fatal("the same program gives different circuits")
		}
	}
}

func TestLimits(t *testing.T) {
	loops := "pub fn main(x: u8) -> u8 { let mut s = x; for i in 0..1000000 { for j in 0..1000 { s = s ^ 1u8; } } s }"
	tests := []struct {
		name, src string
		limits    Limits
		want      string
	}{
		{"turns", loops, Limits{Steps: 1 << 16}, "more than 65536 steps"},
		{"gates", "pub fn main(x: u64, y: u64) -> u64 { x * y / (x + y) }", Limits{Gates: 1000}, "exceeds 1000 gates"},
		{"variables", "pub fn main(x: u8) -> u8 { let a = [x; 1000]; let b = [a; 10]; x }", Limits{Live: 80000}, "more than 80000 bits"},
		{"doubling calls", doubling(60), Limits{Steps: 1 << 16}, "more than 65536 steps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := CompileWithin(instance(t, tt.src, "main", nil), tt.limits)
			if len(errs) != 1 || errs[0].Phase != syntax.PhaseCompile {
				t.Fatalf("got %v", errs)
			}
			if !strings.Contains(errs[0].Msg, tt.want) {
				t.Errorf("got %q, want %q", errs[0].Msg, tt.want)
			}
		})
	}
}

// doubling makes n functions, each calling the one before twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("fn f0(x: u8) -> u8 { x ^ 1u8 }\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "fn f%d(x: u8) -> u8 { f%d(f%d(x)) }\n", i, i-1, i-1)
	}
	fmt.Fprintf(&b, "pub fn main(x: u8) -> u8 { f%d(x) }\n", n)
	return b.String()
}

// TestSuiteCosts holds the circuits of the conformance suite to the reference's fair cost: no row above, the sum below 30 %.
func TestSuiteCosts(t *testing.T) {
	dir, err := filepath.Abs("../../../../shared/garble")
	if err != nil {
		t.Fatal(err)
	}
	var ours, fair int
	for _, name := range []string{"cases-own.jsonl", "cases-upstream.jsonl"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Skip("the conformance suite is not beside the module")
		}
		defer f.Close()
		costs := map[string]int{} // by program
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var row struct {
				ID, Kind, Source, Fn string
				Consts               map[string]map[string]string
				Fair                 *int `json:"and_gates_fixed"`
			}
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				t.Fatal(err)
			}
			if row.Kind != "run" || row.Fair == nil {
				continue
			}
			key := fmt.Sprint(row.Source, row.Fn, row.Consts)
			cost, ok := costs[key]
			if !ok {
				fn := row.Fn
				if fn == "" {
					fn = "main"
				}
				c, errs := Compile(instance(t, row.Source, fn, constants(t, row.Consts)))
				if len(errs) > 0 {
					t.Fatalf("%s: %v", row.ID, errs)
				}
				cost = ands(c)
				costs[key] = cost
			}
			ours += cost
			fair += *row.Fair
			if cost > *row.Fair {
				t.Errorf("%s takes %d ANDs, the reference %d", row.ID, cost, *row.Fair)
			}
		}
	}
	t.Logf("%d ANDs, the reference %d", ours, fair)
	if ours*100 > fair*30 {
		t.Errorf("the suite takes %d ANDs, the reference %d", ours, fair)
	}
}

// constants reads the suite's constants, of which there are only unsigned ones.
func constants(t *testing.T, text map[string]map[string]string) map[string]map[string]check.Value {
	values := map[string]map[string]check.Value{}
	for party, consts := range text {
		values[party] = map[string]check.Value{}
		for name, s := range consts {
			digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
			var v check.Value
			v.Type = map[string]check.Basic{"usize": check.Usize, "u8": check.U8, "u16": check.U16, "u32": check.U32,
				"u64": check.U64, "bool": check.Bool}[s[len(digits):]]
			fmt.Sscan(digits, &v.Bits)
			values[party][name] = v
		}
	}
	return values
}
