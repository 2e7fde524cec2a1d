package app

import (
	"errors"
	"fmt"
	"strings"
)

// input reads the input of one party. Its errors never quote the literal.
func (p *program) input(party int, literal string) ([]bool, error) {
	op := fmt.Sprintf("reading the input of party %d", party)
	if strings.TrimSpace(literal) == "" && p.wants(party) {
		return nil, &Error{Reason: NoInput, Op: op, Err: errors.New("it is empty"), Hint: p.asked(party)}
	}
	bits, err := p.parse(party, literal)
	if err != nil {
		return nil, badInput(op, p.asked(party), err)
	}
	return bits, nil
}

// ourInput asks for the input of our seat and reads it. A seat that the program does not have is for the coordinator to
// refuse, and AnySeat is known only later: then nothing is asked yet.
func (p *program) ourInput(seat int, ask InputFunc) ([]bool, error) {
	if !p.wants(seat) {
		return []bool{}, nil
	}
	if ask == nil {
		return nil, &Error{Reason: NoInput, Op: fmt.Sprintf("reading the input of party %d", seat), Err: errors.New("there is none"), Hint: p.asked(seat)}
	}
	literal, err := ask(p.inputs[seat], func(literal string) error {
		_, err := p.input(seat, literal)
		return err
	})
	if err != nil {
		return nil, explain("reading our input", err)
	}
	return p.input(seat, literal)
}
