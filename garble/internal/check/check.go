package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// Source checks a parsed program. All independent errors are found; with any, there is no Program.
func Source(f *syntax.File) (*Program, syntax.ErrorList) {
	c := &checker{
		prog: &Program{}, structs: map[string]*Struct{}, enums: map[string]*Enum{}, consts: map[string]*Const{},
		fns: map[string]*fn{}, atoms: atoms{}, supplies: map[[2]string]*Supply{}, members: map[Type]map[string]int{},
	}
	c.declareConsts(f)
	c.declareTypes(f)
	c.declareFns(f)
	c.checkFns()
	if len(c.errs) > 0 {
		c.errs.Sort()
		return nil, c.errs
	}
	for _, s := range c.supplies {
		c.prog.Supplies = append(c.prog.Supplies, *s)
	}
	slices.SortFunc(c.prog.Supplies, bySupply)
	return c.prog, nil
}

// A checker holds what is known about the whole program.
type checker struct {
	prog     *Program
	errs     syntax.ErrorList
	structs  map[string]*Struct
	enums    map[string]*Enum
	consts   map[string]*Const
	later    map[string]bool // constants that are defined further down
	fns      map[string]*fn
	atoms    atoms
	supplies map[[2]string]*Supply
	members  map[Type]map[string]int // of structs and enums, by name
}

// full reports that no further error will be shown.
func (c *checker) full() bool { return len(c.errs) >= syntax.MaxErrors }

func (c *checker) fail(kind string, at syntax.Span, hint, format string, args ...any) {
	if !c.full() {
		c.errs = append(c.errs, &syntax.Error{Phase: syntax.PhaseType, Kind: kind, Pos: at.Start, End: at.End,
			Msg: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// hint names the known name most like a misspelled one, if there is one and the error will be shown.
func (c *checker) hint(name string, known ...[]string) string {
	if c.full() {
		return ""
	}
	return nearestName(name, slices.Concat(known...))
}

func nearestName(name string, known []string) string {
	if s := nearest(name, known); s != "" {
		return "did you mean `" + s + "`?"
	}
	return ""
}

func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func bySupply(a, b Supply) int {
	return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Name, b.Name))
}
