package natpunch

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// TestPredict follows NATs that count in steps, in either byte order, and holds that what stepOf found predicts them.
func TestPredict(t *testing.T) {
	for range 2000 {
		start, step, swapped := uint16(rand.IntN(1<<16)), 1+rand.IntN(shortStep), rand.IntN(2) == 0
		if rand.IntN(2) == 0 {
			step = -step
		}
		port := func(n int) uint16 {
			p := start + uint16(n*step)
			if swapped {
				return bits.ReverseBytes16(p)
			}
			return p
		}
		found := stepOf([]uint16{port(0), port(1), port(2), port(3)})
		if found == 0 {
			t.Fatalf("no step found in %d, %d, %d, %d", port(0), port(1), port(2), port(3))
		}
		for n := range 40 {
			if got, want := predict(port(3), found, n), port(3+n); got != want {
				t.Fatalf("from %d in steps of %d (swapped %v), after %d: predicted %d, want %d", start, step, swapped, n, got, want)
			}
		}
	}
}

// TestSweep visits every port once.
func TestSweep(t *testing.T) {
	s, seen := newSweep(), map[uint16]bool{}
	for range sweepSize {
		seen[s.next()] = true
	}
	if len(seen) != sweepSize || seen[lowestPort-1] || !seen[lowestPort] || !seen[1<<16-1] {
		t.Errorf("%+v visits %d ports", s, len(seen))
	}
}
