//go:build linux

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// A goal is one of the design about how soon two parties are connected, and the network that it is about.
type goal struct {
	name  string // of the design's table
	what  string
	delay time.Duration // one way, between any two access networks
	aim   time.Duration // see goalSlack
	kind  string        // of the path that is meant
	hosts func(l *netns.Lab) (x, y *netns.NS)
	port  int // of pre
}

// oneWay makes round trips of 50 ms.
const oneWay = 25 * time.Millisecond

var goals = []goal{
	{name: "G1", what: "one lan: first byte", aim: 8 * time.Millisecond, kind: "direct", port: 4433,
		hosts: func(l *netns.Lab) (x, y *netns.NS) {
			home := l.Router(1)
			home.NAT(netns.Masq, "")
			return l.Behind(home, 10).NS, l.Behind(home, 11).NS
		}},
	{name: "G3", what: "masq x masq: direct", delay: oneWay, aim: 200 * time.Millisecond, kind: "direct", port: 4433, hosts: twoOf(netns.Masq, netns.Masq)},
	{name: "G3", what: "port x addr: direct", delay: oneWay, aim: 200 * time.Millisecond, kind: "direct", port: 4433, hosts: twoOf(netns.Port, netns.Addr)},
	{name: "G3", what: "cone x symm: direct", delay: oneWay, aim: 200 * time.Millisecond, kind: "direct", port: 4433, hosts: twoOf(netns.Cone, netns.Symmetric)},
	{name: "G4", what: "symm x symm: first byte by relay", delay: oneWay, aim: 195 * time.Millisecond, kind: "relay", port: 4433, hosts: twoOf(netns.Symmetric, netns.Symmetric)},
	{name: "G5", what: "only TCP 443 x masq: first byte by relay", delay: oneWay, aim: 450 * time.Millisecond, kind: "relay", port: 443,
		hosts: func(l *netns.Lab) (x, y *netns.NS) {
			narrow := l.Host(1, netns.Open)
			narrow.NFT(onlyWeb)
			return narrow.NS, l.Host(2, netns.Masq).NS
		}},
}

func twoOf(x, y netns.Kind) func(l *netns.Lab) (a, b *netns.NS) {
	return func(l *netns.Lab) (a, b *netns.NS) { return l.Host(1, x).NS, l.Host(2, y).NS }
}

// How often each is measured, and what a loaded machine may add to three times an aim.
const (
	goalRepeats = 5 // 1 in a short run
	goalSlack   = 500 * time.Millisecond
)

// A goalResult is the JSON line of a goal. Times count from the roster, until both parties told of the path.
type goalResult struct {
	Goal  string  `json:"goal"`
	What  string  `json:"what"`
	Aim   int64   `json:"aim_ms"`
	Took  []int64 `json:"took_ms"`
	Seat  []int64 `json:"seat_ms"` // from the program's start until its party had a seat, the later one
	Total int64   `json:"packets"`
}

// TestFigures measures how soon parties are connected.
func TestFigures(t *testing.T) {
	for _, f := range goals {
		t.Run(f.name+" "+f.what, f.run)
	}
}

func (f goal) run(t *testing.T) {
	l := newLab(t)
	w := l.WAN(1, func(_, _ netip.Addr) netns.Shape { return netns.Shape{Delay: f.delay} })
	x, y := f.hosts(l)
	r := goalResult{Goal: f.name, What: f.what, Aim: f.aim.Milliseconds()}
	worst := int64(0)
	repeats := 1
	if full() {
		repeats = goalRepeats
	}
	limit := (3*f.aim + goalSlack).Milliseconds()
	for range repeats {
		pre := host(t, l, f.port)
		s, err := meet(t, pre, x, y, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.finish(); err != nil {
			s.explain()
			t.Fatal(err)
		}
		pre.kill()
		took := s.since(f.kind)
		if took < 0 {
			s.explain()
			t.Fatalf("there has never been a path of kind %s", f.kind)
		}
		r.Took = append(r.Took, took)
		r.Seat = append(r.Seat, s.seated())
		worst = max(worst, took)
		if took > limit {
			s.explain()
		}
	}
	r.Total = int64(w.Count().Passed)
	tell(t, r)
	if worst > limit {
		t.Errorf("a path of kind %s after %d ms, want %d", f.kind, worst, r.Aim)
	}
}

// seated tells how many milliseconds the later party looked for its seat.
func (s *session) seated() (last int64) {
	for _, p := range s.parties {
		var began time.Time
		for _, e := range p.events {
			switch e.Type {
			case "joining":
				began = e.Time
			case "seated":
				last = max(last, e.Time.Sub(began).Milliseconds())
			}
		}
	}
	return last
}
