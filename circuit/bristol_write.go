package circuit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Write writes the circuit in Bristol Fashion, with XOR, AND and INV gates alone (and one EQ if it has no input from which to
// make a constant). Since outputs of a file are its last wires, an output that is an input, a constant or a repetition
// costs an XOR with zero.
func (b *Bristol) Write(w io.Writer) error {
	return b.write(w, func(buf *bufio.Writer) error {
		for _, widths := range [][]int{b.Circuit.inputs, b.Outputs} {
			fmt.Fprint(buf, len(widths))
			for _, n := range widths {
				fmt.Fprintf(buf, " %d", n)
			}
			fmt.Fprintln(buf)
		}
		return nil
	})
}

// WriteOld writes the circuit in the old Bristol format, which has one or two input values, not both empty, and one output
// value.
func (b *Bristol) WriteOld(w io.Writer) error {
	return b.write(w, func(buf *bufio.Writer) error {
		in := b.Circuit.inputs
		if len(in) == 0 || len(in) > 2 || b.Circuit.nin == 0 || len(b.Outputs) != 1 {
			return fmt.Errorf("old Bristol cannot hold %d input values of %d bits together and %d output values", len(in), b.Circuit.nin, len(b.Outputs))
		}
		second := 0
		if len(in) == 2 {
			second = in[1]
		}
		fmt.Fprintf(buf, "%d %d %d\n", in[0], second, b.Outputs[0])
		return nil
	})
}

func (b *Bristol) write(w io.Writer, values func(*bufio.Writer) error) error {
	if err := b.check(); err != nil {
		return err
	}
	f := newBristolWriter(b.Circuit)
	f.buf = bufio.NewWriter(w)
	fmt.Fprintf(f.buf, "%d %d\n", f.gates, b.Circuit.nin+f.gates)
	if err := values(f.buf); err != nil {
		return fmt.Errorf("write circuit: %w", err)
	}
	fmt.Fprintln(f.buf)
	f.body()
	if err := f.buf.Flush(); err != nil {
		return fmt.Errorf("write circuit: %w", err)
	}
	return nil
}

func (b *Bristol) check() error {
	total := 0
	for _, n := range b.Outputs {
		if n < 0 {
			return errors.New("write circuit: an output value has a negative width")
		}
		total += n
	}
	if have := len(b.Circuit.outputs); have != total {
		return fmt.Errorf("write circuit: %d output bits, but the output values have %d", have, total)
	}
	return nil
}

// A bristolWriter knows the numbers of wires in the file: inputs, the constant zero if needed, gates that are no output in
// order, outputs.
type bristolWriter struct {
	c        *Circuit
	buf      *bufio.Writer
	gates    int // in the file
	zero     int // the wire that is constantly 0, -1 if not needed
	outputs  int // the first output
	copies   []int
	position map[Wire]int // of gates that are an output: which
}

func newBristolWriter(c *Circuit) *bristolWriter {
	f := &bristolWriter{c: c, zero: -1, position: make(map[Wire]int)}
	for k, w := range c.outputs {
		if _, again := f.position[w]; again || int(w) < c.nin {
			f.copies = append(f.copies, k)
		} else {
			f.position[w] = k
		}
	}
	constants := false
	for i := range c.NumGates() {
		constants = constants || c.Gate(i).Op >= Zero
	}
	f.gates = c.NumGates() + len(f.copies)
	if constants || len(f.copies) > 0 {
		f.zero = c.nin
		f.gates++
	}
	f.outputs = c.nin + f.gates - len(c.outputs)
	return f
}

// body writes the gates.
func (f *bristolWriter) body() {
	next := f.c.nin
	if f.zero >= 0 {
		next++
		if f.c.nin > 0 {
			fmt.Fprintf(f.buf, "2 1 0 0 %d XOR\n", f.zero)
		} else {
			fmt.Fprintf(f.buf, "1 1 0 %d EQ\n", f.zero)
		}
	}
	number := make([]int, f.c.NumGates())
	of := func(w Wire) int {
		if int(w) < f.c.nin {
			return int(w)
		}
		return number[int(w)-f.c.nin]
	}
	for i := range number {
		if k, ok := f.position[Wire(f.c.nin+i)]; ok {
			number[i] = f.outputs + k
		} else {
			number[i] = next
			next++
		}
		switch g := f.c.Gate(i); g.Op {
		case Xor, And:
			name := [...]string{Xor: "XOR", And: "AND"}[g.Op]
			fmt.Fprintf(f.buf, "2 1 %d %d %d %s\n", of(g.A), of(g.B), number[i], name)
		case Not:
			fmt.Fprintf(f.buf, "1 1 %d %d INV\n", of(g.A), number[i])
		case Zero:
			fmt.Fprintf(f.buf, "2 1 %d %d %d XOR\n", f.zero, f.zero, number[i])
		case One:
			fmt.Fprintf(f.buf, "1 1 %d %d INV\n", f.zero, number[i])
		}
	}
	for _, k := range f.copies {
		fmt.Fprintf(f.buf, "2 1 %d %d %d XOR\n", of(f.c.outputs[k]), f.zero, f.outputs+k)
	}
}
