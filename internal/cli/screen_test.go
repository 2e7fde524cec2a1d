package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// terminalScreen is a screen that thinks it is on a terminal, painted by hand.
func terminalScreen(w *bytes.Buffer) *screen {
	return &screen{w: w, name: "party", fd: -1, live: true, stop: func() {}}
}

func TestScreenPaintsOneBlock(t *testing.T) {
	var b bytes.Buffer
	s := terminalScreen(&b)
	s.show(func(time.Time) []string { return []string{"waiting for party 1"} })
	s.line("first")
	if got, want := b.String(), "party: first\nparty: waiting for party 1\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	b.Reset()
	s.line("second")
	if got, want := b.String(), "\x1b[1A\x1b[Jparty: second\nparty: waiting for party 1\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	b.Reset()
	s.Close()
	if got, want := b.String(), "\x1b[1A\x1b[J"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// A block line never wraps: it would be painted over in the wrong place.
func TestScreenClips(t *testing.T) {
	var b bytes.Buffer
	s := terminalScreen(&b)
	s.show(func(time.Time) []string { return []string{strings.Repeat("é", 200)} })
	s.line("x")
	lines := strings.Split(b.String(), "\n")
	if n := len([]rune(lines[1])); n != 79 {
		t.Errorf("a block line has %d characters, want 79", n)
	}
}

// Elsewhere than on a terminal there is no block, and remote text cannot move the cursor.
func TestScreenPlain(t *testing.T) {
	var b bytes.Buffer
	s := newScreen(&b, "pre")
	s.show(func(time.Time) []string { return []string{"block"} })
	s.line("party \x1b[2J left")
	s.Close()
	s.Close()
	if got, want := b.String(), "pre: party ?[2J left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBar(t *testing.T) {
	if got, want := bar(1000, 4000, 2*time.Second), "[======                  ]  25%  500 AND/s  6s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := bar(5, 4, time.Second), "100%"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
	if got := bar(1, 0, time.Second); got != "" {
		t.Errorf("got %q for no gates", got)
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3072.0 GiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	for n, want := range map[float64]string{999: "999", 12345: "12.3k", 2e6: "2.0M"} {
		if got := count(n); got != want {
			t.Errorf("%v: got %q, want %q", n, got, want)
		}
	}
}
