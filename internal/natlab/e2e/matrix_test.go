//go:build linux

package e2e

import (
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// selection is what a short run plays.
var selection = map[string]bool{
	"fw x masq": true, "masq x masq": true, "cone x symm": true, "addr x adm": true, "symm x symm": true, "open x blocked": true,
	"blocked x blocked": true, "port x symm": true,
}

// behaviours are what the kinds are, measured.
var behaviours = map[netns.Kind]netns.Behaviour{
	netns.Open: {Mapping: "none", Filtering: "none"}, netns.Firewall: {Mapping: "none", Filtering: "APDF"},
	netns.Cone: {Mapping: "EIM", Filtering: "EIF"}, netns.Addr: {Mapping: "EIM", Filtering: "ADF"},
	netns.Port: {Mapping: "EIM", Filtering: "APDF"}, netns.Masq: {Mapping: "EIM", Filtering: "APDF"},
	netns.ADM: {Mapping: "ADM", Filtering: "APDF"}, netns.Symmetric: {Mapping: "APDM", Filtering: "APDF"},
	netns.Sequential: {Mapping: "APDM", Filtering: "APDF"}, netns.Blocked: {Mapping: "blocked", Filtering: "blocked"},
}

// Rounds of the program: enough for a plain punch, and for a birthday one.
const (
	plainRounds    = 15
	birthdayRounds = 250
)

// atOnce is how many sessions run at the same time.
const atOnce = 2

// A pairResult is the JSON line of a pair.
type pairResult struct {
	Pair   string `json:"pair"`
	Want   string `json:"want"`
	Path   string `json:"path"`      // at the end
	First  int64  `json:"first_ms"`  // after the roster
	Direct int64  `json:"direct_ms"` // likewise; -1: never
	Why    string `json:"why,omitempty"`
	Err    string `json:"error,omitempty"`
}

// TestMatrix computes between every two kinds of NAT.
func TestMatrix(t *testing.T) {
	l := newLab(t)
	l.StartEcho()
	hosts := map[int]*netns.Host{} // two of each kind
	get := func(kind, side int) *netns.NS {
		i := 1 + 2*kind + side
		if hosts[i] == nil {
			h := l.Host(i, netns.Kinds[kind])
			if got, err := l.Classify(h); err != nil || got != behaviours[h.Kind] {
				t.Fatalf("%s: measured %+v, %v; want %+v", h.Kind, got, err, behaviours[h.Kind])
			}
			hosts[i] = h
		}
		return hosts[i].NS
	}
	var cells []cell
	for i, x := range netns.Kinds {
		for j := i; j < len(netns.Kinds); j++ {
			name := string(x) + " x " + string(netns.Kinds[j])
			if full() || selection[name] {
				cells = append(cells, cell{name, netns.Matrix[i][j], get(i, 0), get(j, 1)})
			}
		}
	}
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i, c := range cells {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			c.run(t, host(t, l, 5000+2*i))
		})
	}
	running.Wait()
}

// A cell is a pair of hosts and the path that they should get.
type cell struct {
	name string
	want byte
	x, y *netns.NS
}

// run computes between the two and judges the path.
func (c cell) run(t *testing.T, pre *process, args ...string) {
	rounds := plainRounds
	if c.want == 'B' {
		rounds = birthdayRounds
	}
	r := pairResult{Pair: c.name, Want: string(c.want)}
	s, err := meet(t, pre, c.x, c.y, rounds, args...)
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	answers, err := s.finish()
	if err != nil {
		r.Err = err.Error()
		tell(t, r)
		t.Errorf("%s: %v", c.name, err)
		s.explain()
		return
	}
	r.Path, r.Why, r.First, r.Direct = answers[0].Paths[0].Kind, answers[0].Paths[0].Why, s.since(""), s.since("direct")
	tell(t, r)
	kind := "direct"
	if c.want == 'R' {
		kind = "relay"
	}
	for i, a := range answers {
		if p := a.Paths[0]; p.Kind != kind || kind == "direct" && a.atRelay() {
			t.Errorf("%s: party %d ended with a path of kind %s to %s, want %s", c.name, i, p.Kind, p.Remote, kind)
			s.explain()
		}
	}
}
