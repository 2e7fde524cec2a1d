package garble

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/circuit"
)

func serde(r row) error {
	var l Literal
	if err := json.Unmarshal([]byte(r.LiteralJSON), &l); err != nil {
		return err
	}
	if l.String() != r.Display {
		return fmt.Errorf("%s prints as %s, want %s", r.LiteralJSON, l, r.Display)
	}
	back, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if !equalJSON(back, []byte(r.LiteralJSON)) {
		return fmt.Errorf("%s comes back as %s", r.LiteralJSON, back)
	}
	return nil
}

// bristol reads bad files, and writes programs and reads them back.
func (s *suite) bristol(r row) error {
	if r.Kind == "bristol_import" {
		if _, err := circuit.ParseBristol(strings.NewReader(r.Bristol)); err == nil {
			return fmt.Errorf("accepted, want %s", r.Error)
		}
		return nil
	}
	p, err := s.compile(r, r.Source)
	if err != nil {
		return err
	}
	_, err = p.Bristol(BristolOptions{})
	var e *Error
	if r.Error != "" {
		if !errors.As(err, &e) || e.Kind != r.Error {
			return fmt.Errorf("error %v, want %s", err, r.Error)
		}
		return nil
	}
	for _, o := range []BristolOptions{{}, {LSBFirst: true}, {CopyInputs: true}} {
		if err := bristolRun(p, r, o); err != nil {
			return fmt.Errorf("%+v: %w", o, err)
		}
	}
	return nil
}

func bristolRun(p *Program, r row, o BristolOptions) error {
	b, err := p.Bristol(o)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := b.Write(&file); err != nil {
		return err
	}
	back, err := circuit.ParseBristol(&file)
	if err != nil {
		return err
	}
	var in [][]bool
	for i, text := range r.Inputs {
		bits, err := p.ParseInput(i, text)
		if err != nil {
			return err
		}
		if o.LSBFirst {
			slices.Reverse(bits)
		}
		in = append(in, bits)
	}
	outBits, err := back.Circuit.Eval(in)
	if err != nil {
		return err
	}
	if o.LSBFirst {
		slices.Reverse(outBits)
	}
	got, err := p.FormatOutput(append(make([]bool, PanicBits), outBits...))
	if err != nil || got != r.Output {
		return fmt.Errorf("output %s %v, want %s", got, err, r.Output)
	}
	return nil
}
