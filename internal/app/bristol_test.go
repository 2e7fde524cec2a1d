package app

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// and4 is a circuit of two parties with 4 bits each: their bitwise AND, and the exclusive or of its two lowest bits.
const and4 = `5 13
2 4 4
2 4 1

2 1 0 4 8 AND
2 1 1 5 9 AND
2 1 2 6 10 AND
2 1 3 7 11 AND
2 1 8 9 12 XOR
`

func TestBristolValues(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"0xf", "0b1010", "0xa 0x1"},
		{"0x0C", "0xd", "0xc 0x0"},
		{"0b0", "0xF", "0x0 0x0"},
	} {
		e, err := Eval(Source{Name: "and.txt", Text: []byte(and4)}, nil, []string{c.a, c.b})
		if err != nil {
			t.Fatalf("%s & %s: %v", c.a, c.b, err)
		}
		if e.Value != c.want || e.Type != "bits" || len(e.Bits) != 5 {
			t.Errorf("%s & %s: got %s (%s, %d bits), want %s", c.a, c.b, e.Value, e.Type, len(e.Bits), c.want)
		}
	}
}

func TestBristolRefuses(t *testing.T) {
	for _, literal := range []string{"", "0", "5", "0x", "0b", "0b2", "0x1g", "0x10", "0b10000", "0x5 ", "0x5 6", "-0x1", "0x-1", "0x_1", "1x5"} {
		_, err := Eval(Source{Name: "and.txt", Text: []byte(and4)}, nil, []string{literal, "0x0"})
		var e *Error
		if literal == "0x5 " {
			if err != nil {
				t.Errorf("%q: %v", literal, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Reason != BadInput && e.Reason != NoInput {
			t.Errorf("%q: got %v", literal, err)
		}
	}
	for name, text := range map[string]string{"empty": " \n", "garbage": "fn main() {}", "cut short": and4[:60]} {
		_, err := Eval(Source{Name: "and.txt", Text: []byte(text)}, nil, []string{"0x0", "0x0"})
		var e *Error
		if !errors.As(err, &e) || e.Reason != BadProgram {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The published circuits, with the vectors that their list states.
func TestBristolVectors(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "mpc", "circuits")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the published circuits are not beside this checkout")
	}
	for _, c := range []struct {
		file   string
		inputs []string
		want   string
	}{
		{"aes_128.txt", []string{"0x000102030405060708090a0b0c0d0e0f", "0x00112233445566778899aabbccddeeff"}, "0x69c4e0d86a7b0430d8cdb78070b4c55a"},
		{"adder64.txt", []string{"0xffffffffffffffff", "0x2"}, "0x0000000000000001"},
		{"neg64.txt", []string{"0x1"}, "0xffffffffffffffff"},
		{"zero_equal.txt", []string{"0x0"}, "0x1"},
		{"mult2_64.txt", []string{"0x8000000000000000", "0x6"}, "0x0000000000000003 0x0000000000000000"},
		{"AES-non-expanded.txt", []string{"0x0", "0x0"}, "0x66e94bd4ef8a2c3b884cfa59ca342b2e"},
	} {
		s, err := ReadSource(filepath.Join(dir, c.file), "")
		if err != nil {
			t.Fatal(err)
		}
		e, err := Eval(s, nil, c.inputs)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
		} else if e.Value != c.want {
			t.Errorf("%s: got %s, want %s", c.file, e.Value, c.want)
		}
	}
}
