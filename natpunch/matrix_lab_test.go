//go:build linux

package natpunch_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// A cell is played with a skew between the two starts, some times.
type cell struct {
	netns.Cell
	servers []netip.AddrPort
	skew    time.Duration
	repeats int
}

// cellResult is the JSON line of a cell.
type cellResult struct {
	Pair    string `json:"pair"`
	Class   string `json:"class"` // measured
	Skew    int64  `json:"skew_ms"`
	Want    string `json:"want"`
	Direct  int    `json:"direct"`
	Repeats int    `json:"repeats"`
	Void    int    `json:"void,omitempty"` // meetings that did not count
	Path    string `json:"path,omitempty"`
	Median  int64  `json:"median_ms,omitempty"`
	Max     int64  `json:"max_ms,omitempty"`
	Probes  int64  `json:"max_probes"`
}

// Times that a cell may take: a plain punch, one birthday try, and for the cells that need a relay a whole try that comes to nothing.
const (
	plainWithin    = 2 * time.Second
	birthdayWithin = 4500 * time.Millisecond
	maxProbes      = 3200 // of both sides together: goal G7 has 1500 guesses, and the sockets and repetitions of the other side
)

// run plays a cell and judges it.
func (c cell) run(t *testing.T) {
	patience := map[byte]time.Duration{'D': plainWithin, 'B': birthdayWithin, 'R': birthdayWithin, 0: plainWithin}[c.Want]
	r := cellResult{
		Pair: c.Name, Class: fmt.Sprintf("%v x %v", c.X.Kind.Behaviour(), c.Y.Kind.Behaviour()),
		Skew: c.skew.Milliseconds(), Want: string(c.Want),
	}
	if c.Want == 0 {
		r.Want = "?"
	}
	var took []int64
	var failed []meeting
	for ; !c.Enough(c.repeats, r.Repeats, r.Direct); r.Repeats++ {
		m, void := c.play(t, patience)
		r.Void += void
		r.Probes = max(r.Probes, m.probes)
		if !m.direct {
			failed = append(failed, m)
			continue
		}
		r.Direct++
		r.Path = m.path[0].Kind.String()
		took = append(took, m.after.Milliseconds())
	}
	if len(took) > 0 {
		slices.Sort(took)
		r.Median, r.Max = took[len(took)/2], took[len(took)-1]
	}
	line, _ := json.Marshal(r)
	t.Logf("%s", line)
	if !c.Holds(r.Repeats, r.Direct) {
		t.Errorf("%s: %d of %d direct, which is not %s", c.Name, r.Direct, r.Repeats, r.Want)
		for _, m := range failed[:min(len(failed), 2)] {
			t.Logf("%s: not direct after %v\n--- %v\n--- %v", c.Name, m.after, m.report[0], m.report[1])
		}
	}
	if r.Probes > maxProbes {
		t.Errorf("%s: %d packets", c.Name, r.Probes)
	}
}

// play lets two fresh nodes meet, again if that says nothing: the NATs that compute ports give two sockets the same one now and
// then, and drop the packets of the second; and a busy machine may stand still for longer than a try lasts.
func (c cell) play(t *testing.T, patience time.Duration) (m meeting, void int) {
	for void = range 5 {
		x, y := newNode(t, c.X), newNode(t, c.Y)
		m = meet(t, c, x, y, patience)
		x.close()
		y.close()
		if m.direct || !m.void {
			break
		}
	}
	return m, void
}

// runAll plays cells at the same time, a few at once.
func runAll(t *testing.T, cells []cell, atOnce int) {
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for _, c := range cells {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			c.run(t)
		})
	}
	running.Wait()
}

// selection is what a short run plays, at a skew of 0 and, where the second field says so, 150 ms.
var selection = map[string]bool{
	"fw x masq": true, "cone x symm": false, "addr x adm": false, "port x masq": true, "fw x adm": false, "port x symm": false,
	"masq x symseq": false, "symm x symm": false, "open x blocked": false,
}

func full() bool { return os.Getenv("TACIT_LAB") == "full" }

func repeats(t *testing.T) int {
	n := 20
	if s := os.Getenv("TACIT_LAB_REPEATS"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil || n < 1 {
			t.Fatalf("TACIT_LAB_REPEATS: not a positive number: %q", s)
		}
	}
	return n
}

// TestKernelMatrix punches between every two kinds of NAT in the kernel.
func TestKernelMatrix(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var cells []cell
	for _, n := range l.Grid(func(name string) bool { _, ok := selection[name]; return ok || full() }) {
		c := cell{Cell: n, servers: l.v4, repeats: 1}
		if full() && c.Want != 'R' {
			c.repeats = repeats(t)
		}
		cells = append(cells, c)
		if selection[c.Name] || full() {
			c.skew = 150 * time.Millisecond
			cells = append(cells, c)
		}
	}
	// Birthday cells few at once, for they need the processor; those that come to nothing only wait.
	var running sync.WaitGroup
	for want, atOnce := range map[byte]int{'R': 20, 'D': 3, 'B': 2} {
		running.Go(func() {
			runAll(t, slices.DeleteFunc(slices.Clone(cells), func(c cell) bool { return c.Want != want }), atOnce)
		})
	}
	running.Wait()
}
