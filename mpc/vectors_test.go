package mpc

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// publicCircuit reads one of the public circuits beside the module, and skips the test if they are not there.
func publicCircuit(t testing.TB, name string) *circuit.Circuit {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if f, err := os.Open(filepath.Join(dir, "shared", "mpc", "circuits", name)); err == nil {
			defer f.Close()
			b, err := circuit.ParseBristol(f)
			if err != nil {
				t.Fatal(err)
			}
			return b.Circuit
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skipf("no %s beside the module", name)
		}
		dir = up
	}
}

// among gives the inputs of a circuit of two values to n parties: the first to party 0, the second to the last.
func among(t testing.TB, c *circuit.Circuit, n int) *circuit.Circuit {
	t.Helper()
	widths := make([]int, n)
	widths[0], widths[n-1] = c.Inputs()[0], c.Inputs()[1]
	gates := make([]circuit.Gate, c.NumGates())
	for i := range gates {
		gates[i] = c.Gate(i)
	}
	out, err := circuit.New(widths, gates, c.Outputs())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// bitsOf are the bits of a big-endian number, lowest first, as the public circuits want them.
func bitsOf(t testing.TB, s string) (bits []bool) {
	t.Helper()
	p, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range slices.Backward(p) {
		for k := range 8 {
			bits = append(bits, b>>k&1 == 1)
		}
	}
	return bits
}

type vector struct{ file, first, second, out string }

var (
	aesVector = vector{"aes_128.txt", "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"}
	shaVector = vector{"sha256.txt", fmt.Sprintf("61626380%0116x%04x", 0, 24),
		"6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
)

// play is the vector among n parties; all learn the result.
func (v vector) play(t testing.TB, n int) *play {
	c := among(t, publicCircuit(t, v.file), n)
	in := make([][]bool, n)
	in[0], in[n-1] = bitsOf(t, v.first), bitsOf(t, v.second)
	return &play{job: Job{Circuit: c}, in: in}
}

func (v vector) check(t testing.TB, results []result) {
	t.Helper()
	want := bitsOf(t, v.out)
	for i, r := range results {
		if r.err != nil {
			t.Fatalf("party %d: %v", i, r.err)
		}
		if !slices.Equal(r.out, want) {
			t.Errorf("party %d: wrong result", i)
		}
	}
}

func TestVectors(t *testing.T) {
	for _, c := range []struct {
		vector vector
		n      int
		dealer bool
	}{
		{aesVector, 2, true}, {aesVector, 3, true}, {aesVector, 5, true}, {shaVector, 2, true}, {shaVector, 3, true},
		{aesVector, 2, false}, {aesVector, 3, false}, {aesVector, 5, false}, {shaVector, 2, false},
	} {
		t.Run(fmt.Sprintf("%s/n=%d/dealer=%v", c.vector.file, c.n, c.dealer), func(t *testing.T) {
			p := c.vector.play(t, c.n)
			p.dealer = c.dealer
			c.vector.check(t, p.run(t))
		})
	}
}
