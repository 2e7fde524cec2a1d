package circuit

// Stats counts the gates of a circuit.
type Stats struct {
	And, Xor, Not int
	Depth         int // the largest number of AND gates on a path to an output
	Wires         int // inputs and gates of every kind
}

// Stats counts. It takes 4 bytes a wire for the depth.
func (c *Circuit) Stats() Stats {
	s := Stats{Wires: c.NumWires()}
	depth := make([]uint32, c.NumWires())
	for i := range c.NumGates() {
		g := c.Gate(i)
		d := &depth[c.nin+i]
		switch g.Op {
		case Xor:
			s.Xor++
			*d = max(depth[g.A], depth[g.B])
		case And:
			s.And++
			*d = max(depth[g.A], depth[g.B]) + 1
		case Not:
			s.Not++
			*d = depth[g.A]
		}
	}
	for _, w := range c.outputs {
		s.Depth = max(s.Depth, int(depth[w]))
	}
	return s
}
