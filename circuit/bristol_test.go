package circuit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func parse(t *testing.T, text string) *Bristol {
	t.Helper()
	b, err := ParseBristol(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return b
}

func TestParseBristol(t *testing.T) {
	const gates = "2 1 0 1 3 AND\n\n1 1 2 4 INV\n2 1 3 4 5 XOR\n"
	want := []Gate{{Op: And, A: 0, B: 1}, {Op: Not, A: 2}, {Op: Xor, A: 3, B: 4}}
	for name, text := range map[string]string{
		"fashion":  "3 6\n2 2 1\n1 1\n\n" + gates,
		"old":      "3 6\n2 1 1\n" + gates,
		"crlf":     strings.ReplaceAll("3 6 \n2  2 1 \n1 1\t\n \n"+gates+"\n \n", "\n", "\r\n"),
		"no break": strings.TrimSpace("3 6\n2 1 1\n" + gates),
	} {
		t.Run(name, func(t *testing.T) {
			b := parse(t, text)
			c := b.Circuit
			if !slices.Equal(c.Inputs(), []int{2, 1}) || !slices.Equal(b.Outputs, []int{1}) {
				t.Errorf("inputs %v, outputs %v", c.Inputs(), b.Outputs)
			}
			if b.Old != (name == "old" || name == "no break") {
				t.Errorf("old %v", b.Old)
			}
			if !slices.Equal(gatesOf(c), want) || !slices.Equal(c.Outputs(), []Wire{5}) {
				t.Errorf("gates %v, outputs %v", gatesOf(c), c.Outputs())
			}
		})
	}
}

// TestParseBristolGates has every operation, wires numbered against the order, two output values, an output that is a copy.
func TestParseBristolGates(t *testing.T) {
	b := parse(t, `5 10
2 2 2
2 1 3

4 2 0 1 2 3 9 8 MAND
1 1 1 4 EQ
1 1 0 5 EQ
1 1 3 7 EQW
2 1 9 4 6 XOR
`)
	want := []Gate{{Op: And, A: 0, B: 2}, {Op: And, A: 1, B: 3}, {Op: One}, {Op: Zero}, {Op: Xor, A: 4, B: 6}}
	if !slices.Equal(gatesOf(b.Circuit), want) {
		t.Errorf("gates %v", gatesOf(b.Circuit))
	}
	if got := b.Circuit.Outputs(); !slices.Equal(got, []Wire{8, 3, 5, 4}) || !slices.Equal(b.Outputs, []int{1, 3}) {
		t.Errorf("outputs %v of widths %v", got, b.Outputs)
	}
	b = parse(t, "1 3\n1 2\n1 2\n\n2 1 0 1 2 AND\n") // the last wires are the output, an input among them
	if got := b.Circuit.Outputs(); !slices.Equal(got, []Wire{1, 2}) {
		t.Errorf("outputs %v", got)
	}
}

func TestParseBristolRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 0: the header is incomplete"},
		{"one line", "\n1 2\n", "line 2: the header is incomplete"},
		{"first line", "1 2 3\n1 1 1\n", "line 1: want the numbers of gates and of wires"},
		{"words", "1 2\nx 1\n", `line 2: "x" is no number`},
		{"sign", "1 2\n1 -1\n", `line 2: "-1" is no number`},
		{"large number", "1 2147483648\n1 1\n", `line 1: "2147483648" is no number up to 2147483647`},
		{"missing input width", "0 2\n2 1\n1 1\n", "line 2: want a number of inputs"},
		{"missing output width", "0 2\n2 1 1\n2 1\n", "line 3: want a number of outputs"},
		{"old header", "1 2\n1 1\n1 1 0 1 INV\n", "line 2: want the bits of two inputs"},
		{"many inputs", "0 2147483647\n1 2147483647\n1 0\n", "line 3: more than 16777216 input bits"},
		{"inputs beyond wires", "1 2\n1 3\n1 1\n", "more input bits than the 2 wires"},
		{"outputs beyond wires", "1 2\n1 1\n2 2 1\n", "more output bits than the 2 wires"},
		{"no gates", "1 2\n1 1\n1 1\n\n", "the file ends after 0 of 1 gates"},
		{"gate too many", "1 3\n1 1\n1 1\n\n1 1 0 1 INV\n1 1 0 2 INV\n", "line 6: more than the 1 gates"},
		{"wire without gate", "1 3\n1 1\n1 1\n\n1 1 0 1 INV\n", "give 2 wires, the header says 3"},
		{"gate without wire", "2 2\n1 1\n1 1\n\n1 1 0 1 INV\n1 1 0 2 INV\n", "give 3 wires, the header says 2"},
		{"wire beyond", "1 2\n1 1\n1 1\n\n1 1 0 2 INV\n", "line 5: wire 2 is beyond the 2"},
		{"MAND without wires", "1 2\n1 1\n1 1\n\n6 3 0 0 0 0 0 0 1 2 3 MAND\n", "line 5: more than the 2 wires"},
		{"unknown gate", "1 2\n1 1\n1 1\n\n2 1 0 0 1 OR\n", `line 5: unknown operation "OR"`},
		{"lower case", "1 2\n1 1\n1 1\n\n2 1 0 0 1 xor\n", `unknown operation "xor"`},
		{"no operation", "1 2\n1 1\n1 1\n\n2 1 0 0 1 1\n", `unknown operation "1"`},
		{"operation alone", "1 2\n1 1\n1 1\n\nXOR\n", "line 5: want the numbers of inputs"},
		{"field missing", "1 2\n1 1\n1 1\n\n2 1 0 1 XOR\n", "line 5: want the numbers of inputs"},
		{"field too many", "1 2\n1 1\n1 1\n\n2 1 0 0 1 1 XOR\n", "line 5: want the numbers of inputs"},
		{"huge counts", "1 2\n1 1\n1 1\n\n2147483647 2147483647 0 XOR\n", "line 5: want the numbers of inputs"},
		{"XOR of one", "1 2\n1 1\n1 1\n\n1 1 0 1 XOR\n", "line 5: XOR with 1 inputs and 1 outputs"},
		{"two outputs", "1 3\n1 1\n1 1\n\n2 2 0 0 1 2 INV\n", "line 5: INV with 2 inputs and 2 outputs"},
		{"empty MAND", "1 2\n1 1\n1 1\n\n0 0 MAND\n", "line 5: MAND with 0 inputs"},
		{"EQ of two", "1 2\n1 1\n1 1\n\n1 1 2 1 EQ\n", "line 5: EQ with 2"},
		{"read early", "2 3\n1 1\n1 1\n\n1 1 2 1 INV\n1 1 0 2 INV\n", "line 5: wire 2 is read before"},
		{"read beyond", "1 2\n1 1\n1 1\n\n1 1 9 1 EQW\n", "line 5: wire 9 is read before"},
		{"own output", "1 2\n1 1\n1 1\n\n2 1 0 1 1 AND\n", "line 5: wire 1 is read before"},
		{"write input", "1 2\n1 1\n1 1\n\n1 1 0 0 INV\n", "line 5: the gate writes input wire 0"},
		{"write twice", "2 3\n1 1\n1 1\n\n1 1 0 1 INV\n1 1 0 1 INV\n", "line 6: wire 1 is written twice"},
		{"long line", "1 2\n1 1\n1 1\n\n1 1 0 1" + strings.Repeat(" ", maxBristolLine) + "INV\n", "line 5: longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, err := ParseBristol(strings.NewReader(test.text))
			if err == nil || b != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if _, err := ParseBristol(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("0 1\n1 1\n1 1\n")))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error of the reader: %v", err)
	}
}

