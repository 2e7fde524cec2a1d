package garble

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// A row of the conformance suite (spec section 20).
type row struct {
	ID, Topic, Kind, Source, Fn string
	Consts                      map[string]map[string]string
	Inputs                      []string
	Output, Panic, Error        string
	ErrorKinds                  []string          `json:"error_kinds"`
	SupersetOK                  bool              `json:"superset_ok"`
	InputGates                  []int             `json:"input_gates"`
	InputBits                   []string          `json:"input_bits"`
	OutputBits                  string            `json:"output_bits"`
	InputJSON                   []json.RawMessage `json:"input_json"`
	OutputJSON                  json.RawMessage   `json:"output_json"`
	Display                     string            `json:"literal_display"`
	LiteralJSON                 string            `json:"literal_json"`
	AndFixed                    *int              `json:"and_gates_fixed"`
	SourceEquiv                 string            `json:"source_equiv"`
	ExpectAnd                   *int              `json:"expect_and"`
	Bristol                     string
	Missing                     []string
}

// shared finds a file of the shared designs beside the module, or skips the test.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		path := filepath.Join(dir, "shared", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		dir = filepath.Dir(dir)
	}
	t.Skipf("no ../shared/%s beside this clone", name)
	return ""
}

func readRows(t *testing.T, path string) []row {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []row
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// out lists the topics that are not there yet.
var out = map[string]string{}

// TestConformance runs the rows that come with the project; the others are found beside it.
func TestConformance(t *testing.T)         { conform(t, "testdata/cases.jsonl") }
func TestConformanceOwn(t *testing.T)      { conform(t, shared(t, "garble/cases-own.jsonl")) }
func TestConformanceUpstream(t *testing.T) { conform(t, shared(t, "garble/cases-upstream.jsonl")) }

func conform(t *testing.T, path string) {
	s := &suite{programs: map[string]*Program{}, passed: map[string]int{}, failed: map[string]int{}}
	for _, r := range readRows(t, path) {
		if why := out[r.Topic]; why != "" {
			continue
		}
		if err := s.run(r); err != nil {
			s.failed[r.Topic]++
			t.Errorf("%s: %v\n%s", r.ID, err, r.Source)
			continue
		}
		s.passed[r.Topic]++
	}
	s.report(t)
}

// A suite runs rows and remembers the programs, which rows share.
type suite struct {
	programs       map[string]*Program
	passed, failed map[string]int
	ours, fair     int
	ratios         []ratio
}

// A ratio compares the AND gates of a program, ours with the reference's.
type ratio struct {
	id         string
	ours, fair int
}

func (r ratio) String() string { return fmt.Sprintf("%s %d/%d", r.id, r.ours, r.fair) }

func (s *suite) report(t *testing.T) {
	topics := []string{}
	for topic := range s.passed {
		topics = append(topics, topic)
	}
	sort.Strings(topics)
	for _, topic := range topics {
		t.Logf("%-18s %4d passed %4d failed", topic, s.passed[topic], s.failed[topic])
	}
	if s.fair > 0 {
		t.Logf("AND gates: %d, the reference with correct panics %d (%.1f %%)", s.ours, s.fair, 100*float64(s.ours)/float64(s.fair))
	}
	slices.SortFunc(s.ratios, func(a, b ratio) int { return a.ours*b.fair - b.ours*a.fair })
	if n := len(s.ratios); n >= 10 {
		t.Logf("best: %v", s.ratios[:10])
		t.Logf("worst: %v", s.ratios[n-10:])
	}
	for topic, why := range out {
		t.Logf("%-18s out: %s", topic, why)
	}
}

func (s *suite) run(r row) error {
	switch r.Kind {
	case "run":
		return s.runProgram(r)
	case "compile_error":
		return s.compileError(r)
	case "input_error":
		return s.inputError(r)
	case "serde":
		return serde(r)
	case "gate_pair", "gate_count":
		return s.gates(r)
	case "bristol_import", "bristol_export":
		return s.bristol(r)
	}
	return fmt.Errorf("unknown kind %s", r.Kind)
}

func (s *suite) compile(r row, src string) (*Program, error) {
	key := fmt.Sprint(r.Fn, r.Consts, src)
	if p := s.programs[key]; p != nil {
		return p, nil
	}
	c, err := Check(r.ID, src)
	if err != nil {
		return nil, errors.New(Render(src, err))
	}
	p, err := c.Compile(r.Fn, r.Consts)
	if err != nil {
		return nil, errors.New(Render(src, err))
	}
	s.programs[key] = p
	if r.AndFixed != nil && src == r.Source {
		s.ours += p.Circuit.Stats().And
		s.fair += *r.AndFixed
		if *r.AndFixed > 0 {
			s.ratios = append(s.ratios, ratio{r.ID, p.Circuit.Stats().And, *r.AndFixed})
		}
		if n := p.Circuit.Stats().And; n > *r.AndFixed {
			return nil, fmt.Errorf("%d AND gates, the reference has %d", n, *r.AndFixed)
		}
	}
	return p, nil
}

func (s *suite) runProgram(r row) error {
	p, err := s.compile(r, r.Source)
	if err != nil {
		return err
	}
	if got := p.Circuit.Inputs(); !slices.Equal(got, r.InputGates) {
		return fmt.Errorf("input gates %v, want %v", got, r.InputGates)
	}
	var in [][]bool
	for i, text := range r.Inputs {
		bits, err := p.ParseInput(i, text)
		if err != nil {
			return fmt.Errorf("input %d: %v", i, err)
		}
		if r.InputBits != nil && bitText(bits) != r.InputBits[i] {
			return fmt.Errorf("input %d has bits %s, want %s", i, bitText(bits), r.InputBits[i])
		}
		if r.InputJSON != nil {
			if err := sameJSON(p.Signature, i, r.InputJSON[i], bits); err != nil {
				return fmt.Errorf("input %d: %v", i, err)
			}
		}
		in = append(in, bits)
	}
	outBits, err := p.Circuit.Eval(in)
	if err != nil {
		return err
	}
	l, err := p.Decode(outBits)
	var pe *PanicError
	switch {
	case errors.As(err, &pe):
		if r.Panic != string(pe.Reason) {
			return fmt.Errorf("%v, want %q %q", err, r.Output, r.Panic)
		}
		return nil
	case err != nil:
		return err
	case r.Panic != "":
		return fmt.Errorf("output %v, want panic %s", l, r.Panic)
	case l.String() != r.Output:
		return fmt.Errorf("output %v, want %s", l, r.Output)
	case bitText(outBits[PanicBits:]) != r.OutputBits:
		return fmt.Errorf("output bits %s, want %s", bitText(outBits[PanicBits:]), r.OutputBits)
	}
	if r.OutputJSON != nil {
		got, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if !equalJSON(got, r.OutputJSON) {
			return fmt.Errorf("output JSON %s, want %s", got, r.OutputJSON)
		}
	}
	return nil
}

func sameJSON(s *Signature, party int, data json.RawMessage, want []bool) error {
	var l Literal
	if err := json.Unmarshal(data, &l); err != nil {
		return err
	}
	bits, err := s.Encode(party, l)
	if err != nil {
		return err
	}
	if !slices.Equal(bits, want) {
		return fmt.Errorf("the JSON form has other bits")
	}
	back, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if !equalJSON(back, data) {
		return fmt.Errorf("JSON %s comes back as %s", data, back)
	}
	return nil
}

func equalJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func bitText(bits []bool) string {
	var b strings.Builder
	for _, bit := range bits {
		b.WriteByte(map[bool]byte{false: '0', true: '1'}[bit])
	}
	return b.String()
}

// compileError checks the phase of the error, and its kind where the reference's first is among ours.
func (s *suite) compileError(r row) error {
	_, err := s.compileQuiet(r)
	if err == nil {
		if r.SupersetOK {
			return nil
		}
		return fmt.Errorf("accepted, want error %s %v", r.Error, r.ErrorKinds)
	}
	var list ErrorList
	if !errors.As(err, &list) {
		return fmt.Errorf("error of type %T: %v", err, err)
	}
	first := list[0]
	if string(first.Phase) != r.Error {
		return fmt.Errorf("phase %s, want %s: %v", first.Phase, r.Error, err)
	}
	if !r.SupersetOK && !slices.Contains(r.ErrorKinds, first.Kind) {
		return fmt.Errorf("kind %s, want %v: %v", first.Kind, r.ErrorKinds, err)
	}
	for _, m := range r.Missing {
		if !strings.Contains(first.Msg, m) {
			return fmt.Errorf("witness %s is missing in: %v", m, err)
		}
	}
	return nil
}

func (s *suite) compileQuiet(r row) (*Program, error) {
	c, err := Check(r.ID, r.Source)
	if err != nil {
		return nil, err
	}
	return c.Compile(r.Fn, r.Consts)
}

func (s *suite) inputError(r row) error {
	p, err := s.compileQuiet(r)
	if err != nil {
		return err
	}
	for i, text := range r.Inputs {
		_, err := p.ParseInput(i, text)
		var e *Error
		if errors.As(err, &e) && e.Phase == PhaseLiteral {
			return nil
		}
		if err != nil {
			return fmt.Errorf("error of type %T: %v", err, err)
		}
	}
	return fmt.Errorf("the inputs %q are accepted", r.Inputs)
}

// gates compares two spellings of one program.
func (s *suite) gates(r row) error {
	p, err := s.compile(r, r.Source)
	if err != nil {
		return err
	}
	if r.ExpectAnd != nil {
		if n := p.Circuit.Stats().And; n > *r.ExpectAnd {
			return fmt.Errorf("%d AND gates, want %d", n, *r.ExpectAnd)
		}
		return nil
	}
	q, err := s.compile(r, r.SourceEquiv)
	if err != nil {
		return err
	}
	a, b := p.Circuit.Stats(), q.Circuit.Stats()
	if a != b {
		return fmt.Errorf("gate counts differ: %+v and %+v", a, b)
	}
	return nil
}
