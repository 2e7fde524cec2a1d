package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/app"
)

// tellPlain tells events elsewhere than on a terminal.
func tellPlain(verbose bool, events ...app.Event) string {
	var b bytes.Buffer
	s := &story{screen: newScreen(&b, "party"), verbose: verbose}
	for _, e := range events {
		s.tell(e)
	}
	s.screen.Close()
	return b.String()
}

// Rule 10 of the contract: program hash, roster with keys, learners and words, before any input is used.
func TestStoryOfRoster(t *testing.T) {
	got := tellPlain(false, app.Roster{
		Session: "s", Program: "abcd", Outputs: []int{0, 2}, Evaluator: 1, Words: "one two three four five six",
		Parties: []app.Member{{Party: 0, Key: "k0"}, {Party: 1, Key: "k1", Self: true}, {Party: 2, Key: "k2"}},
	})
	want := `party: program abcd (SHA-256)
party: party 0 has key k0
party: party 1 has key k1, this is us, evaluates
party: party 2 has key k2
party: parties 0 and 2 learns the result
party: words: one two three four five six (equal at all parties; compare them over another channel)
`
	want = strings.Replace(want, "learns", "learn", 1)
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// One line a phase, however often the phases take turns.
func TestStoryOfPhases(t *testing.T) {
	got := tellPlain(false, app.Phase{Phase: "preprocess"}, app.Progress{Phase: "preprocess", Done: 1, Total: 2},
		app.Phase{Phase: "garble"}, app.Progress{Phase: "preprocess", Done: 2, Total: 2}, app.Progress{Phase: "garble", Done: 2, Total: 2})
	if want := "party: preprocessing\nparty: garbling\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStoryNamesWhomItWaitsFor(t *testing.T) {
	until := time.Date(2026, 1, 2, 15, 4, 5, 0, time.Local)
	got := tellPlain(false, app.Waiting{Parties: []int{0, 1, 4}, Until: until}, app.PartyState{Party: 1, State: "failed", Why: "it was interrupted"})
	if want := "party: waiting for parties 0, 1 and 4 until 15:04:05\nparty: party 1 failed: it was interrupted\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type nopWriteCloser struct{ bytes.Buffer }

func (*nopWriteCloser) Close() error { return nil }

// Every event is one line of JSON that begins alike.
func TestEventLog(t *testing.T) {
	var b nopWriteCloser
	log := &eventLog{w: &b}
	for _, e := range allEvents() {
		log.write(e.event.Type(), e.event)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(allEvents()) {
		t.Fatalf("%d lines for %d events", len(lines), len(allEvents()))
	}
	for i, line := range lines {
		var head struct {
			V    int
			Time time.Time
			Type string
		}
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if head.V != 1 || head.Type != allEvents()[i].event.Type() || head.Time.IsZero() {
			t.Errorf("%s begins with %+v", line, head)
		}
	}
}

func TestDrawQR(t *testing.T) {
	small, large := drawQR("tacit1qqqq"), drawQR("tacit1"+strings.Repeat("q", 194))
	if len(large) <= len(small) || len(large) > 40 {
		t.Errorf("%d lines for 10 characters, %d for 200", len(small), len(large))
	}
	for _, l := range large {
		if !strings.HasSuffix(l, "\x1b[0m") {
			t.Fatal("a line leaves the colours changed")
		}
	}
}
