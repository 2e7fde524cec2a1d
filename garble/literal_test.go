package garble

import (
	"errors"
	"strings"
	"testing"
)

const literalProgram = `
struct S { b: u8, a: [i16; 2] }
enum E { A, B(u8, bool), C() }
pub fn main(n: u8, i: i8, t: (u8), s: S, e: E, a: [u8; 3], u: usize) -> u8 { n }
`

func TestParseInput(t *testing.T) {
	c, err := Check("x.gb", literalProgram)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Instantiate("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		party int
		text  string
		kind  string // of the error
	}{
		{0, "255", ""}, {0, " 5u8 // comment", ""}, {0, "(5)", ""}, {0, "0", ""},
		{0, "256", "UnexpectedType"}, {0, "5u16", "UnexpectedType"}, {0, "-1", "UnexpectedType"}, {0, "true", "UnexpectedType"},
		{0, "", "LiteralParseError"}, {0, "5 garbage", "LiteralParseError"}, {0, "1 + 2", "LiteralParseError"}, {0, "5,", "LiteralParseError"},
		{0, "x", "LiteralParseError"}, {0, "5;", "LiteralParseError"}, {0, "{ 5 }", "LiteralParseError"}, {0, "99999999999999999999", "LiteralParseError"},
		{1, "-128", ""}, {1, "127i8", ""}, {1, "128", "UnexpectedType"}, {1, "- 5", "LiteralParseError"},
		{2, "(5,)", ""}, {2, "(5)", ""}, {2, "5", "UnexpectedType"},
		{3, "S {a: [1, -2], b: 3}", ""}, {3, "S { b: 3, a: [1, -2], }", ""},
		{3, "S {a: [1, -2]}", "MissingStructField"}, {3, "S {a: [1, -2], b: 3, c: 4}", "UnknownStructField"},
		{3, "S {a: [1, -2], b: 3, b: 4}", "DuplicateDef"}, {3, "S {a: [1, 2], b: 1 + 2}", "LiteralParseError"}, {3, "T {a: [1, 2], b: 1}", "UnexpectedType"},
		{4, "E::A", ""}, {4, "E::B(1, true)", ""}, {4, "E::C()", ""},
		{4, "E::A()", "UnexpectedEnumVariantArity"}, {4, "E::B(1)", "UnexpectedEnumVariantArity"}, {4, "E::D", "UnknownEnumVariant"}, {4, "F::A", "UnexpectedType"},
		{5, "[1, 2, 3]", ""}, {5, "[7; 3]", ""}, {5, "2u8..5u8", ""}, {5, "254u8..257u8", "LiteralParseError"},
		{5, "[1, 2]", "UnexpectedType"}, {5, "[7; 4]", "UnexpectedType"}, {5, "[7; N]", "LiteralParseError"}, {5, "2..5", "InvalidRange"}, {5, "[7; 18446744073709551615]", "UnexpectedType"},
		{6, "4294967295", ""}, {6, "4294967296", "UnexpectedType"},
		{7, "1", "InvalidArgIndex"}, {-1, "1", "InvalidArgIndex"},
		{0, strings.Repeat("(", 100000), "LiteralParseError"},
	} {
		bits, err := s.ParseInput(tt.party, tt.text)
		var e *Error
		switch {
		case err == nil && tt.kind == "":
			if len(bits) != s.Params[tt.party].Type.Bits() {
				t.Errorf("%d %.40q: %d bits", tt.party, tt.text, len(bits))
			}
		case !errors.As(err, &e) || e.Kind != tt.kind || e.Phase != PhaseLiteral:
			t.Errorf("%d %.40q: error %v, want %q", tt.party, tt.text, err, tt.kind)
		}
	}
}

// TestLiteralErrorsAreSecret: inputs are secret, so no error about one may quote it.
func TestLiteralErrorsAreSecret(t *testing.T) {
	c, err := Check("x.gb", literalProgram)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Instantiate("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for party := range s.Params {
		for _, text := range []string{"7777", "7777u16", "7777secret", "secret", "[7777, 7777, 7777]", "S {a: [7777, 70007777], b: 1}", "S {secret: 1}",
			"E::Secret", "Secret {a: 7777}", "E::B(7777, true)", "7777 secret", "\"secret\"", "secret::secret", "secret(1)", "7777u8..7779u8"} {
			_, err := s.ParseInput(party, text)
			if err == nil {
				continue
			}
			shown := err.Error() + Render(text, err)
			if strings.Contains(shown, "7777") || strings.Contains(strings.ToLower(shown), "secret") {
				t.Errorf("party %d, %q: %s", party, text, shown)
			}
		}
	}
}

