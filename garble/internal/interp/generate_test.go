package interp

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator writes random well-typed programs. Types are written as in the program: structs and enums by their fixed names.
type generator struct {
	rng    *rand.Rand
	out    strings.Builder
	indent int
	scope  []local
	funcs  []function
	names  int
	head   int // > 0 inside the head of an if, match or for, where struct literals are not allowed
	fuel   int
}

type local struct {
	name, typ string
	mut       bool
}

type function struct {
	name   string
	params []string
	result string
}

const prelude = `const N: usize = 3usize;
const K: u16 = 700u16;
const NEG: i8 = -3i8;
struct P { y: u8, x: i16 }
struct Q { p: P, flag: bool }
enum E { A, B(u8, bool), C(i32), D(P) }
enum F { Only(u8) }
pub fn p0(a: u8) -> P { P { x: 5i16, y: a } }
pub fn q0(a: u8) -> Q { Q { p: p0(a), flag: true } }

`

var (
	ints    = []string{"u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64"}
	structs = map[string][][2]string{"P": {{"x", "i16"}, {"y", "u8"}}, "Q": {{"flag", "bool"}, {"p", "P"}}}
	enums   = map[string][][]string{"E": {{"A"}, {"B", "u8", "bool"}, {"C", "i32"}, {"D", "P"}}, "F": {{"Only", "u8"}}}
	width   = map[string]int{"bool": 1, "u8": 8, "u16": 16, "u32": 32, "u64": 64, "usize": 32, "i8": 8, "i16": 16, "i32": 32, "i64": 64}
)

func isInt(t string) bool { return width[t] > 1 }

// tuple returns the components of a tuple type.
func tuple(t string) ([]string, bool) {
	if !strings.HasPrefix(t, "(") {
		return nil, false
	}
	var parts []string
	depth, start := 0, 1
	for i, c := range t {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		if c == ',' && depth == 1 || c == ')' && depth == 0 {
			parts = append(parts, strings.TrimSpace(t[start:i]))
			start = i + 1
		}
	}
	return parts, true
}

// array returns the element type and the length of an array type.
func array(t string) (elem string, n int, ok bool) {
	if !strings.HasPrefix(t, "[") {
		return "", 0, false
	}
	i := strings.LastIndex(t, ";")
	size := strings.TrimSpace(t[i+1 : len(t)-1])
	if size == "N" {
		return t[1:i], 3, true
	}
	fmt.Sscan(size, &n)
	return t[1:i], n, true
}

func program(seed uint64) string {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 7))}
	g.out.WriteString(prelude)
	for i := range g.rng.IntN(3) {
		g.function(fmt.Sprintf("f%d", i), 1+g.rng.IntN(3), 12)
	}
	g.function("main", 1+g.rng.IntN(3), 30)
	return g.out.String()
}

func (g *generator) pick(options ...string) string { return options[g.rng.IntN(len(options))] }

func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

func (g *generator) fresh() string {
	if g.chance(10) && len(g.scope) > 0 { // shadow
		return g.scope[g.rng.IntN(len(g.scope))].name
	}
	g.names++
	return fmt.Sprintf("v%d", g.names)
}

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.out, "%s%s\n", strings.Repeat("    ", g.indent), fmt.Sprintf(format, args...))
}

func (g *generator) scalar() string {
	if g.chance(25) {
		return "bool"
	}
	return g.pick(ints...)
}

