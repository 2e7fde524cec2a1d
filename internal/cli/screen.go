package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// repaint is how often a live block may change.
const repaint = 100 * time.Millisecond

// screen is stderr: permanent lines, and on a terminal one live block below them that is painted over.
type screen struct {
	w    io.Writer
	name string // of the program; prefix of every line
	fd   int
	live bool   // w is a terminal
	stop func() // ends the goroutine and waits for it

	mu      sync.Mutex
	block   func(now time.Time) []string // the live block; nil: none
	painted int                          // lines of it on the terminal
}

// newScreen starts a screen. Close it before anything else is written to w.
func newScreen(w io.Writer, name string) *screen {
	s := &screen{w: w, name: name, stop: func() {}}
	s.fd, s.live = terminal(w)
	if s.live {
		quit, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			s.loop(quit)
		}()
		s.stop = sync.OnceFunc(func() {
			close(quit)
			<-done
		})
	}
	return s
}

func (s *screen) loop(quit <-chan struct{}) {
	tick := time.NewTicker(repaint)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case now := <-tick.C:
			s.mu.Lock()
			s.erase()
			s.paint(now)
			s.mu.Unlock()
		}
	}
}

// line prints a permanent line.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.w, "%s: %s\n", s.name, printable(fmt.Sprintf(format, args...)))
	s.paint(time.Now())
}

// picture prints lines as they are, below a title.
func (s *screen) picture(title string, lines []string) {
	s.line("%s", title)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintln(s.w, strings.Join(lines, "\n"))
	s.paint(time.Now())
}

// show sets what the live block says; nil takes it away. Elsewhere than on a terminal it does nothing.
func (s *screen) show(block func(now time.Time) []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.block = block
}

// Close takes the live block away and ends the screen's goroutine.
func (s *screen) Close() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.block = nil
}

func (s *screen) erase() {
	if s.painted > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", s.painted)
		s.painted = 0
	}
}

func (s *screen) paint(now time.Time) {
	if !s.live || s.block == nil {
		return
	}
	width, _, err := term.GetSize(s.fd)
	if err != nil || width < 20 {
		width = 80
	}
	lines := s.block(now)
	for _, l := range lines {
		fmt.Fprintf(s.w, "%s\n", clip(s.name+": "+printable(l), width-1))
	}
	s.painted = len(lines)
}

// clip cuts a line to a width in characters, so that it never wraps.
func clip(line string, width int) string {
	r := []rune(line)
	if len(r) <= width {
		return line
	}
	return string(r[:width-1]) + "…"
}

// bar draws how far a phase is, with the rate and the time left.
func bar(done, total int64, since time.Duration) string {
	const width = 24
	if total <= 0 {
		return ""
	}
	filled := int(min(done, total) * width / total)
	s := fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("=", filled), strings.Repeat(" ", width-filled), min(done, total)*100/total)
	if done > 0 && since > 500*time.Millisecond {
		perSecond := float64(done) / since.Seconds()
		left := time.Duration(float64(total-done) / perSecond * float64(time.Second))
		s += fmt.Sprintf("  %s AND/s  %s left", count(perSecond), left.Round(time.Second))
	}
	return s
}

// count writes a number with a thousands suffix.
func count(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size {
			return fmt.Sprintf("%.1f%s", v/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.0f", v)
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	v := float64(n)
	for _, u := range []string{"B", "KiB", "MiB", "GiB"} {
		if v < 1024 || u == "GiB" {
			if u == "B" {
				return fmt.Sprintf("%d B", n)
			}
			return fmt.Sprintf("%.1f %s", v, u)
		}
		v /= 1024
	}
	return ""
}
