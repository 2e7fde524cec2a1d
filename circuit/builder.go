package circuit

import (
	"errors"
	"fmt"
)

// A Builder makes a circuit gate by gate. It applies the rewrites of the Garble specification, section 14.1: constants are
// folded, equal gates are shared, and an AND whose result follows from an AND at hand by XORs becomes those XORs.
//
// The wires that its methods take and return belong to this Builder, not to the finished circuit. They can be compared: a
// value known to be constant is Zero() or One(), and values known to be equal or complementary are w and w, or w and Not(w).
//
// The same calls always build the same circuit. A Builder must not be used concurrently, and builds once.
type Builder struct {
	inputs []int
	first  []int // number of input bits before each party
	nin    int
	gates  gateList // of node, in order of creation
	used   bitset   // by node: is an operand of another
	anded  bitset   // by node: is an operand of an AND
	share  shareTable
	max    int // gates
	fuel   int // rewrites that the current call may still try
	err    error
}

// A node is a value without regard to negation: 0 is the constant, 1 to nin are the inputs, then come the gates. The
// Builder's wires are node<<1, or node<<1|1 for the complement, so that NOT is no gate while building.
type node uint32

const negated Wire = 1

func (w Wire) node() node { return node(w >> 1) }

var errBuilt = errors.New("circuit already built")

// NewBuilder starts a circuit in which party p has inputs[p] input bits. An impossible width is an error of Build.
func NewBuilder(inputs []int) *Builder {
	b := &Builder{inputs: append([]int(nil), inputs...), max: MaxWires, share: shareTable{limit: defaultSharing}}
	b.nin, b.err = countInputs(inputs)
	n := 0
	for _, k := range inputs {
		b.first = append(b.first, n)
		n += k
	}
	return b
}

// SetMaxGates makes Build fail, with an error that says so, once there are more than n gates that are no NOT. Gates added
// beyond are not stored, and Err tells at once.
func (b *Builder) SetMaxGates(n int) { b.max = n }

// SetSharing bounds the number of gates that the Builder remembers in order to share them, at 5 bytes each; the default is
// 2^20. Beyond it the oldest gates are forgotten, and may be built again. Zero switches sharing off. Call it before any
// gate.
func (b *Builder) SetSharing(n int) { b.share = shareTable{limit: n} }

// Err returns the error that Build would return at this moment because of earlier calls.
func (b *Builder) Err() error { return b.err }

// NumGates is the number of XOR and AND gates so far, dead ones included.
func (b *Builder) NumGates() int { return b.gates.n }

// Input returns an input bit of a party. Both must be in the range given to NewBuilder.
func (b *Builder) Input(party, bit int) Wire {
	if bit < 0 || bit >= b.inputs[party] {
		panic(fmt.Sprintf("circuit: party %d has no input bit %d", party, bit))
	}
	return Wire(1+b.first[party]+bit) << 1
}

// Zero returns the constant 0.
func (b *Builder) Zero() Wire { return 0 }

// One returns the constant 1.
func (b *Builder) One() Wire { return 1 }

// Not returns !x.
func (b *Builder) Not(x Wire) Wire { return x ^ negated }

// Or returns x | y, with one AND.
func (b *Builder) Or(x, y Wire) Wire { return b.Not(b.And(b.Not(x), b.Not(y))) }

// Mux returns t if s is 1 and f otherwise, with one AND.
func (b *Builder) Mux(s, t, f Wire) Wire { return b.Xor(f, b.And(s, b.Xor(t, f))) }

// gate returns the operands of the gate at node n and whether it is an AND. Both operands of an XOR are positive.
func (b *Builder) gate(n node) (x, y Wire, and bool) {
	w := b.gates.at(int(n) - 1 - b.nin)
	x, y = Wire(w>>32), Wire(w)
	return x, y, x > y
}

func (b *Builder) isGate(n node) bool { return int(n) > b.nin }

func (b *Builder) isXor(n node) (x, y Wire, ok bool) {
	if !b.isGate(n) {
		return 0, 0, false
	}
	x, y, and := b.gate(n)
	return x, y, !and
}

func (b *Builder) isAnd(n node) (x, y Wire, ok bool) {
	if !b.isGate(n) {
		return 0, 0, false
	}
	return b.gate(n)
}

// newGate stores a gate whose operands stand in the order that tells its kind: ascending for XOR, descending for AND. They
// are never equal.
func (b *Builder) newGate(x, y Wire, key uint64) Wire {
	n := b.gates.n
	if n >= b.max || 1+b.nin+n >= MaxWires {
		b.err = fmt.Errorf("circuit exceeds %d gates", n)
		return 0
	}
	b.gates.push(word(x)<<32 | word(y))
	b.used.set(int(x.node()))
	b.used.set(int(y.node()))
	if x > y {
		b.anded.set(int(x.node()))
		b.anded.set(int(y.node()))
	}
	id := node(1 + b.nin + n)
	b.insert(key, id)
	return Wire(id) << 1
}
