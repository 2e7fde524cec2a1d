//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// scratch holds the programs that the tests build; TestMain owns it.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tacit-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	return m.Run()
}

func full() bool { return os.Getenv("TACIT_LAB") == "full" }

// build makes pre, party and the program that they compute in scratch, once.
var build = sync.OnceValue(func() error {
	for name, folder := range map[string]string{"pre": "preprocessor", "party": "party"} {
		c := exec.Command("go", "build", "-o", filepath.Join(scratch, name), "./cmd/"+folder)
		c.Dir = filepath.Join("..", "..", "..")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", name, err, out)
		}
	}
	return os.WriteFile(filepath.Join(scratch, "power.gb"), []byte(source), 0o600)
})

// source takes about 1000 AND gates a round.
const source = `const ROUNDS: usize = PARTY_0::ROUNDS;

pub fn main(a: u64, b: u64) -> u64 {
    let mut x = a;
    for _ in [0; ROUNDS] {
        x = (x & 4294967295u64) * (b & 4294967295u64) + 12345u64;
    }
    x
}
`

// power is what source computes.
func power(a, b uint64, rounds int) uint64 {
	for range rounds {
		a = (a&0xffffffff)*(b&0xffffffff) + 12345
	}
	return a
}
