package circuit

import (
	"errors"
	"fmt"
)

// gate parses the current line: numbers of inputs and outputs, these wires, the operation.
func (p *bristolParser) gate() error {
	name := string(p.field[len(p.field)-1])
	p.field = p.field[:len(p.field)-1]
	f, err := p.numbers()
	if err != nil {
		return err
	}
	if len(f) < 2 || f[0] > len(f) || f[1] > len(f) || f[0]+f[1] != len(f)-2 {
		return errors.New("want the numbers of inputs and outputs of the gate, its wires and its operation")
	}
	in, out := f[2:2+f[0]], f[2+f[0]:]
	op, width, err := operation(name)
	switch {
	case err != nil:
		return err
	case len(in) != width*len(out) || len(out) == 0 || len(out) != 1 && name != "MAND":
		return fmt.Errorf("%s with %d inputs and %d outputs", name, len(in), len(out))
	case op == opEq && in[0] > 1:
		return fmt.Errorf("EQ with %d, which is no bit", in[0])
	}
	for i, o := range out {
		g := bristolGate{op: op, line: int32(p.line), a: uint32(in[i]), out: uint32(o)}
		if width == 2 {
			g.b = uint32(in[len(out)+i])
		}
		p.gates = append(p.gates, g)
	}
	if len(p.gates) > p.numWires {
		return fmt.Errorf("more than the %d wires of the header", p.numWires)
	}
	return nil
}

// operation returns the operation of a name and how many inputs it has for each output.
func operation(name string) (op bristolOp, width int, err error) {
	switch name {
	case "XOR":
		return opXor, 2, nil
	case "AND", "MAND":
		return opAnd, 2, nil
	case "INV", "NOT":
		return opInv, 1, nil
	case "EQ":
		return opEq, 1, nil
	case "EQW":
		return opEqw, 1, nil
	}
	return 0, 0, fmt.Errorf("unknown operation %.20q", name)
}

const unset = Wire(MaxWires)

// resolve gives the file's wires their places in a circuit.
func (p *bristolParser) resolve() (*Bristol, error) {
	wires := make([]Wire, len(p.gates)) // by number of the file less the inputs
	for i := range wires {
		wires[i] = unset
	}
	c := &Circuit{inputs: p.inputs, nin: p.numInputs}
	for _, g := range p.gates {
		p.line = int(g.line)
		place := int(g.out) - p.numInputs
		switch {
		case int(g.out) >= p.numWires:
			return nil, fmt.Errorf("wire %d is beyond the %d of the header", g.out, p.numWires)
		case place < 0:
			return nil, fmt.Errorf("the gate writes input wire %d", g.out)
		case wires[place] != unset:
			return nil, fmt.Errorf("wire %d is written twice", g.out)
		}
		w, err := p.add(c, g, wires)
		if err != nil {
			return nil, err
		}
		wires[place] = w
	}
	b := &Bristol{Circuit: c, Outputs: p.outputs, Old: p.old}
	total := 0
	for _, n := range p.outputs {
		total += n
	}
	for i := p.numWires - total; i < p.numWires; i++ {
		if i < p.numInputs {
			c.outputs = append(c.outputs, Wire(i))
		} else {
			c.outputs = append(c.outputs, wires[i-p.numInputs])
		}
	}
	return b, nil
}

// add appends the gate and returns the wire of its result.
func (p *bristolParser) add(c *Circuit, g bristolGate, wires []Wire) (Wire, error) {
	operand := func(w uint32) (Wire, error) {
		if int(w) < p.numInputs {
			return Wire(w), nil
		}
		if int(w) >= p.numWires || wires[int(w)-p.numInputs] == unset {
			return 0, fmt.Errorf("wire %d is read before it has a value", w)
		}
		return wires[int(w)-p.numInputs], nil
	}
	var gate Gate
	var err error
	switch g.op {
	case opEq:
		gate = Gate{Op: Zero + Op(g.a)}
	case opEqw:
		return operand(g.a)
	case opInv:
		gate.Op = Not
		gate.A, err = operand(g.a)
	default:
		gate.Op = Xor + Op(g.op)
		if gate.A, err = operand(g.a); err == nil {
			gate.B, err = operand(g.b)
		}
	}
	if err != nil {
		return 0, err
	}
	w := Wire(c.NumWires())
	c.gates.push(pack(gate))
	return w, nil
}
