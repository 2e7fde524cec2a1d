// Package lower turns a checked Garble program into a Boolean circuit. It walks the typed tree once: calls are inlined, loops
// unrolled, and of every conditional all branches are built and multiplexed, over the value and the variables that a branch
// assigned. A value is the word of its wires in the bit layout of the specification, section 12; copying is free.
//
// The reader may start at expr.go, which holds the walk; variable.go says how variables keep words, branch.go how branches
// are joined, panics.go how the panic record costs one AND for each place where a panic is possible. What is known saves ANDs:
// known.go has what follows from conditions, bound.go how large numbers can be, sum.go how words were computed.
package lower

import (
	"fmt"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// PanicBits is the number of output bits of the panic record, which come before the result (spec section 9).
const PanicBits = 161

// Limits bound a compilation. A zero field means the default.
type Limits struct {
	Gates int // XOR and AND gates: 2^28, about 2 GiB
	Steps int // expressions and loop turns, plus one for each 64 bits that they copy or 2 that they compute with: 2^27
	Live  int // bits of all variables: 2^26, 256 MiB
}

// Compile is CompileWithin for the default limits.
func Compile(in *check.Instance) (*circuit.Circuit, syntax.ErrorList) {
	return CompileWithin(in, Limits{})
}

// CompileWithin returns the circuit of an instance: the input bits of the parties in seat order, the panic record and the
// result. The same instance always gives the same circuit. An error, of phase compile, says which limit was reached.
func CompileWithin(in *check.Instance, limits Limits) (c *circuit.Circuit, errs syntax.ErrorList) {
	var widths []int
	for _, t := range in.Parties() {
		widths = append(widths, in.Bits(t))
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*syntax.Error)
			if !ok {
				panic(r)
			}
			c, errs = nil, syntax.ErrorList{e}
		}
	}()
	l := newLowerer(in, widths, limits)
	result := l.run()
	c, err := l.b.Build(append(l.panicRecord(), result...))
	if err != nil {
		return nil, syntax.ErrorList{compileError(in.Entry.Span, "MaxCircuitSizeExceeded", "%v", err)}
	}
	return c, nil
}

// A lowerer is the state of one compilation.
type lowerer struct {
	b      *circuit.Builder
	in     *check.Instance
	widths []int
	vars   map[*check.Var]*variable // the latest binding: functions are not recursive
	frame  *frame                   // innermost branch whose condition is not constant
	steps  int                      // left
	live   int                      // bits of vars
	limits Limits
	knowledge
	bounds bounds
}

// sharing is the number of gates among which equal ones are found: as many as stay in the processor's cache. With more, a large
// program takes half as long again for 0.3 % fewer ANDs or less.
const sharing = 1 << 18

func newLowerer(in *check.Instance, widths []int, limits Limits) *lowerer {
	if limits.Gates == 0 {
		limits.Gates = 1 << 28
	}
	if limits.Steps == 0 {
		limits.Steps = 1 << 27
	}
	if limits.Live == 0 {
		limits.Live = 1 << 26
	}
	b := circuit.NewBuilder(widths)
	b.SetMaxGates(limits.Gates)
	b.SetSharing(sharing)
	l := &lowerer{b: b, in: in, widths: widths, vars: map[*check.Var]*variable{}, steps: limits.Steps, limits: limits, knowledge: knowledge{}, bounds: newBounds()}
	l.frame = newFrame(b.One(), b.Zero(), nil)
	return l
}

// run binds the parameters of the entry function to the inputs and evaluates it.
func (l *lowerer) run() gadget.Word {
	var inputs gadget.Word
	for p, n := range l.widths {
		for i := range n {
			inputs = append(inputs, l.b.Input(p, i))
		}
	}
	for _, p := range l.in.Entry.Params {
		n := l.in.Bits(p.Type)
		l.bind(p, inputs[:n:n])
		inputs = inputs[n:]
	}
	return l.eval(l.in.Entry.Body)
}

// perBit is what the steps for a bit are multiplied with where a gate may be made for it, not only a copy.
const perBit = 32

// spend counts a step that handles some bits; beyond a limit it ends the compilation with an error at the given place.
func (l *lowerer) spend(bits int, at syntax.Span) {
	l.steps -= 1 + bits/64
	if l.steps < 0 {
		panic(compileError(at, "MaxCircuitSizeExceeded", "the program takes more than %d steps to compile", l.limits.Steps))
	}
	if l.live > l.limits.Live {
		panic(compileError(at, "MaxCircuitSizeExceeded", "the variables have more than %d bits", l.limits.Live))
	}
	if err := l.b.Err(); err != nil {
		panic(compileError(at, "MaxCircuitSizeExceeded", "%v", err))
	}
}

func compileError(at syntax.Span, kind, format string, args ...any) *syntax.Error {
	return &syntax.Error{Phase: syntax.PhaseCompile, Kind: kind, Pos: at.Start, End: at.End, Msg: fmt.Sprintf(format, args...)}
}
