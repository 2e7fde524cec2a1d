//go:build linux

package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// Rounds of the program: over the slow relay they last some seconds, long enough for a plain punch, and for a birthday one.
const (
	plainRounds    = 15
	birthdayRounds = 40
)

// A cell is a pair of hosts, one of whose parties may be late, and what came of the sessions between them. One goroutine plays it.
type cell struct {
	netns.Cell
	skew time.Duration

	played, direct int
	failed         bool // a session came to nothing
	path, why      string
	first, took    []int64 // milliseconds after the roster until there was a path, and a direct one
	probes         []int   // pings of both parties
}

// A cellResult is the JSON line of a cell.
type cellResult struct {
	Pair    string `json:"pair"`
	Class   string `json:"class"` // as measured
	Skew    int64  `json:"skew_ms"`
	Want    string `json:"want"`
	Path    string `json:"path"` // at the end of the last session
	Why     string `json:"why,omitempty"`
	Repeats int    `json:"repeats"`
	Direct  int    `json:"direct"`
	First   int64  `json:"connected_ms"` // median, after the roster
	Took    int64  `json:"direct_ms"`    // likewise of those that became direct; -1: none
	Probes  int    `json:"probes"`       // median
}

// play computes once between the two, in a session of its own.
func (c *cell) play(t *testing.T, pre *process) {
	rounds := plainRounds
	if c.Want == 'B' {
		rounds = birthdayRounds
	}
	c.failed = true
	defer pre.kill()
	s, err := meet(t, pre, c.X.NS, c.Y.NS, rounds)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	if c.skew > 0 {
		if err := s.parties[c.played%2].pauseAt("roster", c.skew); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			s.explain()
			return
		}
	}
	answers, err := s.finish()
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		s.explain()
		return
	}
	c.failed = false
	c.played++
	c.path, c.why = answers[0].Paths[0].Kind, answers[0].Paths[0].Why
	c.first = append(c.first, s.since(""))
	c.probes = append(c.probes, answers[0].Paths[0].Probes+answers[1].Paths[0].Probes)
	direct := 0
	for i, a := range answers {
		p := a.Paths[0]
		if p.Kind == "direct" {
			direct++
			if a.atRelay() {
				t.Errorf("%s: party %d calls a path to %s direct", c.Name, i, p.Remote)
			}
		}
	}
	switch direct {
	case 2:
		c.direct++
		c.took = append(c.took, s.since("direct"))
	case 1:
		t.Errorf("%s: the path is direct for one of the two", c.Name)
		s.explain()
	default:
		if c.Want == 'D' || c.Want == 'B' {
			t.Logf("%s: not direct", c.Name)
			s.explain()
		}
	}
}

// judge tells what came of the cell, and fails the test if that is not what is wanted.
func (c *cell) judge(t *testing.T) {
	r := cellResult{
		Pair: c.Name, Class: c.X.Kind.Behaviour().String() + " x " + c.Y.Kind.Behaviour().String(), Skew: c.skew.Milliseconds(),
		Want: string(c.Want), Path: c.path, Why: c.why, Repeats: c.played, Direct: c.direct,
		First: median(c.first), Took: median(c.took), Probes: int(median(c.probes)),
	}
	if c.Want == 0 {
		r.Want = "?"
	}
	tell(t, r)
	if !c.Holds(c.played, c.direct) {
		t.Errorf("%s, skew %v: %d of %d direct, which is not %s", c.Name, c.skew, c.direct, c.played, r.Want)
	}
}

// median is the upper one of two, and -1 of nothing.
func median[T int | int64](of []T) int64 {
	if len(of) == 0 {
		return -1
	}
	slices.Sort(of)
	return int64(of[len(of)/2])
}