// checkWritten compares a circuit with what a written file of it parses to.
func checkWritten(t *testing.T, b *Bristol, write func(io.Writer) error, rng *rand.Rand) *Bristol {
	t.Helper()
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	again := parse(t, file.String())
	if !slices.Equal(again.Outputs, b.Outputs) {
		t.Fatalf("outputs %v became %v", b.Outputs, again.Outputs)
	}
	for range 3 {
		in, _ := randomInput(b.Circuit, rng)
		want, err := b.Circuit.Eval(in)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, make([][]bool, len(again.Circuit.Inputs())-len(in))...)
		got, err := again.Circuit.Eval(in)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("written circuit gives %v, %v; want %v\n%s", got, err, want, file.String())
		}
	}
	return again
}

func TestWriteBristol(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := randomCircuit(t, rng, int(seed%50))
		b := &Bristol{Circuit: c, Outputs: []int{len(c.Outputs())}}
		again := checkWritten(t, b, b.Write, rng)
		if !slices.Equal(again.Circuit.Inputs(), c.Inputs()) {
			t.Fatalf("inputs %v became %v", c.Inputs(), again.Circuit.Inputs())
		}
		flat, err := New([]int{c.NumInputs()}, gatesOf(c), c.Outputs())
		if err != nil {
			t.Fatal(err)
		}
		old := &Bristol{Circuit: flat, Outputs: b.Outputs}
		checkWritten(t, old, old.WriteOld, rng)
	}
}

