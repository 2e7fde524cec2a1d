package circuit

import "fmt"

// Eval returns the output bits for in, whose element p holds the input bits of party p. It is the clear evaluation that
// protocols are compared with; it takes one byte a wire.
func (c *Circuit) Eval(in [][]bool) ([]bool, error) {
	if len(in) != len(c.inputs) {
		return nil, fmt.Errorf("evaluate: inputs of %d parties for a circuit of %d", len(in), len(c.inputs))
	}
	values := make([]bool, 0, c.NumWires())
	for p, bits := range in {
		if len(bits) != c.inputs[p] {
			return nil, fmt.Errorf("evaluate: party %d gives %d input bits, not %d", p, len(bits), c.inputs[p])
		}
		values = append(values, bits...)
	}
	for i := range c.NumGates() {
		g := c.Gate(i)
		var v bool
		switch g.Op {
		case Xor:
			v = values[g.A] != values[g.B]
		case And:
			v = values[g.A] && values[g.B]
		case Not:
			v = !values[g.A]
		case One:
			v = true
		}
		values = append(values, v)
	}
	out := make([]bool, len(c.outputs))
	for i, w := range c.outputs {
		out[i] = values[w]
	}
	return out, nil
}
