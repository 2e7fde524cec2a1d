package interp

import (
	"fmt"
	"strings"
)

func (g *generator) expr(t string, depth int) string {
	if depth <= 0 || g.chance(15) {
		return g.leaf(t, depth)
	}
	depth--
	switch g.rng.IntN(14) {
	case 0:
		return fmt.Sprintf("(if %s { %s } else { %s })", g.headed("bool", depth), g.free(t, depth), g.free(t, depth))
	case 1:
		return g.match(t, depth)
	case 2:
		if a := g.assignment(depth); a != "" {
			return fmt.Sprintf("({ %s; %s })", a, g.free(t, depth))
		}
	case 3:
		for _, f := range g.funcs {
			if f.result == t {
				args := make([]string, len(f.params))
				for i, p := range f.params {
					args[i] = g.open(p, depth)
				}
				return fmt.Sprintf("%s(%s)", f.name, strings.Join(args, ", "))
			}
		}
	case 4:
		n := 1 + g.rng.IntN(4)
		index := g.open("usize", depth)
		if g.chance(70) {
			index = fmt.Sprintf("(%s) %% %dusize", g.typed("usize", depth), n)
		}
		return fmt.Sprintf("(%s)[(%s)]", g.expr(fmt.Sprintf("[%s; %d]", t, n), depth), index)
	case 5:
		return fmt.Sprintf("(%s, %s).0", g.expr(t, depth), g.expr(g.scalar(), depth))
	}
	switch {
	case t == "bool":
		return g.boolean(depth)
	case isInt(t):
		return g.integer(t, depth)
	}
	return g.build(t, depth)
}

// free is expr where struct literals are allowed again: inside the braces of a nested block.
func (g *generator) free(t string, depth int) string { return g.expr(t, depth) }

func (g *generator) boolean(depth int) string {
	switch g.rng.IntN(6) {
	case 0:
		return fmt.Sprintf("!(%s)", g.expr("bool", depth))
	case 1:
		return fmt.Sprintf("((%s) %s (%s))", g.expr("bool", depth), g.pick("&&", "||", "&", "|", "^"), g.expr("bool", depth))
	case 2:
		t := g.typ(1)
		return fmt.Sprintf("((%s) %s (%s))", g.expr(t, depth), g.pick("==", "!="), g.expr(t, depth))
	case 3:
		return fmt.Sprintf("((%s) as bool)", g.expr(g.pick(ints...), depth))
	}
	t := g.pick(ints...)
	return fmt.Sprintf("((%s) %s (%s))", g.expr(t, depth), g.pick("<", ">", "<=", ">=", "==", "!="), g.expr(t, depth))
}

func (g *generator) integer(t string, depth int) string {
	switch g.rng.IntN(11) {
	case 0:
		return fmt.Sprintf("!(%s)", g.expr(t, depth))
	case 5: // a small number
		return fmt.Sprintf("((%s) %% %d%s)", g.typed(t, depth), 1+g.rng.IntN(20), t)
	case 6: // sums that cannot overflow
		small := func() string { return fmt.Sprintf("((%s) as %s)", g.expr("bool", depth-1), t) }
		return fmt.Sprintf("(%s + %s + %s)", small(), small(), small())
	case 7:
		return g.distance(t, depth)
	case 1:
		if t[0] == 'i' {
			return fmt.Sprintf("-(%s)", g.typed(t, depth))
		}
	case 2:
		return fmt.Sprintf("((%s) as %s)", g.typed(g.scalar(), depth), t)
	case 3:
		by := g.open("u8", depth)
		if g.chance(70) {
			by = "(" + g.typed("u8", depth) + ") % 8u8"
		}
		return fmt.Sprintf("((%s) %s (%s))", g.expr(t, depth), g.pick("<<", ">>"), by)
	case 4: // a constant operand
		op := g.pick("*", "/", "%", "+", "-", "&")
		return fmt.Sprintf("((%s) %s (%s))", g.expr(t, depth), op, g.literal(t, true))
	}
	return fmt.Sprintf("((%s) %s (%s))", g.typed(t, depth), g.pick("+", "-", "*", "/", "%", "&", "|", "^", "&", "|", "^"), g.open(t, depth))
}

// distance is the difference of two numbers by a comparison, right or wrong way round.
func (g *generator) distance(t string, depth int) string {
	x, y := g.typed(t, min(depth, 1)), g.typed(t, min(depth, 1))
	a, b := x, y
	if g.chance(20) {
		a, b = b, a
	}
	return fmt.Sprintf("(if (%s) %s (%s) { (%s) - (%s) } else { (%s) - (%s) })", x, g.pick("<", ">", "<=", ">="), y, b, a, a, b)
}

// open is an expression whose type may come from its context, which must be t.
func (g *generator) open(t string, depth int) string {
	if !isInt(t) || g.chance(65) {
		return g.expr(t, depth)
	}
	fits := []string{g.literal(t, false)}
	for i, l := range g.scope {
		if l.typ == "int" && !g.shadowed(i) {
			fits = append(fits, l.name, "("+l.name+" + "+l.name+")")
		}
	}
	return g.pick(fits...)
}

// typed is an expression that has its type on its own.
func (g *generator) typed(t string, depth int) string {
	if depth <= 0 {
		return g.literal(t, true)
	}
	return fmt.Sprintf("((%s) as %s)", g.expr(t, depth-1), t)
}

