package garble

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/interp"
	"github.com/tacit-mpc/tacit/garble/internal/lower"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// sources are the programs of the suite that comes with the project.
func sources(t testing.TB) []string {
	data, err := os.ReadFile("testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r.Source)
	}
	return list
}

// tryProgram takes a text through every phase as far as it goes, with small limits.
func tryProgram(t testing.TB, src string) {
	c, err := Check("x.gb", src)
	if err != nil {
		var list ErrorList
		if !errors.As(err, &list) || len(list) == 0 || list[0].Kind == "" || list[0].Msg == "" {
			t.Errorf("%s\nerror without content: %#v", src, err)
		}
		for i, e := range list {
			if e.End.Before(e.Pos) || i > 0 && e.Pos.Before(list[i-1].Pos) {
				t.Errorf("%s\nbad place: %v", src, err)
			}
		}
		if Render(src, err) == "" {
			t.Errorf("%s\nempty rendering of %v", src, err)
		}
		return
	}
	for _, f := range c.prog.Funcs {
		if !f.Pub {
			continue
		}
		values := map[string]map[string]check.Value{}
		for _, s := range c.prog.Supplies {
			if values[s.Party] == nil {
				values[s.Party] = map[string]check.Value{}
			}
			values[s.Party][s.Name] = check.Value{Type: s.Type, Bits: 1}
		}
		in, errs := c.prog.Instantiate(f.Name, values)
		if len(errs) > 0 {
			continue
		}
		circ, errs := lower.CompileWithin(in, lower.Limits{Gates: 1 << 16, Steps: 1 << 18})
		if len(errs) > 0 {
			continue
		}
		s := signature("x.gb", in)
		for seed := range uint64(3) {
			rng := rand.New(rand.NewPCG(seed, 1))
			var args []interp.Value
			var all []bool
			for _, p := range in.Entry.Params {
				v := randomValue(in, p.Type, rng)
				args = append(args, v)
				all = append(all, interp.Encode(in, p.Type, v)...)
			}
			var inputs [][]bool
			for _, p := range s.Params {
				inputs = append(inputs, all[:p.Type.Bits()])
				all = all[p.Type.Bits():]
			}
			agree(t, src, s, circ, inputs, args)
		}
	}
}

// agree compares the circuit with the interpreter.
func agree(t testing.TB, src string, s *Signature, circ *circuit.Circuit, inputs [][]bool, args []interp.Value) {
	bits, err := circ.Eval(inputs)
	if err != nil {
		t.Fatalf("%s\n%v", src, err)
	}
	got, err := s.FormatOutput(bits)
	var pe *PanicError
	if err != nil && !errors.As(err, &pe) {
		t.Errorf("%s\n%v", src, err)
		return
	}
	result, panicked, err := interp.Run(s.in, args, 1<<20)
	switch {
	case err != nil: // too long, or a join of unsorted rows
	case (panicked != nil) != (pe != nil):
		t.Errorf("%s\ncircuit: %s %v, interpreter: %v", src, got, pe, panicked)
	case panicked != nil:
		if at := panicked.At; pe.Pos != at.Start || pe.End != at.End {
			t.Errorf("%s\ncircuit: %v, interpreter: panic at %v", src, pe, at)
		}
	default:
		want, err := s.FormatOutput(append(make([]bool, PanicBits), interp.Encode(s.in, s.in.Entry.Result, result)...))
		if err != nil || got != want {
			t.Errorf("%s\ncircuit: %s, interpreter: %s, %v", src, got, want, err)
		}
	}
}

// randomValue makes a value with small and large numbers alike.
func randomValue(in *check.Instance, t check.Type, rng *rand.Rand) interp.Value {
	var v interp.Value
	types := check.Components(t)
	switch t := t.(type) {
	case check.Basic:
		return interp.Value{N: rng.Uint64() >> rng.IntN(64) & (1<<(t.Bits()-1)<<1 - 1)}
	case *check.Array:
		for range in.Len(t) {
			types = append(types, t.Elem)
		}
	case *check.Enum:
		v.N = rng.Uint64N(uint64(len(t.Variants)))
		types = t.Variants[v.N].Fields
	}
	for _, part := range types {
		v.Parts = append(v.Parts, randomValue(in, part, rng))
	}
	return v
}

// TestMutatedPrograms changes good programs token by token, and takes suffixes away: whatever comes out is refused, or computes
// what the interpreter computes.
func TestMutatedPrograms(t *testing.T) {
	list := sources(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		src := list[rng.IntN(len(list))]
		tokens, errs := syntax.Scan(src)
		if len(errs) > 0 {
			continue
		}
		var words []string
		for _, tok := range tokens[:len(tokens)-1] {
			words = append(words, tok.Text)
		}
		for range 1 + rng.IntN(3) {
			i, j := rng.IntN(len(words)), rng.IntN(len(words))
			switch rng.IntN(6) {
			case 4, 5:
				if n := tokens[i].Num; n.Suffix != "" {
					words[i] = strings.TrimSuffix(words[i], n.Suffix)
				}
			case 0:
				words[i] = words[j]
			case 1:
				words[i], words[j] = words[j], words[i]
			case 2:
				words[i] = ""
			case 3:
				words[i] += " " + words[j]
			}
		}
		tryProgram(t, strings.Join(words, " "))
	}
}

func FuzzProgram(f *testing.F) {
	for i, src := range sources(f) {
		if i%8 == 0 {
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src string) { tryProgram(t, src) })
}

func FuzzLiteral(f *testing.F) {
	for _, s := range []string{"5", "-5i8", "true", "(1, 2)", "(1,)", "[1, 2]", "[0; 3]", "2u8..6u8", "S {a: 1, b: [2]}", "E::V", "E::V(1)", "()", "S {}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLiteral(text)
		if err != nil {
			return
		}
		again, err := ParseLiteral(l.String())
		if err != nil || again.String() != l.String() {
			t.Errorf("%q prints as %q, which reads as %q, %v", text, l, again, err)
		}
		data, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back Literal
		if err := json.Unmarshal(data, &back); err != nil {
			t.Errorf("%q is %s in JSON: %v", text, data, err)
		}
	})
}

func FuzzLiteralJSON(f *testing.F) {
	for _, s := range []string{`"True"`, `{"NumUnsigned":[5,"U8"]}`, `{"NumSigned":[-5,"Unspecified"]}`, `{"Array":["True"]}`, `{"ArrayRepeat":["True",3]}`,
		`{"Struct":["S",[["a","True"]]]}`, `{"Enum":["E","V","Unit"]}`, `{"Enum":["E","V",{"Tuple":["True"]}]}`, `{"Range":[2,10,"U8"]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l Literal
		if json.Unmarshal([]byte(text), &l) != nil {
			return
		}
		data, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back Literal
		if err := json.Unmarshal(data, &back); err != nil || back.String() != l.String() {
			t.Errorf("%q comes back as %q, %v", text, data, err)
		}
	})
}
