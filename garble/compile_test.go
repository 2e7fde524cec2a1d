package garble

import (
	"errors"
	"slices"
	"testing"
)

// TestCompileErrors: what depends on the entry function and the constants.
func TestCompileErrors(t *testing.T) {
	const src = `
const A: usize = max(PARTY_0::ROWS, PARTY_1::ROWS) - PARTY_1::LESS;
const FLAG: bool = PARTY_0::FLAG;
const DEPTH: i16 = PARTY_1::DEPTH;
pub fn main(x: [u8; A], y: u8) -> i16 { helper(x[0]); DEPTH }
fn helper(x: u8) -> u8 { x }
pub fn second(x: u8) -> bool { FLAG }
`
	good := func() Consts {
		return Consts{"PARTY_0": {"ROWS": "2", "FLAG": "true", "EXTRA": "7"}, "PARTY_1": {"ROWS": "3usize", "LESS": "1", "DEPTH": "-5"}, "PARTY_9": {"A": "1"}}
	}
	c, err := Check("x.gb", src)
	if err != nil {
		t.Fatal(err)
	}
	want := []Const{{"PARTY_0", "FLAG", "bool"}, {"PARTY_0", "ROWS", "usize"}, {"PARTY_1", "DEPTH", "i16"}, {"PARTY_1", "LESS", "usize"}, {"PARTY_1", "ROWS", "usize"}}
	if got := c.Consts(); !slices.Equal(got, want) {
		t.Errorf("constants %v, want %v", got, want)
	}
	p, err := c.Compile("", good())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Circuit.Inputs(); !slices.Equal(got, []int{16, 8}) {
		t.Errorf("inputs %v", got)
	}
	if got := p.Params[0].Type.String(); got != "[u8; 2]" {
		t.Errorf("the first input is a %s", got)
	}
	for _, tt := range []struct {
		fn, party, name, value string
		kind, hint             string
	}{
		{"main", "PARTY_0", "ROWS", "", "MissingConstant", ""},
		{"main", "PARTY_0", "ROWS", "2u8", "InvalidLiteralType", ""},
		{"main", "PARTY_0", "ROWS", "4294967296", "InvalidLiteralType", ""},
		{"main", "PARTY_0", "ROWS", "(2)", "InvalidLiteralType", ""},
		{"main", "PARTY_0", "ROWS", "2 3", "InvalidLiteralType", ""},
		{"main", "PARTY_0", "FLAG", "1", "InvalidLiteralType", ""},
		{"main", "PARTY_1", "DEPTH", "-5i8", "InvalidLiteralType", ""},
		{"main", "PARTY_1", "LESS", "4", "TooLarge", ""}, // wraps around to a huge array
		{"nothing", "", "", "", "FnNotFound", "the pub functions are main, second"},
		{"secnod", "", "", "", "FnNotFound", "did you mean `second`?"},
		{"helper", "", "", "", "FnNotFound", "declare it with `pub`"},
	} {
		consts := good()
		if tt.value != "" {
			consts[tt.party][tt.name] = tt.value
		} else if tt.party != "" {
			delete(consts[tt.party], tt.name)
		}
		_, err := c.Compile(tt.fn, consts)
		var e *Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Phase != PhaseCompile || tt.hint != "" && e.Hint != tt.hint {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// TestDeterministic: compiling twice, from scratch, gives the same circuit.
func TestDeterministic(t *testing.T) {
	for _, src := range sources(t)[:60] {
		var digests [2]any
		for i := range digests {
			c, err := Check("x.gb", src)
			if err != nil {
				break
			}
			p, err := c.Compile("", nil)
			if err != nil {
				break
			}
			digests[i] = p.Circuit.Digest()
		}
		if digests[0] != digests[1] {
			t.Errorf("two circuits for\n%s", src)
		}
	}
}