// leaf is a variable, a part of one, a constant or a literal.
func (g *generator) leaf(t string, depth int) string {
	if g.chance(75) {
		var fits []string
		for i, l := range g.scope {
			if g.shadowed(i) {
				continue
			}
			if l.typ == t {
				fits = append(fits, l.name)
			}
			if p, pt := g.path(l.name, l.typ, min(depth, 1)); pt == t {
				fits = append(fits, p)
			}
		}
		if len(fits) > 0 {
			return g.pick(fits...)
		}
	}
	switch {
	case t == "usize" && g.chance(20):
		return "N"
	case t == "u16" && g.chance(20):
		return "K"
	case t == "i8" && g.chance(20):
		return "NEG"
	}
	return g.build(t, depth)
}

func (g *generator) literal(t string, suffix bool) string {
	if t == "bool" {
		return g.pick("true", "false")
	}
	bits := width[t]
	if t[0] == 'i' {
		bits--
	}
	v := g.rng.Uint64() >> (64 - bits) >> g.rng.IntN(bits)
	if g.chance(50) {
		v = uint64(g.rng.IntN(6))
	}
	s := fmt.Sprint(v)
	if t[0] == 'i' && g.chance(40) && v > 0 {
		s = "-" + s
	}
	if suffix {
		s += t
	}
	return s
}

// build makes a value of t from values of its parts.
func (g *generator) build(t string, depth int) string {
	parts := func(types []string) string {
		s := make([]string, len(types))
		for i, p := range types {
			s[i] = g.expr(p, depth-1)
		}
		return strings.Join(s, ", ")
	}
	if width[t] > 0 {
		return g.literal(t, true)
	}
	if elem, n, ok := array(t); ok {
		if n > 1 && g.chance(20) || strings.HasSuffix(t, "N]") {
			size := t[strings.LastIndex(t, ";")+1 : len(t)-1]
			return fmt.Sprintf("[%s;%s]", g.expr(elem, depth-1), size)
		}
		types := make([]string, n)
		for i := range types {
			types[i] = elem
		}
		return "[" + parts(types) + "]"
	}
	if types, ok := tuple(t); ok {
		if len(types) == 1 {
			return "(" + g.expr(types[0], depth-1) + ",)"
		}
		return "(" + parts(types) + ")"
	}
	if fields := structs[t]; fields != nil {
		if g.head > 0 {
			return g.helper(t)
		}
		s := make([]string, len(fields))
		for i, f := range fields {
			s[i] = f[0] + ": " + g.open(f[1], depth-1)
		}
		g.rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		return t + " { " + strings.Join(s, ", ") + " }"
	}
	variants := enums[t]
	v := variants[g.rng.IntN(len(variants))]
	if len(v) == 1 {
		return t + "::" + v[0]
	}
	return fmt.Sprintf("%s::%s(%s)", t, v[0], parts(v[1:]))
}

// helper is a struct value without a struct literal, by a function of the prelude.
func (g *generator) helper(t string) string { return strings.ToLower(t) + "0(0u8)" }

// match writes an exhaustive match.
func (g *generator) match(t string, depth int) string {
	subject := g.scalar()
	if g.chance(50) {
		subject = g.pick("E", "F", "P", "(bool, u8)", "(E, bool)")
	}
	head := g.headed(subject, depth)
	var arms []string
	scope := g.scope
	arm := func(p string, binds ...local) {
		g.scope = append(scope[:len(scope):len(scope)], binds...)
		body := g.expr(t, depth)
		if g.chance(20) {
			if a := g.assignment(depth); a != "" {
				body = fmt.Sprintf("({ %s; %s })", a, body)
			}
		}
		arms = append(arms, p+" => "+body)
		g.scope = scope
	}
	v, w := "m"+g.fresh(), "n"+g.fresh()
	for range g.rng.IntN(3) {
		p, binds := g.pattern(subject, v, w)
		arm(p, binds...)
	}
	if subject == "E" && g.chance(70) {
		arm("E::A")
		arm("E::B("+v+", "+w+")", local{v, "u8", false}, local{w, "bool", false})
		arm("E::C("+v+")", local{v, "i32", false})
		arm("E::D("+v+")", local{v, "P", false})
	} else {
		arm(v, local{v, subject, false})
	}
	return fmt.Sprintf("(match %s { %s })", head, strings.Join(arms, ", "))
}

// pattern writes a pattern that may be refutable; v and w are names for its variables.
func (g *generator) pattern(t, v, w string) (string, []local) {
	switch t {
	case "bool":
		return g.pick("true", "false"), nil
	case "E":
		switch g.rng.IntN(3) {
		case 0:
			return "E::A", nil
		case 1:
			p, binds := g.pattern("u8", v, w)
			return "E::B(" + p + ", " + g.pick("true", "_") + ")", binds
		default:
			return "E::D(P { y: " + v + ", .. })", []local{{v, "u8", false}}
		}
	case "F":
		p, binds := g.pattern("u8", v, w)
		return "F::Only(" + p + ")", binds
	case "P":
		p, binds := g.pattern("u8", v, w)
		return "P { x: " + w + ", y: " + p + " }", append(binds, local{w, "i16", false})
	}
	if parts, ok := tuple(t); ok {
		a, binds := g.pattern(parts[0], v, v+"a")
		b, more := g.pattern(parts[1], w, w+"a")
		return "(" + a + ", " + b + ")", append(binds, more...)
	}
	if g.chance(20) {
		return v, []local{{v, t, false}}
	}
	if g.chance(50) {
		return g.literal(t, true), nil
	}
	lo := g.rng.IntN(60)
	s := fmt.Sprintf("%d%s..=%d%s", lo, t, lo+g.rng.IntN(60), t)
	if t[0] == 'i' {
		s = fmt.Sprintf("-%d%s..=%d%s", lo+1, t, g.rng.IntN(60), t)
	}
	return s, nil
}
