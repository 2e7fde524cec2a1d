package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

var basics = map[string]Basic{"bool": Bool, "u8": U8, "u16": U16, "u32": U32, "u64": U64, "usize": Usize,
	"i8": I8, "i16": I16, "i32": I32, "i64": I64}

// fresh reports whether a name can be defined (B23, D30).
func (c *checker) fresh(n syntax.Name, taken bool, what string) bool {
	if _, builtin := basics[n.Text]; builtin && (what == "struct" || what == "enum") {
		c.fail("DuplicateDef", n.Span, "", "`%s` is a built-in type", n.Text)
		return false
	}
	if taken {
		c.fail("DuplicateDef", n.Span, "", "`%s` is defined twice", n.Text)
	}
	return !taken
}

// declareTypes defines structs and enums; they may mention one another in any order, but not contain themselves.
func (c *checker) declareTypes(f *syntax.File) {
	structDefs, enumDefs := map[*Struct]*syntax.StructDef{}, map[*Enum]*syntax.EnumDef{}
	for _, d := range f.Structs {
		if c.fresh(d.Name, c.structs[d.Name.Text] != nil, "struct") {
			s := &Struct{Name: d.Name.Text}
			c.structs[s.Name], structDefs[s] = s, d
			c.prog.Structs = append(c.prog.Structs, s)
		}
	}
	for _, d := range f.Enums {
		if c.fresh(d.Name, c.structs[d.Name.Text] != nil || c.enums[d.Name.Text] != nil, "enum") {
			e := &Enum{Name: d.Name.Text}
			c.enums[e.Name], enumDefs[e] = e, d
			c.prog.Enums = append(c.prog.Enums, e)
		}
	}
	for _, s := range c.prog.Structs {
		c.fields(s, structDefs[s])
	}
	for _, e := range c.prog.Enums {
		c.variants(e, enumDefs[e])
	}
	c.refuseCycles(structDefs, enumDefs)
}

func (c *checker) fields(s *Struct, d *syntax.StructDef) {
	seen := map[string]bool{}
	for _, f := range d.Fields {
		if c.fresh(f.Name, seen[f.Name.Text], "field") {
			seen[f.Name.Text] = true
			s.Fields = append(s.Fields, Field{f.Name.Text, c.typ(f.Type)})
		}
	}
	slices.SortFunc(s.Fields, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
}

func (c *checker) variants(e *Enum, d *syntax.EnumDef) {
	seen := map[string]bool{}
	for _, v := range d.Variants {
		if !c.fresh(v.Name, seen[v.Name.Text], "variant") {
			continue
		}
		seen[v.Name.Text] = true
		variant := Variant{Name: v.Name.Text, Tuple: v.Tuple}
		for _, t := range v.Fields {
			variant.Fields = append(variant.Fields, c.typ(t))
		}
		e.Variants = append(e.Variants, variant)
	}
}

// A nesting searches types that contain themselves, or others in too many levels.
type nesting struct {
	*checker
	names  map[Type]syntax.Name
	levels map[Type]int // -1 while the type is being visited
}

func (c *checker) refuseCycles(structs map[*Struct]*syntax.StructDef, enums map[*Enum]*syntax.EnumDef) {
	n := nesting{c, map[Type]syntax.Name{}, map[Type]int{}}
	for s, d := range structs {
		n.names[s] = d.Name
	}
	for e, d := range enums {
		n.names[e] = d.Name
	}
	for _, s := range c.prog.Structs {
		n.visit(s)
	}
	for _, e := range c.prog.Enums {
		n.visit(e)
	}
}

// visit gives the levels of a type, or -1 if it is being visited.
func (n nesting) visit(t Type) int {
	var parts []Type
	switch t := t.(type) {
	case *Array:
		parts = []Type{t.Elem}
	case *Tuple, *Struct:
		parts = Components(t)
	case *Enum:
		for _, v := range t.Variants {
			parts = append(parts, v.Fields...)
		}
	}
	name, nominal := n.names[t]
	if nominal && n.levels[t] != 0 {
		return n.levels[t]
	}
	if nominal {
		n.levels[t] = -1
	}
	levels, cycle := 1, false
	for _, p := range parts {
		l := n.visit(p)
		levels = max(levels, l+1)
		cycle = cycle || l < 0
	}
	switch {
	case cycle && !nominal:
		return -1
	case cycle:
		n.fail("RecursiveType", name.Span, "values have a fixed size", "the type `%s` contains itself", name.Text)
	case levels > syntax.MaxDepth && nominal:
		n.fail("TooDeep", name.Span, "", "the type `%s` is nested deeper than %d levels", name.Text, syntax.MaxDepth)
		levels = 1
	}
	if nominal {
		n.levels[t] = levels
	}
	return levels
}

// typ resolves a type; an unknown one is invalid.
func (c *checker) typ(t syntax.Type) Type {
	switch t := t.(type) {
	case *syntax.NamedType:
		if b, ok := basics[t.Name]; ok {
			return b
		}
		if s := c.structs[t.Name]; s != nil {
			return s
		}
		if e := c.enums[t.Name]; e != nil {
			return e
		}
		c.fail("UnknownStructOrEnum", t.Span(), c.hint(t.Name, keys(basics), keys(c.structs), keys(c.enums)), "there is no type `%s`", t.Name)
	case *syntax.TupleType:
		tuple := &Tuple{}
		for _, e := range t.Elems {
			tuple.Elems = append(tuple.Elems, c.typ(e))
		}
		return tuple
	case *syntax.ArrayType:
		elem := c.typ(t.Elem)
		if size, ok := c.size(t.Size, t.Const); ok {
			return &Array{elem, size}
		}
	}
	return invalid
}

// size resolves the length of an array.
func (c *checker) size(e syntax.Expr, expression bool) (Size, bool) {
	switch n := e.(type) {
	case *syntax.Num:
		if !expression {
			if n.Value >= 1<<32 {
				c.fail("UnexpectedType", n.Span(), "", "the array size %d does not fit usize, which has 32 bits", n.Value)
				return Size{}, false
			}
			return number(uint32(n.Value)), true
		}
	case *syntax.Ident:
		if !expression {
			k := c.consts[n.Name]
			if k == nil {
				c.unknownConst(n)
				return Size{}, false
			}
			if k.Type != Usize {
				c.fail("UnexpectedType", n.Span(), "an array size is a usize constant", "expected usize, found %v", k.Type)
				return Size{}, false
			}
			return Size{Name, n.Name, k.sum}, true
		}
	}
	before := len(c.errs)
	expr, text := c.constExpr(e, Usize)
	if len(c.errs) > before {
		return Size{}, false
	}
	return Size{Expression, fmt.Sprintf("const { %s }", text), c.atoms.sumOf(expr)}, true
}