func TestWriteBristolCases(t *testing.T) {
	two, err := New([]int{2, 1}, []Gate{{Op: And, A: 1, B: 2}}, []Wire{3, 0})
	if err != nil {
		t.Fatal(err)
	}
	old := &Bristol{Circuit: two, Outputs: []int{2}}
	if again := checkWritten(t, old, old.WriteOld, rand.New(rand.NewPCG(1, 1))); !slices.Equal(again.Circuit.Inputs(), []int{2, 1}) {
		t.Errorf("inputs became %v", again.Circuit.Inputs())
	}
	c, err := New(nil, []Gate{{Op: One}, {Op: Zero}, {Op: Not, A: 0}}, []Wire{0, 1, 2, 0})
	if err != nil {
		t.Fatal(err)
	}
	b := &Bristol{Circuit: c, Outputs: []int{2, 0, 2}}
	checkWritten(t, b, b.Write, nil)
	for name, err := range map[string]error{
		"widths":         (&Bristol{Circuit: c, Outputs: []int{3}}).Write(io.Discard),
		"negative width": (&Bristol{Circuit: c, Outputs: []int{5, -1}}).Write(io.Discard),
		"no input":       (&Bristol{Circuit: c, Outputs: []int{4}}).WriteOld(io.Discard),
		"two outputs":    b.WriteOld(io.Discard),
	} {
		if err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if err := b.Write(failing{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("failing writer: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func FuzzParseBristol(f *testing.F) {
	f.Add([]byte("3 6\n2 2 1\n1 1\n\n2 1 0 1 3 AND\n1 1 2 4 INV\n2 1 3 4 5 XOR\n"))
	f.Add([]byte("3 6\r\n2 1 1\r\n2 1 0 1 3 AND\n1 1 2 4 INV\n2 1 3 4 5 XOR"))
	f.Add([]byte("5 10\n2 2 2\n2 1 3\n\n4 2 0 1 2 3 9 8 MAND\n1 1 1 4 EQ\n1 1 0 5 EQ\n1 1 3 7 EQW\n2 1 9 4 6 XOR\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ParseBristol(bytes.NewReader(text))
		if err != nil {
			if !strings.Contains(fmt.Sprint(err), "line ") {
				t.Errorf("error without a line: %v", err)
			}
			return
		}
		if _, err := New(b.Circuit.Inputs(), gatesOf(b.Circuit), b.Circuit.Outputs()); err != nil {
			t.Fatalf("parsed circuit is invalid: %v", err)
		}
		if b.Circuit.NumInputs() < 1<<16 {
			checkWritten(t, b, b.Write, rand.New(rand.NewPCG(1, 1)))
		}
	})
}
