package garble

import (
	"fmt"
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
)

// BristolOptions say how a program becomes a Bristol circuit. The zero value writes what the reference compiler writes (D31).
type BristolOptions struct {
	// LSBFirst reverses the bits of each party's input and of the result, as most Bristol Fashion circuits have them.
	LSBFirst bool
	// CopyInputs allows outputs that are inputs, at the cost of a gate each; without it they are an error.
	CopyInputs bool
}

// Bristol gives the circuit without the panic record: one input value for each party and one output value, the result. The
// gates of the record stay. Whoever evaluates it cannot tell a result from a panic.
func (p *Program) Bristol(o BristolOptions) (*circuit.Bristol, error) {
	c := p.Circuit
	outputs := slices.Clone(c.Outputs()[PanicBits:])
	if !o.CopyInputs {
		for i, w := range outputs {
			if int(w) < c.NumInputs() {
				return nil, &Error{Phase: PhaseCompile, Kind: "OutputWireIsInput",
					Msg:  fmt.Sprintf("bit %d of the result of `%s` is an input bit, which a Bristol file cannot say", i, p.Function),
					Hint: "allow copies of inputs"}
			}
		}
	}
	if o.LSBFirst {
		slices.Reverse(outputs)
	}
	wires := make([]circuit.Wire, c.NumInputs())
	base := 0
	for _, n := range c.Inputs() {
		for i := range n {
			wires[base+i] = circuit.Wire(base + i)
			if o.LSBFirst {
				wires[base+i] = circuit.Wire(base + n - 1 - i)
			}
		}
		base += n
	}
	wire := func(w circuit.Wire) circuit.Wire {
		if int(w) < len(wires) {
			return wires[w]
		}
		return w
	}
	gates := make([]circuit.Gate, c.NumGates())
	for i := range gates {
		g := c.Gate(i)
		switch g.Op {
		case circuit.Xor, circuit.And:
			g.A, g.B = wire(g.A), wire(g.B)
		case circuit.Not:
			g.A = wire(g.A)
		}
		gates[i] = g
	}
	for i, w := range outputs {
		outputs[i] = wire(w)
	}
	made, err := circuit.New(c.Inputs(), gates, outputs)
	if err != nil {
		return nil, fmt.Errorf("make a Bristol circuit of %s: %w", p.Function, err)
	}
	return &circuit.Bristol{Circuit: made, Outputs: []int{len(outputs)}}, nil
}
