package circuit

import "fmt"

// Build returns the circuit with the given outputs: the gates on which they depend, in order of creation, each NOT that is
// needed right behind its operand (those of inputs first), constants before everything if an output is one. It ends the
// Builder, whose memory goes to the circuit.
func (b *Builder) Build(outputs []Wire) (*Circuit, error) {
	if b.err != nil {
		return nil, b.err
	}
	for i, w := range outputs {
		if int(w.node()) > b.nin+b.gates.n {
			return nil, fmt.Errorf("output %d: wire %d is none of this builder", i, w)
		}
	}
	r := b.mark(outputs)
	if b.nin+2+r.live.size()+r.inverse.size() > MaxWires {
		return nil, fmt.Errorf("circuit exceeds %d wires", MaxWires)
	}
	c := &Circuit{inputs: b.inputs, nin: b.nin}
	if r.zero {
		c.gates.push(pack(Gate{Op: Zero}))
	}
	if r.one {
		c.gates.push(pack(Gate{Op: One}))
	}
	for n := range b.nin {
		if r.inverse.has(1 + n) {
			c.gates.push(pack(Gate{Op: Not, A: Wire(n)}))
		}
	}
	n := 1 + b.nin
	for i, chunk := range b.gates.chunks {
		for _, w := range chunk {
			r.emit(c, n, Wire(w>>32), Wire(w))
			n++
		}
		b.gates.chunks[i] = nil
		c.gates.spare = append(c.gates.spare, chunk[:0])
	}
	c.gates.spare = nil
	for _, w := range outputs {
		c.outputs = append(c.outputs, r.wire(w))
	}
	*b = Builder{inputs: b.inputs, first: b.first, err: errBuilt}
	return c, nil
}

// A renumbering tells which nodes a circuit needs and gives them their wires: behind the inputs and constants, each node
// stands after the needed gates and complements of all nodes before it.
type renumbering struct {
	nin       int
	zero, one bool
	live      ranked // by node: gates only
	inverse   ranked // by node: the complement is needed
}

// mark finds what the outputs depend on.
func (b *Builder) mark(outputs []Wire) *renumbering {
	r := &renumbering{nin: b.nin}
	need := func(w Wire) {
		switch n := int(w.node()); {
		case n == 0:
			r.one = r.one || w == 1
			r.zero = r.zero || w == 0
			return
		case n > b.nin:
			r.live.set(n)
			fallthrough
		default:
			if w&negated != 0 {
				r.inverse.set(n)
			}
		}
	}
	for _, w := range outputs {
		need(w)
	}
	for n := b.nin + b.gates.n; n > b.nin; n-- {
		if r.live.has(n) {
			x, y, _ := b.gate(node(n))
			need(x)
			need(y)
		}
	}
	r.live.count()
	r.inverse.count()
	return r
}

// emit appends the gate at node n, and its complement, as far as they are needed.
func (r *renumbering) emit(c *Circuit, n int, x, y Wire) {
	if !r.live.has(n) {
		return
	}
	op := Xor
	if x > y {
		op = And
	}
	c.gates.push(pack(Gate{Op: op, A: r.wire(x), B: r.wire(y)}))
	if r.inverse.has(n) {
		c.gates.push(pack(Gate{Op: Not, A: r.wire(Wire(n) << 1)}))
	}
}

// wire returns the circuit's wire for a wire of the Builder.
func (r *renumbering) wire(w Wire) Wire {
	n := int(w.node())
	neg := w&negated != 0
	base := r.nin
	if n == 0 {
		if neg && r.zero {
			base++
		}
		return Wire(base)
	}
	if r.zero {
		base++
	}
	if r.one {
		base++
	}
	switch {
	case n <= r.nin && !neg:
		return Wire(n - 1)
	case n <= r.nin:
		return Wire(base + r.inverse.rank(n))
	}
	base += r.live.rank(n) + r.inverse.rank(n)
	if neg {
		base++
	}
	return Wire(base)
}
