package garble

import (
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/lower"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// Checked is a program without errors. Its methods do not change it.
type Checked struct {
	name string
	prog *check.Program
}

// Check reads a program. The name is used in errors; src is its text, at most 1 MiB. The error is an ErrorList with all
// independent errors.
func Check(name, src string) (*Checked, error) {
	f, errs := syntax.Parse(src)
	if len(errs) > 0 {
		return nil, named(name, errs)
	}
	prog, errs := check.Source(f)
	if len(errs) > 0 {
		return nil, named(name, errs)
	}
	return &Checked{name, prog}, nil
}

// A Const is a constant PARTY::NAME that a party must supply before the program can be compiled.
type Const struct {
	Party, Name string
	Type        string // for example "usize"
}

// Consts lists the constants to supply, by party and name.
func (c *Checked) Consts() []Const {
	var list []Const
	for _, s := range c.prog.Supplies {
		list = append(list, Const{s.Party, s.Name, s.Type.String()})
	}
	return list
}

// Consts are the supplied constants by party and name, as literals: {"PARTY_0": {"ROWS": "4usize"}}. The suffix may be left
// out. All parties must supply the same to Compile, or they get different circuits.
type Consts map[string]map[string]string

// Instantiate picks a function and takes the constants, without making the circuit: enough to know the parties, and to read
// and print values. The errors are those of Compile.
func (c *Checked) Instantiate(fn string, consts Consts) (*Signature, error) {
	in, err := c.instance(fn, consts)
	if err != nil {
		return nil, err
	}
	return signature(c.name, in), nil
}

// Limits bound a compilation: Gates, the XOR and AND gates (default 2^28, about 2 GiB of memory), and Steps, the expressions
// and turns of loops, and one more for each 64 bits that they copy or 2 that they compute with (default 2^27), and Live, the bits
// of all variables (default 2^26). Zero means the default.
type Limits = lower.Limits

// Compile makes the circuit of the pub function fn; "" means main. The error is an ErrorList.
func (c *Checked) Compile(fn string, consts Consts) (*Program, error) {
	return c.CompileWithin(fn, consts, Limits{})
}

// CompileWithin is Compile with other limits than the default ones. A program beyond them is refused with the limit named.
func (c *Checked) CompileWithin(fn string, consts Consts, limits Limits) (*Program, error) {
	in, err := c.instance(fn, consts)
	if err != nil {
		return nil, err
	}
	circ, errs := lower.CompileWithin(in, limits)
	if len(errs) > 0 {
		return nil, named(c.name, errs)
	}
	return &Program{Signature: signature(c.name, in), Circuit: circ}, nil
}

func (c *Checked) instance(fn string, consts Consts) (*check.Instance, error) {
	values := map[string]map[string]check.Value{}
	for _, s := range c.prog.Supplies {
		text, ok := consts[s.Party][s.Name]
		if !ok {
			continue // reported with its place
		}
		v, ok := constant(text, s.Type)
		if !ok {
			return nil, named(c.name, ErrorList{{Phase: PhaseCompile, Kind: "InvalidLiteralType", Pos: s.Span.Start, End: s.Span.End,
				Msg: "the constant " + s.Party + "::" + s.Name + " has to be a " + s.Type.String() + ", found `" + text + "`", Hint: "give a value of type " + s.Type.String()}})
		}
		if values[s.Party] == nil {
			values[s.Party] = map[string]check.Value{}
		}
		values[s.Party][s.Name] = v
	}
	in, errs := c.prog.Instantiate(fn, values)
	if len(errs) > 0 {
		return nil, named(c.name, errs)
	}
	return in, nil
}

// constant reads a supplied constant.
func constant(text string, t check.Basic) (check.Value, bool) {
	l, err := ParseLiteral(text)
	if err != nil {
		return check.Value{}, false
	}
	e := encoder{}
	if err := e.basic(l, t); err != nil {
		return check.Value{}, false
	}
	d := decoder{bits: e.bits}
	return check.Value{Type: t, Bits: d.number(t.Bits())}, true
}
