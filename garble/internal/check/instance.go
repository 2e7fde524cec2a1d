package check

import (
	"fmt"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// MaxValueBits is the largest number of bits, and of parts, of one value: an argument, a variable, a part of an expression.
const MaxValueBits = 1 << 26

// An Instance is an entry function with the constants of all parties: every array has a length and every type a width, none
// above MaxValueBits. Only measuring a type that is not in the program changes it.
type Instance struct {
	Entry    *Func
	consts   map[*Const]uint64
	supplied map[[2]string]uint64
	atoms    map[*atom]uint32
	sizes    map[Type]size
}

type size struct{ bits, parts int }

// Const is the value of a constant as two's complement bits.
func (in *Instance) Const(c *Const) uint64 { return in.consts[c] }

// Len is the number of elements of an array type.
func (in *Instance) Len(a *Array) int { return int(in.sum(a.Size.sum)) }

// Spell writes a type with the lengths of its arrays as numbers.
func (in *Instance) Spell(t Type) string {
	switch t := t.(type) {
	case *Array:
		return fmt.Sprintf("[%s; %d]", in.Spell(t.Elem), in.Len(t))
	case *Tuple:
		return t.spell(in.Spell)
	}
	return t.String()
}

// Bits is the width of a value of a type.
func (in *Instance) Bits(t Type) int { return in.size(t).bits }

func (in *Instance) sum(s sum) uint32 {
	n := s.k
	for _, t := range s.terms {
		n += t.coef * in.atom(t.atom)
	}
	return n
}

func (in *Instance) atom(a *atom) uint32 {
	if a.op == "" {
		return uint32(in.supplied[[2]string{a.party, a.name}])
	}
	v, ok := in.atoms[a]
	if !ok {
		args := make([]uint32, len(a.args))
		for i, s := range a.args {
			args[i] = in.sum(s)
		}
		v = extreme(a.op, args)
		in.atoms[a] = v
	}
	return v
}

// size measures a type; more than MaxValueBits is MaxValueBits+1.
func (in *Instance) size(t Type) size {
	if b, ok := t.(Basic); ok {
		return size{b.Bits(), 1}
	}
	s, ok := in.sizes[t]
	if !ok {
		switch t := t.(type) {
		case *Array:
			elem, n := in.size(t.Elem), in.Len(t)
			s = size{elem.bits * n, elem.parts * n} // below 2^27 * 2^32
		case *Enum:
			for _, v := range t.Variants {
				f := in.add(v.Fields)
				s = size{max(s.bits, f.bits), max(s.parts, f.parts)}
			}
			s.bits += t.TagBits()
		default:
			s = in.add(Components(t))
		}
		s = size{min(s.bits, MaxValueBits+1), min(s.parts+1, MaxValueBits+1)}
		in.sizes[t] = s
	}
	return s
}

func (in *Instance) add(types []Type) size {
	var s size
	for _, t := range types {
		u := in.size(t)
		s = size{min(s.bits+u.bits, MaxValueBits+1), min(s.parts+u.parts, MaxValueBits+1)}
	}
	return s
}

// Parties gives the type of each party's input, in seat order: one parameter each, or, for EachElement, one element each.
func (in *Instance) Parties() []Type {
	if in.Entry.EachElement {
		a := in.Entry.Params[0].Type.(*Array)
		types := make([]Type, in.Len(a))
		for i := range types {
			types[i] = a.Elem
		}
		return types
	}
	types := make([]Type, len(in.Entry.Params))
	for i, p := range in.Entry.Params {
		types[i] = p.Type
	}
	return types
}

// Instantiate picks the entry function by name, main if that is empty, and gives the constants by party and name. Constants
// that the program does not use are ignored.
func (p *Program) Instantiate(name string, supplied map[string]map[string]Value) (*Instance, syntax.ErrorList) {
	if name == "" {
		name = "main"
	}
	in := &Instance{consts: map[*Const]uint64{}, supplied: map[[2]string]uint64{}, atoms: map[*atom]uint32{}, sizes: map[Type]size{}}
	var names []string
	private := false
	for _, f := range p.Funcs {
		if f.Name == name && f.Pub {
			in.Entry = f
		}
		private = private || f.Name == name
		if f.Pub {
			names = append(names, f.Name)
		}
	}
	i := &instantiation{Instance: in, done: map[*Func]bool{}}
	if in.Entry == nil {
		hint := nearestName(name, names)
		switch {
		case private:
			hint = "declare it with `pub`"
		case hint != "":
		case len(names) == 0:
			hint = "write `pub fn " + name + "(...)`: each parameter is the input of a party"
		default:
			hint = "the pub functions are " + strings.Join(names, ", ")
		}
		i.fail("FnNotFound", syntax.Span{}, hint, "there is no pub fn `%s`", name)
		return nil, i.errs
	}
	for _, s := range p.Supplies {
		v, ok := supplied[s.Party][s.Name]
		switch {
		case !ok:
			i.fail("MissingConstant", s.Span, nearestName(s.Name, keys(supplied[s.Party])), "the constant %s::%s, a %v, has to be supplied", s.Party, s.Name, s.Type)
		case v.Type != s.Type:
			i.fail("InvalidLiteralType", s.Span, "", "the constant %s::%s is a %v, the supplied value is a %v", s.Party, s.Name, s.Type, v.Type)
		}
		in.supplied[[2]string{s.Party, s.Name}] = v.Bits
	}
	if len(i.errs) > 0 {
		return nil, i.errs
	}
	for _, c := range p.Consts {
		in.consts[c] = in.constant(c.expr, c.Type)
	}
	i.function(in.Entry)
	if len(i.errs) == 0 {
		i.inputs()
	}
	if len(i.errs) > 0 {
		i.errs.Sort()
		return nil, i.errs
	}
	return in, nil
}
