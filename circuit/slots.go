package circuit

// Slots gives every wire a place in a small array such that no two wires that are needed at the same time share one. It
// lets an engine that walks the gates in order keep state for the live wires alone.
//
// Input wires stand in slots 0 to NumInputs()-1. A slot is free for another wire behind the last gate that reads its wire;
// a gate's output never has the slot of one of its operands. Output wires stay to the end. An input or gate that nothing
// reads loses its slot at once.
type Slots struct {
	of []uint32 // by wire
	n  int
}

// Of returns the slot of a wire.
func (s *Slots) Of(w Wire) int { return int(s.of[w]) }

// Len is the number of slots.
func (s *Slots) Len() int { return s.n }

// Slots allocates the slots of the circuit. It takes 4 bytes a wire, and always gives the same result.
func (c *Circuit) Slots() *Slots {
	dies := c.lastUses()
	s := &Slots{of: make([]uint32, c.NumWires()), n: c.nin}
	var free []uint32
	for w := range c.nin {
		s.of[w] = uint32(w)
		if !dies.read.has(w) {
			free = append(free, uint32(w))
		}
	}
	for i := range c.NumGates() {
		w, g := c.nin+i, c.Gate(i)
		if k := len(free); k > 0 {
			s.of[w] = free[k-1]
			free = free[:k-1]
		} else {
			s.of[w] = uint32(s.n)
			s.n++
		}
		if dies.operand.has(2 * i) {
			free = append(free, s.of[g.A])
		}
		if dies.operand.has(2*i + 1) {
			free = append(free, s.of[g.B])
		}
		if !dies.read.has(w) {
			free = append(free, s.of[w])
		}
	}
	return s
}

// A deaths tells which gates read an operand for the last time.
type deaths struct {
	operand bitset // 2i for operand A of gate i, 2i+1 for B; a wire read twice by its last gate dies as A
	read    bitset // by wire: is an output or an operand
}

func (c *Circuit) lastUses() deaths {
	var d deaths
	d.read.reserve(c.NumWires())
	d.operand.reserve(2 * c.NumGates())
	for _, w := range c.outputs {
		d.read.set(int(w))
	}
	for i := c.NumGates() - 1; i >= 0; i-- {
		g := c.Gate(i)
		for k, w := range [2]Wire{g.A, g.B} {
			if k < g.Op.operands() && !d.read.has(int(w)) {
				d.read.set(int(w))
				d.operand.set(2*i + k)
			}
		}
	}
	return d
}
