// Package circuit holds Boolean circuits: it builds, optimises, validates, evaluates in the clear, counts, digests and
// allocates them, and reads and writes the Bristol formats.
//
// Most circuits come from a Builder, which folds constants, shares equal gates and drops dead ones. New takes a list of
// gates as it is, and ParseBristol a file. A Circuit never changes afterwards and may be used from several goroutines.
package circuit

import "fmt"

// A Wire numbers one value of a circuit: first the inputs, party by party, then one wire for each gate in order.
type Wire uint32

// An Op is the operation of a gate. The numbers are those of protocol section 6 and never change.
type Op uint8

// The operations.
const (
	Xor  Op = 0 // A ^ B
	And  Op = 1 // A & B
	Not  Op = 2 // !A
	Zero Op = 3 // constant 0
	One  Op = 4 // constant 1
)

func (o Op) String() string {
	if names := [...]string{"Xor", "And", "Not", "Zero", "One"}; int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// operands is the number of operands an operation reads.
func (o Op) operands() int {
	switch o {
	case Xor, And:
		return 2
	case Not:
		return 1
	}
	return 0
}

// A Gate computes the wire NumInputs()+i, where i is its position. Not uses A alone, Zero and One use neither; operands
// that are not used are 0.
type Gate struct {
	Op   Op
	A, B Wire
}

// MaxWires is the largest number of wires of a circuit.
const MaxWires = 1<<31 - 1

// A Circuit is immutable: operands precede their gate, outputs exist. Make one with a Builder, New or ParseBristol.
type Circuit struct {
	inputs  []int
	nin     int
	gates   gateList
	outputs []Wire
}

// New returns the circuit with the given number of input bits for each party, gates and outputs, all of which it copies.
// It refuses a negative width, more than MaxWires wires, an unknown operation, an operand that does not precede its gate
// and an output that does not exist.
func New(inputs []int, gates []Gate, outputs []Wire) (*Circuit, error) {
	nin, err := countInputs(inputs)
	if err != nil {
		return nil, err
	}
	if len(gates) > MaxWires-nin {
		return nil, fmt.Errorf("circuit of %d inputs and %d gates exceeds %d wires", nin, len(gates), MaxWires)
	}
	c := &Circuit{inputs: append([]int(nil), inputs...), nin: nin, outputs: append([]Wire(nil), outputs...)}
	for i, g := range gates {
		operands := [2]Wire{g.A, g.B}
		if g.Op > One {
			return nil, fmt.Errorf("gate %d: unknown operation %d", i, g.Op)
		}
		for k, w := range operands {
			if k >= g.Op.operands() && w != 0 {
				return nil, fmt.Errorf("gate %d: %v has an operand too many", i, g.Op)
			}
			if k < g.Op.operands() && int(w) >= nin+i {
				return nil, fmt.Errorf("gate %d: operand %d does not precede it", i, w)
			}
		}
		c.gates.push(pack(g))
	}
	if err := c.checkOutputs(); err != nil {
		return nil, err
	}
	return c, nil
}

// countInputs adds up the widths of the parties.
func countInputs(inputs []int) (int, error) {
	nin := 0
	for p, n := range inputs {
		if n < 0 || n > MaxWires-nin {
			return 0, fmt.Errorf("party %d: impossible number of input bits %d", p, n)
		}
		nin += n
	}
	return nin, nil
}

func (c *Circuit) checkOutputs() error {
	for i, w := range c.outputs {
		if int(w) >= c.NumWires() {
			return fmt.Errorf("output %d: wire %d does not exist", i, w)
		}
	}
	return nil
}

// Inputs returns the number of input bits of each party, by party. The caller must not change it.
func (c *Circuit) Inputs() []int { return c.inputs }

// NumInputs is the number of input wires of all parties.
func (c *Circuit) NumInputs() int { return c.nin }

// NumGates is the number of gates of every kind.
func (c *Circuit) NumGates() int { return c.gates.n }

// NumWires is NumInputs plus NumGates.
func (c *Circuit) NumWires() int { return c.nin + c.gates.n }

// Gate returns gate i; its output is wire NumInputs()+i.
func (c *Circuit) Gate(i int) Gate { return unpack(c.gates.at(i)) }

// Outputs returns the output wires in order. An output may be an input, a constant or appear twice. The caller must not
// change it.
func (c *Circuit) Outputs() []Wire { return c.outputs }
