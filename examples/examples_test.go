// Package examples holds Garble programs to read and to run. Its tests run each of them, in the clear.
package examples

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/garble"
)

// compile reads an example and compiles one of its functions; "" means main.
func compile(t *testing.T, file, fn string) *garble.Program {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := garble.Check(file, string(src))
	if err != nil {
		t.Fatal(garble.Render(string(src), err))
	}
	rows := garble.Consts{"PARTY_0": {"ROWS": "3"}, "PARTY_1": {"ROWS": "2"}} // of those that ask for them
	p, err := checked.Compile(fn, rows)
	if err != nil {
		t.Fatal(garble.Render(string(src), err))
	}
	return p
}

// run evaluates a program on one literal for each party.
func run(t *testing.T, p *garble.Program, inputs ...string) (string, error) {
	t.Helper()
	var in [][]bool
	for party, text := range inputs {
		bits, err := p.ParseInput(party, text)
		if err != nil {
			t.Fatalf("input of party %d: %v", party, err)
		}
		in = append(in, bits)
	}
	out, err := p.Circuit.Eval(in)
	if err != nil {
		t.Fatal(err)
	}
	return p.FormatOutput(out)
}

func TestExamples(t *testing.T) {
	tests := []struct {
		file   string
		inputs []string
		want   string // the result, or "panic: " and the reason
	}{
		{"add3.gb", []string{"123u32", "456u32", "789u32"}, "1368"},
		{"add3.gb", []string{"0", "0", "4294967295"}, "4294967295"},
		{"add3.gb", []string{"1", "4294967295", "0"}, "panic: Overflow"},
		{"millionaires.gb", []string{"5000000000", "4999999999"}, "Richer::Alice"},
		{"millionaires.gb", []string{"0", "1"}, "Richer::Bob"},
		{"millionaires.gb", []string{"7", "7"}, "Richer::Neither"},
		{"auction.gb", []string{"10", "50", "30", "40", "20"}, "(1, 40)"},
		{"auction.gb", []string{"9", "9", "1", "1", "1"}, "(0, 9)"},
		{"auction.gb", []string{"5", "4", "3", "2", "1"}, "(0, 4)"},
		{"auction.gb", []string{"0", "0", "0", "0", "4294967295"}, "(4, 0)"},
		{"salaries.gb", []string{"4000", "5000", "3500", "6001", "4500"}, "Salaries {average: 4600, highest: 6001, lowest: 3500}"},
		{"salaries.gb", []string{"4294967295", "4294967295", "4294967295", "4294967295", "4294967295"},
			"Salaries {average: 4294967295, highest: 4294967295, lowest: 4294967295}"},
		{"match.gb", []string{"true", "false"}, "false"},
		{"match.gb", []string{"true", "true"}, "true"},
		{"dice.gb", []string{"0", "0", "0"}, "1"},
		{"dice.gb", []string{"4294967295", "0", "0"}, "4"},
		{"dice.gb", []string{"1000", "1001", "4294967292"}, "2"},
		{"nearby.gb", []string{place(0, 0, 500), place(300, 400, 500)}, "true"},
		{"nearby.gb", []string{place(0, 0, 500), place(300, 401, 500)}, "false"},
		{"nearby.gb", []string{place(-32768, -32768, 65535), place(32767, 32767, 65535)}, "false"},
		{"nearby.gb", []string{place(-32768, 7, 65535), place(32767, 7, 65535)}, "true"},
		{"nearby.gb", []string{place(5, -20, 65535), place(5, -19, 0)}, "false"},
		{"vote.gb", votes("Red Green Red Blue Abstain Red Green"), "Outcome::Winner(Vote::Red)"},
		{"vote.gb", votes("Blue Abstain Abstain Abstain Abstain Abstain Abstain"), "Outcome::Winner(Vote::Blue)"},
		{"vote.gb", votes("Red Green Red Green Blue Abstain Abstain"), "Outcome::Tie"},
		{"vote.gb", votes("Green Green Green Green Green Green Green"), "Outcome::Winner(Vote::Green)"},
		{"vote.gb", votes("Abstain Abstain Abstain Abstain Abstain Abstain Abstain"), "Outcome::Tie"},
		{"campaign.gb", []string{
			"[(3, 100), (7, 4000000000), (8, 1), (9, 9), (20, 50), (21, 10), (22, 10), (23, 10)]",
			"[(1, 2), (7, 5), (10, 2), (20, 4000000000), (23, 1), (30, 1), (31, 1), (32, 1)]",
		}, "Campaign {buyers: 3, cost: 4000000006, sales: 4000000060}"},
		{"registers.gb", []string{"[(2, 10), (5, 20), (9, 30)]", "[(5, 1), (7, 2)]"}, "Both {debt: 21, people: 1}"},
		{"registers.gb", []string{"[(2, 4294967295), (5, 4294967295), (9, 30)]", "[(2, 4294967295), (5, 4294967295)]"}, "Both {debt: 17179869180, people: 2}"},
		{"campaign.gb", []string{
			"[(1, 1), (3, 1), (5, 1), (7, 1), (9, 1), (11, 1), (13, 1), (15, 1)]",
			"[(2, 1), (4, 1), (6, 1), (8, 1), (10, 1), (12, 1), (14, 1), (16, 1)]",
		}, "Campaign {buyers: 0, cost: 0, sales: 0}"},
	}
	for _, test := range tests {
		t.Run(test.file+"/"+strings.Join(test.inputs, " "), func(t *testing.T) {
			got, err := run(t, compile(t, test.file, ""), test.inputs...)
			if pe := (*garble.PanicError)(nil); errors.As(err, &pe) {
				got = "panic: " + string(pe.Reason)
			} else if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("result %s, want %s", got, test.want)
			}
		})
	}
}

