package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble"
)

// maxProgram is the largest program text that is read.
const maxProgram = 256 << 20

// A Source is the text of a program, and how to read it and its values.
type Source struct {
	Name     string // of the file; .txt and .bristol are Bristol circuits, everything else is Garble
	Text     []byte
	Function string // entry point; empty means main
	MaxGates int    // bounds the circuit; 0 means DefaultMaxGates
	Values   Values
}

// MostGates is the largest MaxGates.
const MostGates = 1 << 30

// DefaultMaxGates is how many XOR and AND gates a Garble program may compile to: about 700 MB of memory. It keeps a hostile
// program from keeping its reader busy for more than seconds.
const DefaultMaxGates = 1 << 26

// ReadSource reads a program file. name "-" stands for nothing special here: standard input is for private input.
func ReadSource(name, function string) (Source, error) {
	unreadable := func(err error) error {
		return &Error{Reason: NoProgram, Op: "reading the program", Err: err, Hint: "name a file that can be read: --program FILE"}
	}
	if name == "" {
		return Source{}, unreadable(errors.New("no program given"))
	}
	f, err := os.Open(name)
	if err != nil {
		return Source{}, unreadable(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return Source{}, unreadable(err)
	} else if info.IsDir() {
		return Source{}, unreadable(fmt.Errorf("%s is a directory", name))
	}
	// What is no regular file has no size that could be asked for.
	text, err := io.ReadAll(io.LimitReader(f, maxProgram+1))
	if err != nil {
		return Source{}, unreadable(err)
	}
	if len(text) > maxProgram {
		return Source{}, unreadable(fmt.Errorf("%s is larger than %d MiB", name, maxProgram>>20))
	}
	return Source{Name: name, Text: text, Function: function}, nil
}

// Hash is the SHA-256 of the text, in hex: what people compare, and what the parties must agree on.
func (s Source) Hash() string {
	sum := sha256.Sum256(s.Text)
	return hex.EncodeToString(sum[:])
}

func (s Source) bristol() bool {
	switch strings.ToLower(filepath.Ext(s.Name)) {
	case ".txt", ".bristol":
		return true
	}
	return false
}

// program is a compiled program: a circuit with types at its ends.
type program struct {
	source  Source
	circuit *circuit.Circuit
	inputs  []string        // the type of each party's input
	result  string          // the type of the result
	garble  *garble.Program // nil for a Bristol circuit

	// parse reads a party's input. Its errors do not quote it.
	parse func(party int, literal string) ([]bool, error)
	// format writes the result. Its error is an *Error with reason Panicked if the program panicked.
	format func(out []bool) (string, error)
	// value is the part of the output that is the result, without the panic record.
	value func(out []bool) []bool
}

func (p *program) parties() int { return len(p.inputs) }

// wants says whether a party has an input at all.
func (p *program) wants(party int) bool { return p.circuit.Inputs()[party] > 0 }

// checkParties says whether the program is one for n parties.
func (p *program) checkParties(n int) error {
	if p.parties() == n {
		return nil
	}
	return &Error{Reason: BadProgram, Op: "checking " + p.source.Name,
		Err:  fmt.Errorf("it is a program for %s, and there are %d", plural(p.parties(), "party", "parties"), n),
		Hint: "see what it takes: party check " + p.source.Name}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
