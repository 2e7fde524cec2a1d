package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// A fn is a function on its way through the checker.
type fn struct {
	*Func
	def     *syntax.FnDef
	reached bool
	calls   []call
	state   int // of the search for cycles
	height  int // levels of expressions, those of callees included
}

type call struct {
	callee *fn
	at     syntax.Span
}

// MaxHeight bounds the levels of nested expressions along any chain of calls, and with it the recursion of later phases.
const MaxHeight = 10000

func (c *checker) declareFns(f *syntax.File) {
	for _, d := range f.Fns {
		g := &fn{Func: &Func{Name: d.Name.Text, Pub: d.Pub, Span: d.Span}, def: d}
		seen := map[string]bool{}
		for _, p := range d.Params {
			if seen[p.Name.Text] {
				c.fail("DuplicateFnParam", p.Name.Span, "", "the parameter `%s` is declared twice", p.Name.Text)
			}
			seen[p.Name.Text] = true
			g.Params = append(g.Params, &Var{Name: p.Name.Text, Type: c.typ(p.Type), Mut: p.Mut, Span: p.Name.Span})
		}
		g.Result = c.typ(d.Result)
		if d.Pub && len(d.Params) == 0 {
			c.fail("PubFnWithoutParams", d.Name.Span, "each parameter is the input of a party", "a pub fn needs at least one parameter")
		}
		if len(g.Params) == 1 {
			a, ok := g.Params[0].Type.(*Array)
			g.EachElement = ok && a.Size.Spelling != Expression
		}
		if c.fresh(d.Name, c.fns[g.Name] != nil, "fn") {
			c.fns[g.Name] = g
			c.prog.Funcs = append(c.prog.Funcs, g.Func)
		}
	}
}

// checkFns checks the pub functions and what they call.
func (c *checker) checkFns() {
	var work []*fn
	for _, g := range c.prog.Funcs {
		if g.Pub {
			c.fns[g.Name].reached = true
			work = append(work, c.fns[g.Name])
		}
	}
	for ; len(work) > 0; work = work[1:] {
		g := work[0]
		c.body(g)
		for _, called := range g.calls {
			if !called.callee.reached {
				called.callee.reached = true
				work = append(work, called.callee)
			}
		}
	}
	var used []*Func
	for _, g := range c.prog.Funcs {
		if c.fns[g.Name].reached {
			used = append(used, g)
			continue
		}
		hint := "remove it, call it, or make it pub"
		if g.Name == "join" {
			hint = "a call of `join` is always the built-in"
		}
		c.fail("UnusedFn", c.fns[g.Name].def.Name.Span, hint, "the function `%s` is never used", g.Name)
	}
	for _, g := range used {
		c.follow(c.fns[g.Name])
	}
	c.prog.Funcs = used
}

// follow searches the calls of g for cycles and adds up their depth.
func (c *checker) follow(g *fn) {
	const visiting, done = 1, 2
	if g.state != 0 {
		return
	}
	g.state = visiting
	deepest := 0
	for _, called := range g.calls {
		if called.callee.state == visiting {
			through := ""
			if called.callee != g {
				through = " through `" + g.Name + "`"
			}
			c.fail("RecursiveFnDef", called.at, "calls are expanded in place, so there is no recursion", "`%s` calls itself%s", called.callee.Name, through)
			continue
		}
		c.follow(called.callee)
		deepest = max(deepest, called.callee.height)
	}
	g.height = deepest + syntax.Levels(g.def.Body)
	if g.height > MaxHeight && deepest <= MaxHeight {
		c.fail("TooDeep", g.Span, "", "the calls of `%s` nest expressions deeper than %d levels", g.Name, MaxHeight)
	}
	g.state = done
}
