package circuit

import (
	"math/rand/v2"
	"testing"
)

// columns are the truth tables of six variables.
var columns = [6]uint64{
	0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0, 0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000,
}

// tables evaluates a circuit of six input bits on all 64 inputs at once, by New's definition of a gate alone.
func tables(c *Circuit) []uint64 {
	v := append([]uint64(nil), columns[:]...)
	for i := range c.NumGates() {
		g := c.Gate(i)
		v = append(v, map[Op]func() uint64{
			Xor:  func() uint64 { return v[g.A] ^ v[g.B] },
			And:  func() uint64 { return v[g.A] & v[g.B] },
			Not:  func() uint64 { return ^v[g.A] },
			Zero: func() uint64 { return 0 },
			One:  func() uint64 { return ^uint64(0) },
		}[g.Op]())
	}
	var out []uint64
	for _, w := range c.Outputs() {
		out = append(out, v[w])
	}
	return out
}

// grow builds n random gates over six inputs and returns the wires and what they must compute.
func grow(b *Builder, rng *rand.Rand, n int) (wires []Wire, want []uint64) {
	for i := range 6 {
		wires, want = append(wires, b.Input(i/3, i%3)), append(want, columns[i])
	}
	wires, want = append(wires, b.Zero(), b.One()), append(want, 0, ^uint64(0))
	for range n {
		pick := func() int { // mostly recent ones, so that rewrites meet their patterns
			if rng.IntN(3) > 0 {
				return len(wires) - 1 - rng.IntN(min(len(wires), 8))
			}
			return rng.IntN(len(wires))
		}
		x, y, z := pick(), pick(), pick()
		var w Wire
		var t uint64
		switch rng.IntN(5) {
		case 0:
			w, t = b.Xor(wires[x], wires[y]), want[x]^want[y]
		case 1:
			w, t = b.And(wires[x], wires[y]), want[x]&want[y]
		case 2:
			w, t = b.Not(wires[x]), ^want[x]
		case 3:
			w, t = b.Or(wires[x], wires[y]), want[x]|want[y]
		case 4:
			w, t = b.Mux(wires[x], wires[y], wires[z]), want[x]&want[y]|^want[x]&want[z]
		}
		wires, want = append(wires, w), append(want, t)
	}
	return wires, want
}

func checkRandom(t *testing.T, seed uint64, gates int, sharing int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	b := NewBuilder([]int{3, 3})
	b.SetSharing(sharing)
	wires, want := grow(b, rng, gates)
	c, err := b.Build(wires)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range tables(c) {
		if got != want[i] {
			t.Fatalf("seed %d: wire %d of %d is %#x, want %#x", seed, i, gates, got, want[i])
		}
	}
	if _, err := New(c.Inputs(), gatesOf(c), c.Outputs()); err != nil {
		t.Fatalf("seed %d: built circuit is invalid: %v", seed, err)
	}
}

func gatesOf(c *Circuit) []Gate {
	var gates []Gate
	for i := range c.NumGates() {
		gates = append(gates, c.Gate(i))
	}
	return gates
}

func TestRewritesKeepMeaning(t *testing.T) {
	for seed := range uint64(3000) {
		checkRandom(t, seed, 1+int(seed%60), defaultSharing)
	}
	for seed := range uint64(300) {
		checkRandom(t, seed, 200, []int{0, 64, 128}[seed%3])
	}
}

func FuzzBuilder(f *testing.F) {
	f.Add(uint64(1), uint8(20), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, gates, sharing uint8) {
		checkRandom(t, seed, int(gates), int(sharing)*8)
	})
}