func TestParseInputJSON(t *testing.T) {
	c, err := Check("x.gb", literalProgram)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Instantiate("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		party int
		text  string
		ok    bool
	}{
		{0, `{"NumUnsigned":[5,"U8"]}`, true}, {0, `{"NumUnsigned":[5,"Unspecified"]}`, true},
		{0, `{"NumUnsigned":[256,"U8"]}`, false}, {0, `{"NumUnsigned":[5,"U16"]}`, false}, {0, `{"NumUnsigned":[5]}`, false},
		{0, `{"NumUnsigned":[5.0,"U8"]}`, false}, {0, `{"NumUnsigned":[-5,"U8"]}`, false}, {0, `5`, false}, {0, `{"NumUnsigned":[5,"U8"]} 1`, false},
		{0, `{"NumUnsigned":[5,"U8"],"Tuple":[]}`, false}, {0, `null`, false}, {0, ``, false}, {0, `{"Nothing":[1]}`, false},
		{1, `{"NumSigned":[-5,"I8"]}`, true}, {1, `{"NumUnsigned":[5,"Unspecified"]}`, true}, {1, `{"NumSigned":[128,"I8"]}`, false},
		{3, `{"Struct":["S",[["b",{"NumUnsigned":[1,"U8"]}],["a",{"Array":[{"NumSigned":[1,"I16"]},{"NumSigned":[-2,"I16"]}]}]]]}`, true},
		{3, `{"Struct":["S",[["b",{"NumUnsigned":[1,"U8"]}]]]}`, false},
		{4, `{"Enum":["E","A","Unit"]}`, true}, {4, `{"Enum":["E","C",{"Tuple":[]}]}`, true}, {4, `{"Enum":["E","C","Unit"]}`, false},
		{4, `{"Enum":["E","B",{"Tuple":[{"NumUnsigned":[1,"U8"]},"True"]}]}`, true}, {4, `{"Enum":["E","B",{"Tuple":["True"]}]}`, false},
		{5, `{"ArrayRepeat":[{"NumUnsigned":[1,"U8"]},3]}`, true}, {5, `{"ArrayRepeat":[{"NumUnsigned":[1,"U8"]},4]}`, false},
		{5, `{"Range":[2,5,"U8"]}`, true}, {5, `{"Range":[2,5,"U16"]}`, false}, {5, `{"Range":[5,2,"U8"]}`, false}, {5, `{"Range":[2,5,"Unspecified"]}`, false},
	} {
		if bits, err := s.ParseInputJSON(tt.party, []byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("party %d, %s: %d bits, error %v", tt.party, tt.text, len(bits), err)
		}
	}
}

// TestPrintedValuesReadBack: what is printed, as text or JSON, is an input again.
func TestPrintedValuesReadBack(t *testing.T) {
	c, err := Check("x.gb", "struct S { b: u8, a: [i16; 2] } struct N { } enum E { A, B((u8), bool), C() } pub fn main(x: (S, E, E, E, (), N, [u64; 0], i64, usize)) -> (S, E, E, E, (), N, [u64; 0], i64, usize) { x }")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Instantiate("", nil)
	if err != nil {
		t.Fatal(err)
	}
	const text = "(S {a: [-32768, 7], b: 255}, E::A, E::B((3), true), E::C(), (), N {}, [0; 0], -9223372036854775808, 4294967295)"
	bits, err := s.ParseInput(0, text)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Decode(append(make([]bool, PanicBits), bits...))
	if err != nil {
		t.Fatal(err)
	}
	printed := l.String()
	if want := strings.Replace(text, "[0; 0]", "[]", 1); printed != want {
		t.Errorf("prints %s, want %s", printed, want)
	}
	again, err := s.ParseInput(0, printed)
	if err != nil || bitText(again) != bitText(bits) {
		t.Errorf("%s does not read back: %v", printed, err)
	}
	data, err := s.FormatOutputJSON(append(make([]bool, PanicBits), bits...))
	if err != nil {
		t.Fatal(err)
	}
	again, err = s.ParseInputJSON(0, data)
	if err != nil || bitText(again) != bitText(bits) {
		t.Errorf("%s does not read back: %v", data, err)
	}
}
