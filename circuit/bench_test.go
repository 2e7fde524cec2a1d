package circuit

import (
	"runtime"
	"testing"
)

// buildLarge multiplies and adds 32-bit numbers until there are about ands AND gates.
func buildLarge(tb testing.TB, ands int) *Circuit {
	b := NewBuilder([]int{32 * 64, 32 * 64})
	x := make([][]Wire, 128)
	for i := range x {
		for k := range 32 {
			x[i] = append(x[i], b.Input(i%2, i/2*32+k))
		}
	}
	add := func(p, q []Wire) []Wire {
		sum, carry := make([]Wire, 32), b.Zero()
		for k := range sum {
			pc := b.Xor(p[k], carry)
			sum[k] = b.Xor(pc, q[k])
			carry = b.Xor(carry, b.And(pc, b.Xor(q[k], carry)))
		}
		return sum
	}
	for i := 0; b.NumGates() < 4*ands; i++ {
		p, q := x[(i*7+1)%128], x[(i*13+5)%128]
		acc := make([]Wire, 32)
		for k := range 32 {
			row := make([]Wire, 32)
			for j := k; j < 32; j++ {
				row[j] = b.And(p[j-k], q[k])
			}
			acc = add(acc, row)
		}
		x[i%128] = add(acc, x[i%128])
	}
	c, err := b.Build(x[5])
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func BenchmarkBuilder(b *testing.B) {
	for range b.N {
		c := buildLarge(b, 1<<20)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.NumGates()), "ns/gate")
		b.ReportMetric(float64(m.Sys)/float64(c.NumGates()), "B/gate")
		s := c.Stats()
		b.Logf("%+v", s)
	}
}
