// Package circuit holds Boolean circuits: it builds, optimises, validates, evaluates in the clear, counts, digests and
// allocates them, and reads and writes the Bristol formats.
package circuit

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

// A Gate computes the wire NumInputs()+i, where i is its position. Not uses A alone, Zero and One use neither.
type Gate struct {
	Op   Op
	A, B Wire
}

// A Circuit is immutable: operands precede their gate, outputs exist. Make one with a Builder, New or ParseBristol.
type Circuit struct {
	inputs  []int
	nin     int
	gates   []Gate
	outputs []Wire
}

// Inputs returns the number of input bits of each party, by party. The caller must not change it.
func (c *Circuit) Inputs() []int { return c.inputs }

// NumInputs is the number of input wires of all parties.
func (c *Circuit) NumInputs() int { return c.nin }

// NumGates is the number of gates of every kind.
func (c *Circuit) NumGates() int { return len(c.gates) }

// NumWires is NumInputs plus NumGates.
func (c *Circuit) NumWires() int { return c.nin + len(c.gates) }

// Gate returns gate i; its output is wire NumInputs()+i.
func (c *Circuit) Gate(i int) Gate { return c.gates[i] }

// Outputs returns the output wires in order. An output may be an input, a constant or appear twice. The caller must not
// change it.
func (c *Circuit) Outputs() []Wire { return c.outputs }