func place(east, north, radius int) string {
	return fmt.Sprintf("Place { east: %d, north: %d, radius: %d }", east, north, radius)
}

func votes(names string) []string {
	var list []string
	for _, name := range strings.Fields(names) {
		list = append(list, "Vote::"+name)
	}
	return list
}

func TestIntersection(t *testing.T) {
	p := compile(t, "intersection.gb", "")
	tests := []struct{ mine, yours, common []int }{
		{[]int{1, 2, 3, 4, 5, 6, 7, 8}, []int{1, 2, 3, 4, 5, 6, 7, 8}, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{[]int{1, 3, 5, 7, 9, 11, 13, 15}, []int{2, 4, 6, 8, 10, 12, 14, 16}, nil},
		{[]int{0, 10, 20, 30, 4000000000, 4000000002, 4000000004, 4000000006}, []int{0, 11, 20, 25, 26, 30, 31, 4000000001}, []int{0, 20, 30}},
	}
	for _, test := range tests {
		got, err := run(t, p, literal(test.mine), literal(test.yours))
		if err != nil {
			t.Fatal(err)
		}
		var common []int
		for i, row := range strings.Split(strings.Trim(got, "[()]"), "), (") {
			found, number, _ := strings.Cut(row, ", ")
			if want := i >= 15-len(test.common); found != fmt.Sprint(want) {
				t.Errorf("row %d of %s: found is %s", i, got, found)
			}
			if n, err := strconv.Atoi(number); found == "true" {
				common = append(common, n)
			} else if err != nil || n != 0 {
				t.Errorf("row %d tells %q although it is not found", i, number)
			}
		}
		slices.Sort(common)
		if !slices.Equal(common, test.common) {
			t.Errorf("%v and %v have %v in common, not %v", test.mine, test.yours, test.common, common)
		}
	}
}

// TestHeaders holds that every example begins with a comment that says what it does and who gives what.
func TestHeaders(t *testing.T) {
	files, err := filepath.Glob("*.gb")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(src), "\npub fn main")
		if !strings.HasPrefix(head, "// ") || !strings.Contains(head, "\n//   part") || !strings.Contains(head, "result: ") {
			t.Errorf("%s has no header", file)
		}
		p := compile(t, file, "")
		t.Logf("%s: %+v", file, p.Circuit.Stats())
	}
}
