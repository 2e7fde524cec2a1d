package joins

import "github.com/tacit-mpc/tacit/garble/internal/check"

func (w *walker) block(x *check.Block) value {
	for _, s := range x.Stmts {
		w.stmt(s)
	}
	if x.Result == nil {
		return value{}
	}
	return w.eval(x.Result)
}

func (w *walker) stmt(s check.Stmt) {
	switch s := s.(type) {
	case *check.Let:
		w.bind(s.Pattern, s.Value.Type(), w.eval(s.Value))
	case *check.ExprStmt:
		w.eval(s.X)
	case *check.Assign:
		w.assign(s)
	case *check.For:
		w.loop(s)
	case *check.JoinLoop:
		w.table(s.A, true)
		w.table(s.B, true)
		w.repeated(func() {
			w.bind(s.Pattern, s.Pair, value{})
			w.eval(s.Body)
		})
	}
}

// bind gives the variables of a pattern their parts of a value.
func (w *walker) bind(p check.Pattern, t check.Type, v value) {
	switch p := p.(type) {
	case *check.Bind:
		w.vars[p.Var] = v
	case *check.ProductPattern:
		for i, e := range p.Elems {
			w.bind(e, partType(t, i), w.part(v, t, i))
		}
	case *check.VariantPattern:
		for i, e := range p.Elems {
			w.bind(e, p.Enum.Variants[p.Variant].Fields[i], value{})
		}
	}
}

func (w *walker) assign(s *check.Assign) {
	path := make([]int, len(s.Path))
	known := len(path) // steps before the first unknown index
	for i, st := range s.Path {
		path[i] = st.N
		if st.Index == nil {
			continue
		}
		at := w.eval(st.Index)
		path[i] = int(at.n)
		if at.kind != number || at.n >= uint64(w.in.Len(st.From.(*check.Array))) {
			known = min(known, i)
		}
	}
	old, t := w.vars[s.Var], s.Var.Type
	for i, st := range s.Path[:known] {
		old, t = w.part(old, st.From, path[i]), partType(st.From, path[i])
	}
	v := w.eval(s.Value)
	switch {
	case known < len(path):
		v = value{}
	case s.Compound:
		v = binary(s.Op, t, old, v)
	}
	w.vars[s.Var] = w.store(w.vars[s.Var], s.Path[:known], path, v)
}

// store replaces the part of a value at a path.
func (w *walker) store(v value, steps []check.Step, path []int, part value) value {
	if len(steps) == 0 {
		return part
	}
	from := steps[0].From
	inner := w.store(w.part(v, from, path[0]), steps[1:], path[1:], part)
	return w.with(v, from, path[0], inner)
}

// loop walks the turns of a loop one by one.
func (w *walker) loop(s *check.For) {
	v := w.eval(s.Array)
	a := s.Array.Type().(*check.Array)
	for i := range w.in.Len(a) {
		if !w.spend(0) {
			return
		}
		w.bind(s.Pattern, a.Elem, w.part(v, a, i))
		w.eval(s.Body)
	}
}

// repeated walks a body that runs any number of times: what it changes is unknown, before it as well as after.
func (w *walker) repeated(body func()) {
	for range 2 {
		w.fork(func() value { return value{} }, func() value {
			body()
			return value{}
		})
	}
}
