package app

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/mpc"
)

// What party check foretells is what a run sends, within a fifth.
func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		n     int
		steps int
	}{{2, 1}, {2, 12}, {3, 1}, {3, 12}, {4, 3}} {
		t.Run(fmt.Sprintf("%d parties %d steps", c.n, c.steps), func(t *testing.T) {
			params := "a: u32, b: u32, c: u32, d: u32"
			sum := "a + b + c + d"
			params, sum = params[:8*c.n-2], sum[:4*c.n-3]
			p, err := compile(garbleSource(fmt.Sprintf("pub fn main(%s) -> u32 {\n    let mut x = %s;\n    for i in 0u32..%du32 { x = (x ^ b) * a; }\n    x\n}\n", params, sum, c.steps)), nil)
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := estimate(p.circuit, c.n)
			job := mpc.Job{Circuit: p.circuit}
			var most int64
			done := make(chan error, c.n)
			var meters []*channel.Meter
			for i, ch := range memory.NewMesh(c.n, memory.Options{}).Channels() {
				m := channel.NewMeter(ch)
				meters = append(meters, m)
				go func() {
					_, err := mpc.Run(t.Context(), m, job, make([]bool, p.circuit.Inputs()[i]), nil)
					done <- err
				}()
			}
			for range c.n {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			for _, m := range meters {
				sent, _ := m.Total()
				most = max(most, sent.Bytes)
			}
			if diff := float64(want-most) / float64(most); diff < -0.2 || diff > 0.2 {
				t.Errorf("%d AND gates: foretold %d bytes, sent %d (%+.0f %%)", p.circuit.Stats().And, want, most, 100*diff)
			}
		})
	}
}