// TestRewrites counts the gates that small expressions cost.
func TestRewrites(t *testing.T) {
	type bits = []Wire
	tests := []struct {
		name     string
		f        func(b *Builder, x bits) bits
		and, xor int
	}{
		{"x^x", func(b *Builder, x bits) bits { return bits{b.Xor(x[0], x[0])} }, 0, 0},
		{"x^!x", func(b *Builder, x bits) bits { return bits{b.Xor(x[0], b.Not(x[0]))} }, 0, 0},
		{"x^1^1", func(b *Builder, x bits) bits { return bits{b.Xor(b.Xor(x[0], b.One()), b.One())} }, 0, 0},
		{"x&x", func(b *Builder, x bits) bits { return bits{b.And(x[0], x[0]), b.And(x[0], b.Not(x[0]))} }, 0, 0},
		{"commuted", func(b *Builder, x bits) bits {
			return bits{b.Xor(b.And(x[0], x[1]), x[2]), b.Xor(x[2], b.And(x[1], x[0]))}
		}, 1, 1},
		{"(a^b)^(a^c)", func(b *Builder, x bits) bits {
			return bits{b.Xor(b.Xor(x[0], x[1]), b.Xor(x[0], x[2]))}
		}, 0, 1},
		{"(a^b)^a", func(b *Builder, x bits) bits { return bits{b.Xor(b.Xor(x[0], x[1]), x[0])} }, 0, 0},
		{"(a^b)^!a", func(b *Builder, x bits) bits { return bits{b.Xor(b.Xor(x[0], x[1]), b.Not(x[0]))} }, 0, 0},
		{"(a&b)^(a&c)", func(b *Builder, x bits) bits {
			return bits{b.Xor(b.And(x[0], x[1]), b.And(x[2], x[0]))}
		}, 1, 1},
		{"(a&b)^(a&!b)", func(b *Builder, x bits) bits {
			return bits{b.Xor(b.And(x[0], x[1]), b.And(b.Not(x[1]), x[0]))}
		}, 0, 0},
		{"(a&b)^(a&c) of used operands", func(b *Builder, x bits) bits {
			p, q := b.And(x[0], x[1]), b.And(x[0], x[2])
			return bits{b.Xor(p, x[3]), b.Xor(q, x[4]), b.Xor(p, q)}
		}, 2, 3},
		{"(a&b)^(a&c) where a&(b^c) exists", func(b *Builder, x bits) bits {
			p, q, r := b.And(x[0], x[1]), b.And(x[0], x[2]), b.And(x[0], b.Xor(x[1], x[2]))
			return bits{b.Xor(p, x[3]), b.Xor(p, q), r}
		}, 2, 2},
		{"(a&b)&a", func(b *Builder, x bits) bits {
			p := b.And(x[0], x[1])
			return bits{b.And(p, x[0]), b.And(p, b.Not(x[0])), b.And(b.Not(p), b.Not(x[1]))}
		}, 1, 0},
		{"(a&b)&(a&c)", func(b *Builder, x bits) bits {
			return bits{b.And(b.And(x[0], x[1]), b.And(x[0], x[2])), b.And(b.And(x[0], x[1]), x[2])}
		}, 2, 0},
		{"(a&b)&(!a&c)", func(b *Builder, x bits) bits {
			return bits{b.And(b.And(x[0], x[1]), b.And(b.Not(x[0]), x[2]))}
		}, 0, 0},
		{"(a^b)&a", func(b *Builder, x bits) bits {
			return bits{b.And(b.Xor(x[0], x[1]), x[0]), b.And(x[0], b.Not(x[1]))}
		}, 1, 0},
		{"(a^b)&c where a&c and b&c exist", func(b *Builder, x bits) bits {
			p, q := b.And(x[0], x[2]), b.And(b.Not(x[2]), x[1])
			return bits{p, q, b.And(b.Xor(x[0], x[1]), x[2])}
		}, 2, 2},
		{"all polarities from one AND", func(b *Builder, x bits) bits {
			n := b.Not
			return bits{b.And(x[0], x[1]), b.And(n(x[0]), x[1]), b.And(x[0], n(x[1])), b.Or(x[0], x[1]), b.Xor(x[0], x[1])}
		}, 1, 4},
		{"one AND a bit of a multiplexer", func(b *Builder, x bits) bits {
			return bits{b.Mux(x[0], x[1], x[2]), b.Mux(b.Not(x[0]), x[2], x[1]), b.Mux(x[0], x[3], x[3])}
		}, 1, 2},
		{"dead gates", func(b *Builder, x bits) bits {
			b.And(x[0], x[1])
			return bits{b.Xor(x[0], x[2])}
		}, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := NewBuilder([]int{3, 3})
			var x bits
			for i := range 6 {
				x = append(x, b.Input(i/3, i%3))
			}
			c, err := b.Build(test.f(b, x))
			if err != nil {
				t.Fatal(err)
			}
			var and, xor int
			for _, g := range gatesOf(c) {
				switch g.Op {
				case And:
					and++
				case Xor:
					xor++
				}
			}
			if and != test.and || xor > test.xor {
				t.Errorf("%d AND, %d XOR; want %d, at most %d: %v", and, xor, test.and, test.xor, gatesOf(c))
			}
		})
	}
}
