package app

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/tacit-mpc/tacit/circuit"
)

// compileBristol reads a Bristol circuit: each input value of its header is the input of one party, the result is its output
// values. Wire 0 of a value is its least significant bit in Bristol Fashion, its most significant one in the old format.
func compileBristol(s Source) (*program, error) {
	b, err := circuit.ParseBristol(bytes.NewReader(s.Text))
	if err != nil {
		return nil, &Error{Reason: BadProgram, Op: "reading the circuit " + s.Name, Err: err, Hint: "files named .txt and .bristol are circuits; Garble programs have any other name",
			Position: Position{Phase: "parse"}}
	}
	if s.Function != "" && s.Function != "main" {
		return nil, usage("leave --function out", "a Bristol circuit has no functions")
	}
	if err := s.Values.refuseForBristol(); err != nil {
		return nil, err
	}
	p := &program{source: s, circuit: b.Circuit, result: "bits"}
	for _, width := range b.Circuit.Inputs() {
		p.inputs = append(p.inputs, plural(width, "bit", "bits"))
	}
	p.parse = func(party int, literal string) ([]bool, error) {
		return parseBits(strings.TrimSpace(literal), b.Circuit.Inputs()[party], b.Old)
	}
	p.format = func(out []bool) (string, error) {
		var values []string
		for _, width := range b.Outputs {
			values = append(values, formatBits(out[:width], b.Old))
			out = out[width:]
		}
		return strings.Join(values, " "), nil
	}
	p.value = func(out []bool) []bool { return out }
	return p, nil
}

var errDigits = errors.New("it does not begin with 0x or 0b, or has other digits")

// parseBits reads 0x or 0b digits of at most width bits. Its errors do not quote them.
func parseBits(literal string, width int, msbFirst bool) ([]bool, error) {
	if len(literal) < 2 {
		return nil, errDigits
	}
	base, perDigit, valid := 0, 0, ""
	switch literal[:2] {
	case "0x", "0X":
		base, perDigit, valid = 16, 4, "0123456789abcdefABCDEF"
	case "0b", "0B":
		base, perDigit, valid = 2, 1, "01"
	default:
		return nil, errDigits
	}
	digits := strings.TrimLeft(literal[2:], "0")
	switch {
	case literal[2:] == "" || strings.Trim(digits, valid) != "":
		return nil, errDigits
	case len(digits) > (width+perDigit-1)/perDigit:
		return nil, fmt.Errorf("more than %d bits", width)
	}
	n, ok := new(big.Int).SetString("0"+digits, base)
	if !ok {
		return nil, errDigits
	}
	if n.BitLen() > width {
		return nil, fmt.Errorf("more than %d bits", width)
	}
	bits := make([]bool, width)
	for i := range bits {
		bits[place(i, width, msbFirst)] = n.Bit(i) == 1
	}
	return bits, nil
}

// formatBits writes a value as 0x and as many digits as its width takes.
func formatBits(bits []bool, msbFirst bool) string {
	n := new(big.Int)
	for i := range bits {
		if bits[place(i, len(bits), msbFirst)] {
			n.SetBit(n, i, 1)
		}
	}
	return fmt.Sprintf("0x%0*x", (len(bits)+3)/4, n)
}

// place is the wire of bit i, counted from the least significant.
func place(i, width int, msbFirst bool) int {
	if msbFirst {
		return width - 1 - i
	}
	return i
}
