package app

import (
	"errors"

	"github.com/tacit-mpc/tacit/garble"
)

// Values says how the values of a Garble program are written: the zero value means literals as in a program.
type Values struct {
	JSONInput  bool // inputs are in the JSON form of literals (docs/garble.md)
	JSONResult bool // the result is wanted in the JSON form too
	SortJoins  bool // rows that the program joins are sorted for their owner; else they have to be sorted
}

// garbleInput makes the function that reads the inputs of a program. Rows that are joined must be sorted and have different
// keys, or the program computes a wrong result in silence.
func garbleInput(s *garble.Signature, v Values) func(party int, literal string) ([]bool, error) {
	return func(party int, literal string) (bits []bool, err error) {
		if v.JSONInput {
			bits, err = s.ParseInputJSON(party, []byte(literal))
		} else {
			bits, err = s.ParseInput(party, literal)
		}
		switch {
		case err != nil:
			return nil, err
		case v.SortJoins:
			return s.SortJoins(party, bits)
		}
		return bits, s.CheckJoins(party, bits)
	}
}

// show writes a result as text, and in the JSON form if that is wanted.
func (p *program) show(out []bool) (text string, literal []byte, err error) {
	text, err = p.format(out)
	if err == nil && p.source.Values.JSONResult {
		literal, err = p.garble.FormatOutputJSON(out)
	}
	return text, literal, err
}

// asked says what input a party is asked for.
func (p *program) asked(party int) string {
	if p.garble == nil {
		return "give " + p.inputs[party] + " as 0x and hexadecimal digits, or 0b and binary digits"
	}
	return giveType(p.inputs[party])
}

func giveType(typ string) string { return "give a value of type " + typ }

// inputHint says what to do about an input that was refused, where asked is what it should be.
func inputHint(asked string, err error) string {
	var literal *garble.Error
	if errors.As(err, &literal) {
		switch literal.Kind {
		case "UnsortedJoin":
			return literal.Hint + ", or let it be done: --sort-joins"
		case "DuplicateKey":
			return literal.Hint
		}
		if literal.Hint != "" {
			return asked + "; " + literal.Hint
		}
	}
	return asked
}

// refuseForBristol refuses what a Bristol circuit has no use for.
func (v Values) refuseForBristol() error {
	const plain = "inputs of a Bristol circuit are 0x or 0b numbers"
	switch {
	case v.JSONInput:
		return usage("leave --input-json out", plain)
	case v.JSONResult:
		return usage("leave --json-literals out", "the result of a Bristol circuit is 0x numbers")
	case v.SortJoins:
		return usage("leave --sort-joins out", "a Bristol circuit says nothing of joins")
	}
	return nil
}
