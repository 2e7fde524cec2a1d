package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// A body is the checker inside one function.
type body struct {
	*checker
	fn    *fn
	vars  map[string][]*Var // innermost binding last
	names []string          // of the bindings in order, to undo them
}

// body checks the body of a function.
func (c *checker) body(g *fn) {
	b := &body{checker: c, fn: g, vars: map[string][]*Var{}}
	for _, p := range g.Params {
		b.bind(p)
	}
	block := b.block(g.def.Body)
	g.Body, _ = b.constrain(block, g.Result).(*Block)
}

func (b *body) bind(v *Var) {
	b.vars[v.Name] = append(b.vars[v.Name], v)
	b.names = append(b.names, v.Name)
}

// scoped runs f in a scope of its own.
func (b *body) scoped(f func()) {
	mark := len(b.names)
	f()
	for _, n := range b.names[mark:] {
		b.vars[n] = b.vars[n][:len(b.vars[n])-1]
	}
	b.names = b.names[:mark]
}

func (b *body) lookup(name string) *Var {
	if vs := b.vars[name]; len(vs) > 0 {
		return vs[len(vs)-1]
	}
	return nil
}

// variable is the type of a new variable whose value has type t: itself, and the open type its uses start from.
func variable(name string, t Type, at syntax.Span) *Var {
	v := &Var{Name: name, Type: settled(t), Span: at}
	if hasOpen(t) {
		v.open = t
	}
	return v
}

// visible lists the names in scope.
func (b *body) visible() []string {
	m := map[string]bool{}
	for n, vs := range b.vars {
		if len(vs) > 0 {
			m[n] = true
		}
	}
	return keys(m)
}
