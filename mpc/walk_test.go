package mpc

import (
	"slices"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// walkInClear evaluates a circuit chunk by chunk with walkTogether, at most most AND gates at once, on one bit a slot.
func walkInClear(t *testing.T, c *circuit.Circuit, in [][]bool, size, most int) []bool {
	t.Helper()
	e := &engine{plan: &plan{circ: c}, slots: c.Slots()}
	e.values = block.NewBits(e.slots.Len())
	for w, x := range slices.Concat(in...) {
		e.values.Set(w, bit(x))
	}
	for _, chunk := range cut(c, size) {
		var gates []andGate
		var products []uint64
		next := 0
		e.walkTogether(chunk, most, e.freeValue, func(k, z, a, b int) {
			if k != next {
				t.Errorf("AND gate %d comes after %d", k, next-1)
			}
			next++
			gates, products = append(gates, andGate{k, z}), append(products, e.values.Get(a)&e.values.Get(b))
		}, func() {
			if len(gates) == 0 || len(gates) > most {
				t.Errorf("%d gates at once, at most %d", len(gates), most)
			}
			for q, g := range gates {
				e.values.Set(g.z, products[q])
			}
			gates, products = gates[:0], products[:0]
		})
		if next != chunk.ands || len(gates) != 0 {
			t.Errorf("%d of %d AND gates, %d not computed", next, chunk.ands, len(gates))
		}
	}
	var out []bool
	for _, w := range c.Outputs() {
		out = append(out, e.values.Get(e.slots.Of(w)) == 1)
	}
	return out
}

func checkWalk(t *testing.T, seed uint64, inputs, ands, free, size, most int) {
	t.Helper()
	c := randomCircuit(t, seed, shape{parties: 2, inputs: inputs, ands: ands, free: free})
	in := randomInputs(c, seed)
	want, err := c.Eval(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := walkInClear(t, c, in, size, most); !slices.Equal(got, want) {
		t.Errorf("seed %d, %d inputs, %d AND, %d free, chunks of %d, %d at once: got %v, want %v", seed, inputs, ands, free, size, most, got, want)
	}
}

// TestWalkTogether is pitfall 23 for gates that are computed late: no value is read before it is there, and no slot is
// overwritten while it is needed.
func TestWalkTogether(t *testing.T) {
	for seed := range uint64(300) {
		n := int(seed)
		checkWalk(t, seed, 1+n%40, n, n/2, 1+n%70, 1+n%33)
	}
}

func FuzzWalkTogether(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(20), uint8(30), uint8(7), uint8(4))
	f.Fuzz(func(t *testing.T, seed uint64, inputs, ands, free, size, most uint8) {
		checkWalk(t, seed, int(inputs), int(ands), int(free), 1+int(size), 1+int(most))
	})
}
