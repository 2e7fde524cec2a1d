package garble

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/check"
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
	for _, name := range c.Functions() {
		values := map[string]map[string]check.Value{}
		for _, s := range c.prog.Supplies {
			if values[s.Party] == nil {
				values[s.Party] = map[string]check.Value{}
			}
			values[s.Party][s.Name] = check.Value{Type: s.Type, Bits: 1}
		}
		in, errs := c.prog.Instantiate(name, values)
		if len(errs) > 0 {
			continue
		}
		circ, errs := lower.CompileWithin(in, lower.Limits{Gates: 1 << 16, Steps: 1 << 18})
		if len(errs) > 0 {
			continue
		}
		s := signature("x.gb", in)
		var inputs [][]bool
		for _, p := range s.Params {
			inputs = append(inputs, make([]bool, p.Type.Bits()))
		}
		bits, err := circ.Eval(inputs)
		if err != nil {
			t.Fatalf("%s\n%v", src, err)
		}
		var pe *PanicError
		if _, err := s.FormatOutput(bits); err != nil && !errors.As(err, &pe) {
			t.Errorf("%s\n%v", src, err)
		}
	}
}

// TestMutatedPrograms changes good programs token by token: whatever comes out is compiled or refused.
func TestMutatedPrograms(t *testing.T) {
	list := sources(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
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
			switch rng.IntN(4) {
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