func (g *generator) typ(depth int) string {
	if depth == 0 || g.chance(60) {
		return g.scalar()
	}
	switch g.rng.IntN(5) {
	case 0:
		n := 1 + g.rng.IntN(3)
		parts := make([]string, n)
		for i := range parts {
			parts[i] = g.typ(depth - 1)
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case 1, 2:
		return fmt.Sprintf("[%s; %s]", g.typ(depth-1), g.pick("1", "2", "3", "4", "5", "N"))
	case 3:
		return g.pick("P", "Q")
	default:
		return g.pick("E", "F")
	}
}

func (g *generator) function(name string, params, fuel int) {
	g.scope, g.fuel = nil, fuel
	f := function{name: name, result: g.typ(2)}
	var list []string
	for i := range params {
		l := local{fmt.Sprintf("a%d", i), g.typ(2), g.chance(30)}
		f.params = append(f.params, l.typ)
		g.scope = append(g.scope, l)
		mut := ""
		if l.mut {
			mut = "mut "
		}
		list = append(list, mut+l.name+": "+l.typ)
	}
	g.line("pub fn %s(%s) -> %s {", name, strings.Join(list, ", "), f.result)
	g.indent++
	for range 1 + g.rng.IntN(6) {
		g.stmt(3)
	}
	g.line("(%s)", g.expr(f.result, 3))
	g.indent--
	g.line("}\n")
	g.funcs = append(g.funcs, f)
}

// body writes statements in a scope of their own.
func (g *generator) body(depth int) {
	scope := g.scope
	g.scope = scope[:len(scope):len(scope)]
	g.indent++
	for range 1 + g.rng.IntN(3) {
		g.stmt(depth)
	}
	g.indent--
	g.scope = scope
}

// headed writes a head expression.
func (g *generator) headed(t string, depth int) string {
	g.head++
	defer func() { g.head-- }()
	return g.expr(t, depth)
}

func (g *generator) stmt(depth int) {
	g.fuel--
	if g.fuel < 0 || depth == 0 {
		g.assignOr(depth)
		return
	}
	switch g.rng.IntN(12) {
	case 0, 1:
		t := g.typ(2)
		e := g.expr(t, depth)
		l := local{g.fresh(), t, g.chance(60)}
		switch {
		case l.mut:
			g.line("let mut %s: %s = %s;", l.name, t, e)
		case isInt(t) && g.chance(20):
			g.line("let %s = %d;", l.name, g.rng.IntN(100)) // polymorphic
			l.typ = "int"
		default:
			g.line("let %s = %s;", l.name, e)
		}
		g.scope = append(g.scope, l)
	case 2:
		t := "(" + g.typ(1) + ", " + g.typ(1) + ")"
		e := g.expr(t, depth)
		parts, _ := tuple(t)
		a, b := g.fresh(), g.fresh()
		if a == b {
			b += "x"
		}
		g.line("let (%s, %s) = %s;", a, b, e)
		g.scope = append(g.scope, local{a, parts[0], false}, local{b, parts[1], false})
	case 3, 4:
		g.line("if %s {", g.headed("bool", depth))
		g.body(depth - 1)
		if g.chance(50) {
			g.line("} else {")
			g.body(depth - 1)
		}
		g.line("}")
	case 5, 6:
		g.loop(depth)
	case 7:
		g.join()
	default:
		g.assignOr(depth)
	}
}

func (g *generator) loop(depth int) {
	scope := g.scope
	switch {
	case g.chance(40):
		v := g.fresh()
		from := g.rng.IntN(3)
		t := g.pick("u8", "usize", "u16", "")
		g.line("for %s in %d%s..%d%s {", v, from, t, from+1+g.rng.IntN(4), t)
		if t == "" {
			t = "int"
		}
		g.scope = append(scope[:len(scope):len(scope)], local{v, t, false})
	case g.chance(30):
		key := g.pick("u8", "bool", "i8", "(u8, i8)")
		ta, tb := g.typ(1), g.scalar()
		a, b := "("+key+", "+ta+")", "("+key+", "+tb+")"
		g.head++
		x, _ := g.table(key, ta)
		y, _ := g.table(key, tb)
		g.head--
		v := g.fresh()
		g.line("for %s in join_iter(%s, %s) {", v, x, y)
		g.scope = append(scope[:len(scope):len(scope)], local{v, "(" + a + ", " + b + ")", false})
	default:
		t := g.typ(1)
		e := g.headed(fmt.Sprintf("[%s; %s]", t, g.pick("1", "2", "3", "N")), depth)
		v := g.fresh()
		g.line("for %s in %s {", v, e)
		g.scope = append(scope[:len(scope):len(scope)], local{v, t, false})
	}
	g.body(depth - 1)
	g.scope = scope
	g.line("}")
}

// join binds one row of a join expression.
func (g *generator) join() {
	key, ta, tb := g.pick("u8", "i8", "bool"), "", ""
	row := "(bool, " + key + ")"
	if g.chance(50) {
		ta, tb = g.typ(1), g.scalar()
		row = fmt.Sprintf("(bool, (%s, %s), (%s, %s))", key, ta, key, tb)
	}
	x, m := g.table(key, ta)
	y, n := g.table(key, tb)
	if m+n < 2 {
		return
	}
	v := g.fresh()
	g.line("let %s = join(%s, %s)[%d];", v, x, y, g.rng.IntN(m+n-1))
	g.scope = append(g.scope, local{v, row, false})
}

// table writes an array of keys, or of tuples of a key and another component, whose keys mostly ascend, and gives its length.
func (g *generator) table(key, rest string) (string, int) {
	n := 1 + g.rng.IntN(3)
	if key == "bool" {
		n = min(n, 2)
	}
	low := g.rng.IntN(4)
	rows := make([]string, n)
	for i := range rows {
		k := fmt.Sprintf("%d%s", low, key)
		switch key {
		case "bool":
			k = []string{"false", "true"}[i]
		case "i8":
			k = fmt.Sprintf("%di8", low-3)
		case "(u8, i8)":
			k = fmt.Sprintf("(%du8, %di8)", low/2, low%2-1)
		}
		low += 1 + g.rng.IntN(2)
		if g.chance(2) {
			k = g.expr(key, 1)
		}
		rows[i] = k
		if rest != "" {
			rows[i] = "(" + k + ", " + g.expr(rest, 1) + ")"
		}
	}
	if g.chance(5) {
		return "[" + rows[0] + "; 0]", 0
	}
	return "[" + strings.Join(rows, ", ") + "]", n
}

// assignOr writes an assignment if there is a mutable variable.
func (g *generator) assignOr(depth int) {
	if text := g.assignment(depth); text != "" {
		g.line("%s;", text)
	} else {
		g.line("let %s = %s;", "_w", g.expr(g.scalar(), min(depth, 1)))
	}
}

func (g *generator) assignment(depth int) string {
	var muts []local
	for i, l := range g.scope {
		if l.mut && !g.shadowed(i) {
			muts = append(muts, l)
		}
	}
	if len(muts) == 0 {
		return ""
	}
	l := muts[g.rng.IntN(len(muts))]
	path, t := g.path(l.name, l.typ, depth)
	switch {
	case isInt(t) && g.chance(50):
		op := g.pick("+", "-", "*", "/", "%", "^", "&", "|", "<<", ">>", "^", "&", "|")
		if op == "<<" || op == ">>" {
			return fmt.Sprintf("%s %s= %s", path, op, g.expr("u8", depth-1))
		}
		if g.chance(40) {
			return fmt.Sprintf("%s += %s", path, g.pick("1"+t, fmt.Sprintf("((%s) as %s)", g.expr("bool", depth-1), t)))
		}
		return fmt.Sprintf("%s %s= %s", path, op, g.open(t, depth-1))
	default:
		return fmt.Sprintf("%s = %s", path, g.open(t, depth-1))
	}
}

func (g *generator) shadowed(i int) bool {
	for _, l := range g.scope[i+1:] {
		if l.name == g.scope[i].name {
			return true
		}
	}
	return false
}

// path goes from a variable to a part of it.
func (g *generator) path(text, t string, depth int) (string, string) {
	for g.chance(75) {
		if elem, n, ok := array(t); ok {
			index := fmt.Sprint(g.rng.IntN(n))
			if g.chance(50) && depth > 0 {
				index = "(" + g.expr("usize", depth-1) + ")"
				if g.chance(60) {
					index = fmt.Sprintf("(%s %% %dusize)", index, n)
				}
			}
			text, t = fmt.Sprintf("%s[%s]", text, index), elem
		} else if parts, ok := tuple(t); ok {
			i := g.rng.IntN(len(parts))
			text, t = fmt.Sprintf("%s.%d", text, i), parts[i]
		} else if fields := structs[t]; fields != nil {
			f := fields[g.rng.IntN(len(fields))]
			text, t = text+"."+f[0], f[1]
		} else {
			break
		}
	}
	return text, t
}
