package app

import (
	"errors"
	"io"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble"
)

// BitOrder says which bit of a value stands first in a Bristol file, which the formats leave open.
type BitOrder string

// The bit orders.
const (
	LSBFirst BitOrder = "lsb" // usual in Bristol Fashion, and how such a file is read as a program
	MSBFirst BitOrder = "msb" // usual in the old format, and how such a file is read as a program
)

// ExportConfig is how a program becomes a Bristol circuit.
type ExportConfig struct {
	Source Source
	Consts []Const // of all parties
	Old    bool    // the old format, for two parties at most, instead of Bristol Fashion
	Order  BitOrder
}

// An Export is a Garble program as a Bristol circuit. It has the result alone: a panic cannot be told from a result.
type Export struct {
	*Report
	Panics  bool // whether the program can panic
	bristol *circuit.Bristol
	old     bool
}

// Compile makes a Bristol circuit of a Garble program.
func Compile(cfg ExportConfig) (*Export, error) {
	s := cfg.Source
	if s.bristol() {
		return nil, usage("name a Garble program", "%s is a circuit already", s.Name)
	}
	p, err := compile(s, cfg.Consts)
	if err != nil {
		return nil, err
	}
	if cfg.Old && p.parties() > 2 {
		return nil, usage("leave --format old out", "the old format is for two parties at most, and %s has %d", s.Name, p.parties())
	}
	b, err := p.garble.Bristol(garble.BristolOptions{LSBFirst: cfg.Order == LSBFirst, CopyInputs: true})
	if err != nil {
		return nil, badGarble(s, err)
	}
	return &Export{Report: report(p), Panics: canPanic(p.circuit), bristol: b, old: cfg.Old}, nil
}

// canPanic says whether the first bit of the panic record is anything but constant.
func canPanic(c *circuit.Circuit) bool {
	gate := int(c.Outputs()[0]) - c.NumInputs()
	return gate < 0 || c.Gate(gate).Op != circuit.Zero
}

// Write writes the file.
func (e *Export) Write(w io.Writer) error {
	write := e.bristol.Write
	if e.old {
		write = e.bristol.WriteOld
	}
	if err := write(w); err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // circuit says "write circuit" too
		}
		return &Error{Reason: BadFile, Op: "writing the circuit", Err: err, Hint: "name a file that can be written: --output FILE"}
	}
	return nil
}
