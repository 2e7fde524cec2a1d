package app

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tacit-mpc/tacit/garble"
)

// A Const is a constant that a party supplies before the program can be compiled.
type Const struct {
	Party   string // as the program names it: "PARTY_0"
	Name    string
	Literal string
}

// partyName is how programs name the party in a seat.
func partyName(seat int) string { return fmt.Sprintf("PARTY_%d", seat) }

func isPartyName(name string) bool {
	seat, err := strconv.Atoi(strings.TrimPrefix(name, "PARTY_"))
	return err == nil && name == partyName(seat)
}

// garbleConsts is the compiler's form of constants.
func garbleConsts(list []Const) garble.Consts {
	all := garble.Consts{}
	for _, c := range list {
		if all[c.Party] == nil {
			all[c.Party] = map[string]string{}
		}
		all[c.Party][c.Name] = c.Literal
	}
	return all
}

// checkGarble checks a program without its constants.
func checkGarble(s Source) (*draft, error) {
	checked, err := garble.Check(s.Name, string(s.Text))
	if err != nil {
		return nil, badGarble(s, err)
	}
	d := &draft{source: s, needs: checked.Consts()}
	d.instance = func(consts []Const) (*garble.Signature, error) {
		return checked.Instantiate(s.Function, garbleConsts(consts))
	}
	d.finish = func(consts []Const) (*program, error) {
		compiled, err := checked.CompileWithin(s.Function, garbleConsts(consts), s.limits())
		if err != nil {
			return nil, badGarble(s, err)
		}
		return garbleProgram(s, compiled), nil
	}
	return d, nil
}

// limits bound the compilation. Who allows more gates allows as much more work.
func (s Source) limits() garble.Limits {
	gates := cmp.Or(s.MaxGates, DefaultMaxGates)
	return garble.Limits{Gates: gates, Steps: 2 * max(gates, DefaultMaxGates), Live: max(gates, DefaultMaxGates)}
}

func garbleProgram(s Source, g *garble.Program) *program {
	p := &program{source: s, circuit: g.Circuit, result: g.Result.String(), garble: g, parse: garbleInput(g.Signature, s.Values)}
	for _, param := range g.Params {
		p.inputs = append(p.inputs, param.Type.String())
	}
	p.format = func(out []bool) (string, error) {
		text, err := g.FormatOutput(out)
		var panicked *garble.PanicError
		if errors.As(err, &panicked) {
			return "", panicError(s, panicked)
		}
		return text, err
	}
	p.value = func(out []bool) []bool { return out[garble.PanicBits:] }
	return p
}

// badGarble explains why a program does not compile.
func badGarble(s Source, err error) error {
	e := &Error{Reason: BadProgram, Op: "compiling " + s.Name, Err: err, Hint: "see examples/ for programs that compile"}
	var list garble.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return e
	}
	first := list[0]
	e.Err = errors.New(first.Msg)
	placed := first.Pos != first.End
	if placed {
		e.Err = fmt.Errorf("line %d, column %d: %w", first.Pos.Line+1, first.Pos.Col+1, e.Err)
	}
	if placed || len(list) > 1 {
		e.Excerpt = garble.Render(string(s.Text), err)
	}
	if n := len(list) - 1; n > 0 {
		e.Err = fmt.Errorf("%w (and %s)", e.Err, plural(n, "more error", "more errors"))
	}
	if first.Hint != "" {
		e.Hint = first.Hint
	}
	switch first.Kind {
	case "MaxCircuitSizeExceeded":
		e.Hint = "let it do less, or allow more: --max-gates N (it takes about 10 bytes of memory a gate)"
	case "MissingConstant":
		e.Hint = "supply it: --const NAME=LITERAL for our own seat; local, eval, check and compile take --const PARTY_0::NAME=LITERAL"
	}
	e.Position = position(first.Phase, first.Pos)
	return e
}

func position(phase garble.Phase, at garble.Pos) Position {
	return Position{Phase: string(phase), Line: at.Line + 1, Column: at.Col + 1}
}

// panicError explains that a program panicked. That is a result, which all who learn the result learn.
func panicError(s Source, p *garble.PanicError) error {
	shown := garble.Render(string(s.Text), &garble.Error{File: s.Name, Phase: "panic", Pos: p.Pos, End: p.End})
	_, excerpt, _ := strings.Cut(shown, "\n")
	return &Error{Reason: Panicked, Op: "running " + s.Name, Err: p, Position: position("", p.Pos), Panic: string(p.Reason), Excerpt: excerpt,
		Hint: "the inputs together led there; all who learn the result learn this instead"}
}

// badInput explains why an input was refused, without quoting it.
func badInput(op, asked string, err error) error {
	e := &Error{Reason: BadInput, Op: op, Err: err, Hint: inputHint(asked, err), Position: Position{Phase: string(garble.PhaseLiteral)}}
	var literal *garble.Error
	if errors.As(err, &literal) {
		e.Err = errors.New(literal.Msg)
		inside := literal.Pos != (garble.Pos{}) // not all of it
		if inside || literal.Pos != literal.End {
			e.Position = position(literal.Phase, literal.Pos)
		}
		if inside {
			e.Err = fmt.Errorf("line %d, column %d: %w", e.Position.Line, e.Position.Column, e.Err)
		}
	}
	return e
}
