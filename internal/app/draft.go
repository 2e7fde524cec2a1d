package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/garble"
)

// draft is a program that was checked, but may still wait for constants of the parties.
type draft struct {
	source Source
	needs  []garble.Const
	// instance picks the entry point and takes constants, without making the circuit; nil for a Bristol circuit.
	instance func([]Const) (*garble.Signature, error)
	finish   func([]Const) (*program, error)
}

// check reads a source. Its errors are *Errors with reason BadProgram.
func check(s Source) (*draft, error) {
	if len(strings.TrimSpace(string(s.Text))) == 0 {
		return nil, &Error{Reason: BadProgram, Op: "compiling " + s.Name, Err: errors.New("the file is empty"), Hint: "see examples/ for programs",
			Position: Position{Phase: string(garble.PhaseParse), Line: 1, Column: 1}}
	}
	if !s.bristol() {
		return checkGarble(s)
	}
	p, err := compileBristol(s)
	if err != nil {
		return nil, err
	}
	return &draft{source: s, finish: func([]Const) (*program, error) { return p, nil }}, nil
}

// compile finishes a draft with the constants of all parties.
func (d *draft) compile(consts []Const) (*program, error) {
	for _, c := range consts {
		if !d.wants(c) {
			return nil, d.noSuchConst(c)
		}
	}
	return d.finish(consts)
}

// compile is check and compile at once, for those who know all constants.
func compile(s Source, consts []Const) (*program, error) {
	d, err := check(s)
	if err != nil {
		return nil, err
	}
	return d.compile(consts)
}

// supplies checks the constants of one seat: all that the program wants of it, and no others.
func (d *draft) supplies(seat int, consts []Const) error {
	for _, c := range consts {
		i := slices.IndexFunc(d.needs, c.fills)
		if i < 0 {
			return d.noSuchConst(c)
		}
		if _, err := garble.ParseLiteral(c.Literal); err != nil {
			e := badInput(fmt.Sprintf("reading the constant %s::%s", c.Party, c.Name), giveType(d.needs[i].Type), err).(*Error)
			e.Reason = BadProgram
			return e
		}
	}
	for _, need := range d.needs {
		if !isPartyName(need.Party) {
			return &Error{Reason: BadProgram, Op: "compiling " + d.source.Name, Position: Position{Phase: string(garble.PhaseCompile)},
				Err:  fmt.Errorf("no seat can supply the constant %s::%s: in a session the parties are PARTY_0, PARTY_1 and so on", need.Party, need.Name),
				Hint: "name the party of a seat in the program, as in PARTY_0::" + need.Name}
		}
		given := slices.ContainsFunc(consts, func(c Const) bool { return c.Name == need.Name })
		if need.Party == partyName(seat) && !given {
			return &Error{Reason: BadProgram, Op: "compiling " + d.source.Name, Position: Position{Phase: string(garble.PhaseCompile)},
				Err:  fmt.Errorf("the constant %s::%s (%s) is missing", need.Party, need.Name, need.Type),
				Hint: fmt.Sprintf("supply it: --const %s=LITERAL", need.Name)}
		}
	}
	return d.fits(consts)
}

// fits says whether constants have their types, and the entry point exists, as far as that is known without the constants of others.
func (d *draft) fits(consts []Const) error {
	if d.instance == nil {
		return nil
	}
	_, err := d.instance(consts)
	var list garble.ErrorList
	if !errors.As(err, &list) || len(list) == 0 || list[0].Kind != "InvalidLiteralType" && list[0].Kind != "FnNotFound" {
		return nil
	}
	return badGarble(d.source, err)
}

func (d *draft) wants(c Const) bool { return slices.ContainsFunc(d.needs, c.fills) }

// fills says whether it is the constant that a program needs.
func (c Const) fills(need garble.Const) bool { return need.Party == c.Party && need.Name == c.Name }

func (d *draft) noSuchConst(c Const) error {
	return &Error{Reason: BadProgram, Op: "compiling " + d.source.Name, Position: Position{Phase: string(garble.PhaseCompile)},
		Err: fmt.Errorf("the program has no constant %s::%s", c.Party, c.Name), Hint: "leave it out, or check its name"}
}

// checkParties says whether the program is one for n parties, as far as that is known without constants and entry point.
func (d *draft) checkParties(n int) error {
	if len(d.needs) > 0 {
		return nil
	}
	p, err := d.finish(nil)
	if err != nil {
		return nil // its users choose another entry point, or will be told
	}
	return p.checkParties(n)
}
