package lower

import (
	"fmt"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

func (l *lowerer) exec(s check.Stmt) {
	switch s := s.(type) {
	case *check.Let:
		l.bindPattern(s.Pattern, l.eval(s.Value), s.Value.Type())
	case *check.ExprStmt:
		l.eval(s.X)
	case *check.Assign:
		l.assign(s)
	case *check.For:
		l.loop(s)
	case *check.JoinLoop:
		l.joinLoop(s)
	default:
		panic(fmt.Sprintf("lower: unknown statement %T", s))
	}
}

func (l *lowerer) assign(s *check.Assign) {
	p := l.place(s)
	var w gadget.Word
	if s.Compound {
		old := l.load(p)
		t := placeType(s)
		w = l.binary(s.Op, old, l.eval(s.Value), t, s.Span)
	} else {
		w = l.eval(s.Value)
	}
	l.spend(len(w), s.Span)
	l.store(p, w)
}

// place evaluates the indices of an assignment's target.
func (l *lowerer) place(s *check.Assign) place {
	p := place{v: l.vars[s.Var], width: l.in.Bits(s.Var.Type)}
	for _, step := range s.Path {
		if step.Index == nil {
			p.off += l.offset(step.From, step.N)
			p.width = l.in.Bits(check.Components(step.From)[step.N])
			continue
		}
		a := step.From.(*check.Array)
		d := dimension{n: l.in.Len(a), stride: l.in.Bits(a.Elem)}
		d.index = l.index(step.Index, d.n, s.Span)
		p.width = d.stride
		if k, ok := gadget.Value(l.b, d.index); ok && d.n > 0 {
			p.off += int(k) * d.stride
		} else {
			l.spend(perBit*d.n*d.stride, s.Span)
			p.dims = append(p.dims, d)
		}
	}
	return p
}

// placeType is the type of what an assignment changes.
func placeType(s *check.Assign) check.Type {
	if len(s.Path) == 0 {
		return s.Var.Type
	}
	last := s.Path[len(s.Path)-1]
	if last.Index == nil {
		return check.Components(last.From)[last.N]
	}
	return last.From.(*check.Array).Elem
}

func (l *lowerer) loop(s *check.For) {
	a := s.Array.Type().(*check.Array)
	n := l.in.Len(a)
	body := func(elem gadget.Word) {
		l.spend(0, s.Span)
		l.bindPattern(s.Pattern, elem, a.Elem)
		l.eval(s.Body)
	}
	if r, ok := s.Array.(*check.Range); ok { // its elements need not exist all at once
		for i := range n {
			body(l.rangeElem(r, i))
		}
		return
	}
	w := l.eval(s.Array)
	size := l.in.Bits(a.Elem)
	for i := range n {
		body(w[i*size : (i+1)*size])
	}
}
