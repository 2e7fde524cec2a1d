package garble

import (
	"errors"
	"fmt"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/joins"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A Program is a function compiled to a circuit. The inputs of the circuit are those of the parties in order; its outputs are
// PanicBits bits of panic record and then the bits of the result.
type Program struct {
	*Signature
	Circuit *circuit.Circuit
}

// A Signature is what goes in and out of a compiled function. Its methods may be called concurrently.
type Signature struct {
	Function string
	Params   []Param // by party
	Result   Type
	file     string
	in       *check.Instance
	joined   []joins.Table
}

// A Param is the input of one party. A program whose only parameter is an array gives one element to each party; these share
// the parameter's name with their index.
type Param struct {
	Name string
	Type Type
}

// A Type is the type of an input or of the result.
type Type struct {
	t  check.Type
	in *check.Instance
}

// String is the type as it is written in a program, with the lengths of arrays as numbers.
func (t Type) String() string { return t.in.Spell(t.t) }

// Bits is the width of a value.
func (t Type) Bits() int { return t.in.Bits(t.t) }

func signature(file string, in *check.Instance) *Signature {
	s := &Signature{file: file, Function: in.Entry.Name, Result: Type{in.Entry.Result, in}, in: in, joined: joins.Find(in)}
	for i, t := range in.Parties() {
		name := in.Entry.Params[0].Name
		if in.Entry.EachElement {
			name = fmt.Sprintf("%s[%d]", name, i)
		} else {
			name = in.Entry.Params[i].Name
		}
		s.Params = append(s.Params, Param{name, Type{t, in}})
	}
	return s
}

// ParseInput reads the input of a party, a literal of spec section 16.1, against the type of that party. Its errors are
// *Error of PhaseLiteral and do not quote the text.
func (s *Signature) ParseInput(party int, text string) ([]bool, error) {
	l, err := ParseLiteral(text)
	if err != nil {
		return nil, err
	}
	return s.Encode(party, l)
}

// Encode gives the bits of a party's input.
func (s *Signature) Encode(party int, l Literal) ([]bool, error) {
	if party < 0 || party >= len(s.Params) {
		return nil, literalError("InvalidArgIndex", syntax.Span{}, "", "the program has %d parties, there is no party %d", len(s.Params), party)
	}
	t := s.Params[party].Type
	e := encoder{in: s.in, bits: make([]bool, 0, t.Bits())}
	if err := e.value(l, t.t); err != nil {
		return nil, err
	}
	return e.bits, nil
}

// PanicBits is the length of the panic record before the result.
const PanicBits = 161

// A Reason says why a program panicked.
type Reason string

// The reasons.
const (
	Overflow    Reason = "Overflow"
	DivByZero   Reason = "DivByZero"
	OutOfBounds Reason = "OutOfBounds"
)

// A PanicError is the outcome of a program that panicked. Pos and End are the place in the source, counted from 0.
type PanicError struct {
	File     string // the name given to Check
	Reason   Reason
	Pos, End Pos
}

func (e *PanicError) Error() string { return fmt.Sprintf("%s at %s:%v", e.text(), e.File, e.Pos) }

func (e *PanicError) text() string {
	switch e.Reason {
	case Overflow:
		return "the program panicked: overflow"
	case DivByZero:
		return "the program panicked: division by zero"
	}
	return "the program panicked: array access out of bounds"
}

// FormatOutput prints the result from the output bits of the circuit, panic record included. If the program panicked the
// error is a *PanicError.
func (s *Signature) FormatOutput(bits []bool) (string, error) {
	l, err := s.Decode(bits)
	if err != nil {
		return "", err
	}
	return l.String(), nil
}

// Decode gives the result from the output bits of the circuit, like FormatOutput.
func (s *Signature) Decode(bits []bool) (Literal, error) {
	if want := PanicBits + s.Result.Bits(); len(bits) != want {
		return Literal{}, fmt.Errorf("decode the output: found %d bits, want %d", len(bits), want)
	}
	if bits[0] {
		return Literal{}, s.panicOf(bits[1:PanicBits])
	}
	d := decoder{in: s.in, bits: bits[PanicBits:]}
	return d.value(s.Result.t)
}

// panicOf reads the panic record (spec section 9) behind its first bit.
func (s *Signature) panicOf(bits []bool) error {
	d := decoder{bits: bits}
	reason := d.number(32)
	var n [4]int
	for i := range n {
		n[i] = int(d.number(32))
	}
	reasons := map[uint64]Reason{1: Overflow, 2: DivByZero, 3: OutOfBounds}
	if reasons[reason] == "" {
		return errors.New("decode the output: unknown reason of a panic")
	}
	return &PanicError{s.file, reasons[reason], Pos{Line: n[0], Col: n[1]}, Pos{Line: n[2], Col: n[3]}}
}

// ParseInputJSON is ParseInput for the JSON form of spec section 16.2.
func (s *Signature) ParseInputJSON(party int, data []byte) ([]bool, error) {
	var l Literal
	if err := l.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return s.Encode(party, l)
}

// FormatOutputJSON is FormatOutput in the JSON form.
func (s *Signature) FormatOutputJSON(bits []bool) ([]byte, error) {
	l, err := s.Decode(bits)
	if err != nil {
		return nil, err
	}
	return l.MarshalJSON()
}
