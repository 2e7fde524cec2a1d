package circuit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A Bristol is a circuit with the values that the header of a Bristol file declares. Input value p is the input of party p.
// The formats do not say in which order the bits of a number stand; most Bristol Fashion files have the least significant
// bit first, most old Bristol files, and Garble programs, the most significant.
type Bristol struct {
	Circuit *Circuit
	Outputs []int // bits of each output value
	Old     bool  // ParseBristol found the old format
}

// Limits of what ParseBristol accepts, so that a short file cannot demand much memory.
const (
	maxBristolLine   = 1 << 20 // bytes
	maxBristolInputs = 1 << 24 // bits
)

// ParseBristol reads a circuit in Bristol Fashion (a header of gates and wires, input values and output values) or in the old
// Bristol format (the second line holds the bits of two inputs and of the output). It knows the gates XOR, AND, INV, NOT, EQ,
// EQW and MAND; EQW becomes an alias and MAND several gates. Lines may end in CRLF or blanks, and blank lines are ignored.
// All else is an error that names the line: wrong counts, a wire read before or written after it has a value, a missing
// or superfluous gate, anything behind the last gate. Memory is proportional to the size of the file.
func ParseBristol(r io.Reader) (*Bristol, error) {
	p := &bristolParser{lines: bufio.NewScanner(r)}
	p.lines.Buffer(nil, maxBristolLine)
	b, err := p.parse()
	if err == nil {
		return b, nil
	}
	if readErr := p.lines.Err(); errors.Is(readErr, bufio.ErrTooLong) {
		err = fmt.Errorf("longer than %d bytes", maxBristolLine)
		p.line++
	} else if readErr != nil {
		return nil, fmt.Errorf("read Bristol circuit: %w", readErr)
	}
	return nil, fmt.Errorf("Bristol circuit, line %d: %w", p.line, err)
}

type bristolParser struct {
	lines *bufio.Scanner
	line  int      // number of the current line, from 1
	field [][]byte // of the current line; valid until the next

	numGates, numWires int
	inputs, outputs    []int
	numInputs          int
	old                bool
	gates              []bristolGate
}

// A bristolGate is a gate with the file's wire numbers.
type bristolGate struct {
	op        bristolOp
	line      int32
	a, b, out uint32
}

type bristolOp uint8

const (
	opXor bristolOp = iota
	opAnd
	opInv
	opEq  // constant a
	opEqw // copy of a
)

func (p *bristolParser) parse() (*Bristol, error) {
	more, err := p.header()
	if err != nil {
		return nil, err
	}
	n := 0
	for ; more; n++ {
		if n == p.numGates {
			return nil, fmt.Errorf("more than the %d gates of the header", n)
		}
		if err := p.gate(); err != nil {
			return nil, err
		}
		more = p.next()
	}
	if n < p.numGates {
		return nil, fmt.Errorf("the file ends after %d of %d gates", n, p.numGates)
	}
	if err := p.lines.Err(); err != nil {
		return nil, err
	}
	if n := p.numInputs + len(p.gates); n != p.numWires {
		return nil, fmt.Errorf("inputs and gates give %d wires, the header says %d", n, p.numWires)
	}
	return p.resolve()
}

// next reads the next line that is not blank.
func (p *bristolParser) next() bool {
	for p.lines.Scan() {
		p.line++
		p.field = p.field[:0]
		for f := range bytes.FieldsSeq(p.lines.Bytes()) {
			p.field = append(p.field, f)
		}
		if len(p.field) > 0 {
			return true
		}
	}
	return false
}

var errHeader = errors.New("the header is incomplete")

// header reads two or three lines and tells whether a gate line follows, which is then the current one.
func (p *bristolParser) header() (more bool, err error) {
	if !p.next() {
		return false, errHeader
	}
	first, err := p.numbers()
	if err != nil || len(first) != 2 {
		return false, errors.Join(err, errors.New("want the numbers of gates and of wires"))
	}
	p.numGates, p.numWires = first[0], first[1]
	if !p.next() {
		return false, errHeader
	}
	second, err := p.numbers()
	if err != nil {
		return false, err
	}
	secondLine := p.line
	more = p.next()
	if p.old = !more || !isNumber(p.field[len(p.field)-1]); p.old {
		if len(second) != 3 {
			return false, fmt.Errorf("line %d: want the bits of two inputs and of the output", secondLine)
		}
		p.inputs, p.outputs = second[:2], second[2:]
		return more, p.checkHeader()
	}
	third, err := p.numbers()
	if err != nil {
		return false, err
	}
	if second[0] != len(second)-1 {
		return false, fmt.Errorf("line %d: want a number of inputs, then the bits of each", secondLine)
	}
	if third[0] != len(third)-1 {
		return false, errors.New("want a number of outputs, then the bits of each")
	}
	p.inputs, p.outputs = second[1:], third[1:]
	return p.next(), p.checkHeader()
}

func (p *bristolParser) checkHeader() error {
	outputs := 0
	for _, n := range p.inputs {
		p.numInputs = min(p.numInputs+n, MaxWires)
	}
	for _, n := range p.outputs {
		outputs = min(outputs+n, MaxWires)
	}
	switch {
	case p.numInputs > maxBristolInputs:
		return fmt.Errorf("more than %d input bits", maxBristolInputs)
	case p.numInputs > p.numWires:
		return fmt.Errorf("more input bits than the %d wires", p.numWires)
	case outputs > p.numWires:
		return fmt.Errorf("more output bits than the %d wires", p.numWires)
	}
	return nil
}

// numbers parses all fields of the line.
func (p *bristolParser) numbers() ([]int, error) {
	var list []int
	for _, f := range p.field {
		n, err := number(f)
		if err != nil {
			return nil, err
		}
		list = append(list, int(n))
	}
	return list, nil
}

func isNumber(f []byte) bool { return f[0] >= '0' && f[0] <= '9' }

func number(f []byte) (uint32, error) {
	n, err := strconv.ParseUint(string(f), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%.20q is no number up to %d", f, MaxWires)
	}
	return uint32(n), nil
}
