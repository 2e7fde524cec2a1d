package interp

import (
	"errors"
	"fmt"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A Reason is the code of a panic (spec section 9).
type Reason uint32

// The reasons.
const (
	Overflow    Reason = 1
	DivByZero   Reason = 2
	OutOfBounds Reason = 3
)

// A Panic is the first panic of a run.
type Panic struct {
	Reason Reason
	At     syntax.Span
}

// A run without a result.
var (
	ErrSteps    = errors.New("program takes too many steps")
	ErrUnsorted = errors.New("arrays of a join do not ascend by key") // with a key at most once in each
)

// Run evaluates the entry function on one argument for each parameter, in at most the given number of steps.
func Run(in *check.Instance, args []Value, steps int) (result Value, panicked *Panic, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Panic:
			panicked = r
		case error:
			if r != ErrSteps && r != ErrUnsorted {
				panic(r)
			}
			err = r
		default:
			panic(r)
		}
	}()
	m := &machine{in: in, vars: map[*check.Var]Value{}, steps: steps}
	return m.call(in.Entry, args), nil, nil
}

// A machine is the state of a run: the value of each variable, of which there is one at a time as functions do not recurse.
type machine struct {
	in    *check.Instance
	vars  map[*check.Var]Value
	steps int
}

func (m *machine) call(f *check.Func, args []Value) Value {
	for i, p := range f.Params {
		m.vars[p] = args[i]
	}
	return m.eval(f.Body)
}

func (m *machine) evalAll(exprs []check.Expr) []Value {
	vs := make([]Value, len(exprs))
	for i, e := range exprs {
		vs[i] = m.eval(e)
	}
	return vs
}

func (m *machine) eval(e check.Expr) Value {
	if m.steps--; m.steps < 0 {
		panic(ErrSteps)
	}
	switch e := e.(type) {
	case *check.Lit:
		return Value{N: e.Value}
	case *check.ConstRef:
		return Value{N: m.in.Const(e.Const)}
	case *check.VarRef:
		return m.vars[e.Var]
	case *check.Convert:
		return m.convert(m.eval(e.X), e.X.Type(), e.Type())
	case *check.Composite:
		return Value{Parts: m.evalAll(e.Elems)}
	case *check.VariantLit:
		return Value{uint64(e.Variant), m.evalAll(e.Fields)}
	case *check.Repeat:
		v := m.eval(e.Elem)
		parts := make([]Value, m.in.Len(e.Type().(*check.Array)))
		for i := range parts {
			parts[i] = v
		}
		return Value{Parts: parts}
	case *check.Range:
		parts := make([]Value, m.in.Len(e.Type().(*check.Array)))
		for i := range parts {
			parts[i].N = e.From + uint64(i)
		}
		return Value{Parts: parts}
	case *check.Select:
		return m.eval(e.X).Parts[e.N]
	case *check.Index:
		v := m.eval(e.X)
		return v.Parts[m.index(e.Index, len(v.Parts), e.Span())]
	case *check.Unary:
		return m.unary(e.Op, m.eval(e.X), e.Type().(check.Basic), e.Span())
	case *check.Binary:
		v := m.eval(e.X)
		return m.binary(e.Op, v, m.eval(e.Y), e.X.Type(), e.Span())
	case *check.If:
		if m.eval(e.Cond).N == 1 {
			return m.eval(e.Then)
		}
		return m.eval(e.Else)
	case *check.Match:
		v := m.eval(e.X)
		for _, arm := range e.Arms {
			if m.match(arm.Pattern, v) {
				return m.eval(arm.Body)
			}
		}
		panic("interp: no arm matches")
	case *check.Block:
		for _, s := range e.Stmts {
			m.exec(s)
		}
		if e.Result == nil {
			return Value{}
		}
		return m.eval(e.Result)
	case *check.Call:
		return m.call(e.Func, m.evalAll(e.Args))
	case *check.Join:
		return m.join(e)
	}
	panic(fmt.Sprintf("interp: unknown expression %T", e))
}

func (m *machine) index(e check.Expr, n int, at syntax.Span) int {
	i := m.eval(e).N
	if i >= uint64(n) {
		panic(&Panic{OutOfBounds, at})
	}
	return int(i)
}

// match reports whether v matches a pattern, whose variables it then binds.
func (m *machine) match(p check.Pattern, v Value) bool {
	var elems []check.Pattern
	switch p := p.(type) {
	case *check.Bind:
		m.vars[p.Var] = v
		return true
	case *check.RangePattern:
		x := number(v, p.Type)
		return x.Cmp(number(Value{N: p.Lo}, p.Type)) >= 0 && x.Cmp(number(Value{N: p.Hi}, p.Type)) <= 0
	case *check.VariantPattern:
		if v.N != uint64(p.Variant) {
			return false
		}
		elems = p.Elems
	case *check.ProductPattern:
		elems = p.Elems
	}
	for i, e := range elems {
		if e != nil && !m.match(e, v.Parts[i]) {
			return false
		}
	}
	return true
}

func (m *machine) exec(s check.Stmt) {
	switch s := s.(type) {
	case *check.Let:
		m.match(s.Pattern, m.eval(s.Value))
	case *check.ExprStmt:
		m.eval(s.X)
	case *check.Assign:
		m.assign(s)
	case *check.For:
		for _, v := range m.eval(s.Array).Parts {
			m.match(s.Pattern, v)
			m.eval(s.Body)
		}
	case *check.JoinLoop:
		m.joinLoop(s)
	}
}

func (m *machine) assign(s *check.Assign) {
	var path []int
	t := s.Var.Type
	for _, step := range s.Path {
		i := step.N
		if step.Index != nil {
			a := step.From.(*check.Array)
			i = m.index(step.Index, m.in.Len(a), s.Span)
			t = a.Elem
		} else {
			t = check.Components(step.From)[i]
		}
		path = append(path, i)
	}
	old := m.vars[s.Var].at(path)
	v := m.eval(s.Value)
	if s.Compound {
		v = m.binary(s.Op, old, v, t, s.Span)
	}
	m.vars[s.Var] = m.vars[s.Var].with(path, v)
}
