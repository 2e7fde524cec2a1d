package circuit

import (
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// publicCircuit reads a file of the public collection that lies beside the module, where it is present.
func publicCircuit(t *testing.T, name string) *Bristol {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		dir = filepath.Dir(dir)
		if err == nil {
			break
		}
	}
	file, err := os.Open(filepath.Join(dir, "shared", "mpc", "circuits", name))
	if err != nil {
		t.Skipf("the public circuits are not here: %v", err)
	}
	defer file.Close()
	b, err := ParseBristol(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fromHex returns the bits of a big-endian number, most significant first or last.
func fromHex(t *testing.T, s string, lsbFirst bool) []bool {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	var bits []bool
	for i := range 8 * len(raw) {
		bits = append(bits, raw[i/8]>>(7-i%8)&1 == 1)
	}
	if lsbFirst {
		slices.Reverse(bits)
	}
	return bits
}

func toHex(bits []bool, lsbFirst bool) string {
	bits = slices.Clone(bits)
	if lsbFirst {
		slices.Reverse(bits)
	}
	raw := make([]byte, len(bits)/8)
	for i, b := range bits {
		if b {
			raw[i/8] |= 0x80 >> (i % 8)
		}
	}
	return hex.EncodeToString(raw)
}

const (
	zero128  = "00000000000000000000000000000000"
	plain128 = "00112233445566778899aabbccddeeff"
	key128   = "000102030405060708090a0b0c0d0e0f"
	iv256    = "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19"
	padABC   = "6162638000000000000000000000000000000000000000000000000000000000" +
		"0000000000000000000000000000000000000000000000000000000000000018"
	digestABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
)

func TestPublicCircuits(t *testing.T) {
	tests := []struct {
		file          string
		lsbFirst      bool
		inputs        []string
		output        string
		and, xor, not int
	}{
		{"aes_128.txt", true, []string{key128, plain128}, "69c4e0d86a7b0430d8cdb78070b4c55a", 6400, 28176, 2087},
		{"aes_256.txt", true, []string{key128 + "101112131415161718191a1b1c1d1e1f", plain128}, "8ea2b7ca516745bfeafc49904b496089", 8832, 39008, 2826},
		{"sha256.txt", true, []string{padABC, iv256}, digestABC, 22573, 110644, 1856},
		{"AES-non-expanded.txt", false, []string{zero128, zero128}, "66e94bd4ef8a2c3b884cfa59ca342b2e", 6800, 25124, 1692},
		{"sha-256.txt", false, []string{padABC, ""}, digestABC, 22272, 91780, 2194},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			b := publicCircuit(t, test.file)
			var in [][]bool
			for _, s := range test.inputs {
				in = append(in, fromHex(t, s, test.lsbFirst))
			}
			out, err := b.Circuit.Eval(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := toHex(out, test.lsbFirst); got != test.output {
				t.Errorf("output %s, want %s", got, test.output)
			}
			s := b.Circuit.Stats()
			if s.And != test.and || s.Xor != test.xor || s.Not != test.not {
				t.Errorf("%+v, want %d AND, %d XOR, %d NOT", s, test.and, test.xor, test.not)
			}
			checkWritten(t, b, b.Write, rand.New(rand.NewPCG(1, 1)))
			flat := slices.Concat(in...)
			if got := evalSlots(t, b.Circuit, flat); !slices.Equal(got, out) {
				t.Error("slots give another output")
			}
			t.Logf("%+v, %d slots", s, b.Circuit.Slots().Len())
		})
	}
}

// TestPublicArithmetic compares the 64-bit circuits with Go's arithmetic.
func TestPublicArithmetic(t *testing.T) {
	tests := []struct {
		file string
		f    func(x, y uint64) []uint64
		and  int
	}{
		{"adder64.txt", func(x, y uint64) []uint64 { return []uint64{x + y} }, 63},
		{"sub64.txt", func(x, y uint64) []uint64 { return []uint64{x - y} }, 63},
		{"neg64.txt", func(x, _ uint64) []uint64 { return []uint64{-x} }, 62},
		{"mult64.txt", func(x, y uint64) []uint64 { return []uint64{x * y} }, 4033},
		{"mult2_64.txt", func(x, y uint64) []uint64 {
			p := new(big.Int).Mul(new(big.Int).SetUint64(x), new(big.Int).SetUint64(y))
			return []uint64{new(big.Int).Rsh(p, 64).Uint64(), x * y}
		}, 8128},
		{"udivide64.txt", func(x, y uint64) []uint64 { return []uint64{x / y} }, 4285},
		{"divide64.txt", func(x, y uint64) []uint64 { return []uint64{uint64(int64(x) / int64(y))} }, 4664},
		{"zero_equal.txt", func(x, _ uint64) []uint64 {
			if x == 0 {
				return []uint64{1}
			}
			return []uint64{0}
		}, 63},
	}
	bitsOf := func(x uint64, n int) (bits []bool) {
		for i := range n {
			bits = append(bits, x>>i&1 == 1)
		}
		return bits
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			b := publicCircuit(t, test.file)
			if got := b.Circuit.Stats().And; got != test.and {
				t.Errorf("%d AND gates, want %d", got, test.and)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for _, x := range []uint64{0, 1, 1<<64 - 1, 1 << 63, rng.Uint64(), rng.Uint64() >> 40} {
				for _, y := range []uint64{1, 3, 1<<64 - 2, rng.Uint64(), rng.Uint64() >> 50} {
					in := [][]bool{bitsOf(x, 64), bitsOf(y, 64)}[:len(b.Circuit.Inputs())]
					out, err := b.Circuit.Eval(in)
					if err != nil {
						t.Fatal(err)
					}
					var want []bool
					for i, v := range test.f(x, y) {
						want = append(want, bitsOf(v, b.Outputs[i])...)
					}
					if !slices.Equal(out, want) {
						t.Errorf("%d, %d: wrong result", x, y)
					}
				}
			}
		})
	}
}
