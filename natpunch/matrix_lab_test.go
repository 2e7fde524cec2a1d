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
	"github.com/tacit-mpc/tacit/natpunch"
)

// A cell is one pair of kinds, or another situation, and what is expected of it.
type cell struct {
	name    string
	x, y    *netns.Host
	servers []netip.AddrPort
	want    byte // D: direct by plain punching; B: by birthday punching or prediction; R: only by relay; 0: as it comes
	skew    time.Duration
	repeats int
	need    int           // of repeats, for D and B
	class   string        // measured
	secret  natpunch.Kind // candidates of this kind are not told
}

// cellResult is the JSON line of a cell.
type cellResult struct {
	Pair    string `json:"pair"`
	Class   string `json:"class,omitempty"`
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
	patience := map[byte]time.Duration{'D': plainWithin, 'B': birthdayWithin, 'R': birthdayWithin, 0: plainWithin}[c.want]
	r := cellResult{Pair: c.name, Class: c.class, Skew: c.skew.Milliseconds(), Want: string(c.want), Repeats: c.repeats}
	if c.want == 0 {
		r.Want = "?"
	}
	var took []int64
	var failed []meeting
	for range c.repeats {
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
	switch {
	case c.want == 'R' && r.Direct > 0:
		t.Errorf("%s: direct, which nobody believed possible: the lab is not what it claims", c.name)
	case (c.want == 'D' || c.want == 'B') && r.Direct < c.need:
		for _, m := range failed[:min(len(failed), 2)] {
			t.Errorf("%s: not direct after %v\n--- %v\n--- %v", c.name, m.after, m.report[0], m.report[1])
		}
	}
	if r.Probes > maxProbes {
		t.Errorf("%s: %d packets", c.name, r.Probes)
	}
}

// play lets two fresh nodes meet, again if that says nothing: the NATs that compute ports give two sockets the same one now and
// then, and drop the packets of the second; and a busy machine may stand still for longer than a try lasts.
func (c cell) play(t *testing.T, patience time.Duration) (m meeting, void int) {
	for void = range 5 {
		x, y := newNode(t, c.x), newNode(t, c.y)
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
	l.StartEcho()
	want := map[netns.Kind]netns.Behaviour{
		netns.Open: {Mapping: "none", Filtering: "none"}, netns.Firewall: {Mapping: "none", Filtering: "APDF"},
		netns.Cone: {Mapping: "EIM", Filtering: "EIF"}, netns.Addr: {Mapping: "EIM", Filtering: "ADF"},
		netns.Port: {Mapping: "EIM", Filtering: "APDF"}, netns.Masq: {Mapping: "EIM", Filtering: "APDF"},
		netns.ADM: {Mapping: "ADM", Filtering: "APDF"}, netns.Symmetric: {Mapping: "APDM", Filtering: "APDF"},
		netns.Sequential: {Mapping: "APDM", Filtering: "APDF"}, netns.Blocked: {Mapping: "blocked", Filtering: "blocked"},
	}
	var cells []cell
	hosts := map[int]*netns.Host{} // by access network: two of each kind
	host := func(kind, side int) *netns.Host {
		i := 1 + 2*kind + side
		if hosts[i] == nil {
			hosts[i] = l.Host(i, netns.Kinds[kind])
		}
		return hosts[i]
	}
	for i, x := range netns.Kinds {
		for j := i; j < len(netns.Kinds); j++ {
			y := netns.Kinds[j]
			c := cell{name: fmt.Sprintf("%s x %s", x, y), servers: l.v4, want: netns.Matrix[i][j], repeats: 1, need: 1}
			late, selected := selection[c.name]
			switch {
			case full():
				late = true
				if c.want != 'R' {
					c.repeats = repeats(t)
					c.need = c.repeats
				}
				if c.want == 'B' {
					c.need = c.repeats * 19 / 20
				}
			case !selected:
				continue
			}
			c.x, c.y = host(i, 0), host(j, 1)
			c.class = want[x].Mapping + "/" + want[x].Filtering + " x " + want[y].Mapping + "/" + want[y].Filtering
			cells = append(cells, c)
			if late {
				c.skew = 150 * time.Millisecond
				cells = append(cells, c)
			}
		}
	}
	var classifying sync.WaitGroup
	for i, h := range hosts {
		classifying.Go(func() {
			if got, err := l.Classify(h); err != nil || got != want[h.Kind] {
				t.Errorf("host %d is no %s: measured %+v, %v", i, h.Kind, got, err)
			}
		})
	}
	classifying.Wait()
	if t.Failed() {
		return
	}
	// Birthday cells few at once, for they need the processor; those that come to nothing only wait.
	var running sync.WaitGroup
	for want, atOnce := range map[byte]int{'R': 20, 'D': 3, 'B': 2} {
		running.Go(func() {
			runAll(t, slices.DeleteFunc(slices.Clone(cells), func(c cell) bool { return c.want != want }), atOnce)
		})
	}
	running.Wait()
}
