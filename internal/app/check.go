package app

// Evaluation is the result of a program in the clear.
type Evaluation struct {
	Value   string
	Literal []byte // the value in the JSON form of literals, if Source.Values asks for it
	Type    string
	Bits    []bool // of the value, without the panic record
}

// Eval evaluates a program in the clear: what the protocol must compute too.
func Eval(s Source, consts []Const, literals []string) (*Evaluation, error) {
	p, inputs, err := prepare(s, consts, literals)
	if err != nil {
		return nil, err
	}
	out, err := p.circuit.Eval(inputs)
	if err != nil {
		return nil, explain("evaluating "+s.Name, err)
	}
	value, literal, err := p.show(out)
	if err != nil {
		return nil, err
	}
	return &Evaluation{Value: value, Literal: literal, Type: p.result, Bits: p.value(out)}, nil
}

// A Report says what a program takes, gives and costs.
type Report struct {
	Program string // SHA-256, hex
	Inputs  []Input
	Result  string // its type
	And     int
	Xor     int
	Not     int
	Depth   int // in AND gates

	Traffic int64 // bytes that the busiest party sends, about
	Memory  int64 // bytes that each party needs, about

	Work float64 // seconds of processor time in each party, about
	Send float64 // seconds in which Traffic goes through SlowLink
}

// SlowLink is the bandwidth of Report.Send, in bits a second.
const SlowLink = 100_000_000

// An Input is what one party gives.
type Input struct {
	Name string // of the parameter; empty for a Bristol circuit
	Type string
	Bits int
}

// Check compiles a program and counts.
func Check(s Source, consts []Const) (*Report, error) {
	p, err := compile(s, consts)
	if err != nil {
		return nil, err
	}
	return report(p), nil
}

func report(p *program) *Report {
	stats := p.circuit.Stats()
	r := &Report{Program: p.source.Hash(), Result: p.result, And: stats.And, Xor: stats.Xor, Not: stats.Not, Depth: stats.Depth}
	for i, typ := range p.inputs {
		in := Input{Type: typ, Bits: p.circuit.Inputs()[i]}
		if p.garble != nil {
			in.Name = p.garble.Params[i].Name
		}
		r.Inputs = append(r.Inputs, in)
	}
	r.Traffic, r.Memory, r.Work = estimate(p.circuit, p.parties())
	r.Send = float64(8*r.Traffic) / SlowLink
	return r
}
