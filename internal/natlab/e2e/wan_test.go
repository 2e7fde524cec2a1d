//go:build linux

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// A wanResult is the JSON line of a computation over long lines.
type wanResult struct {
	WAN     string         `json:"wan"`
	Path    string         `json:"path"`
	Connect int64          `json:"first_ms"` // after the roster
	Total   int64          `json:"total_ms"` // after the roster
	Packets netns.WANCount `json:"packets"`
}

// wans are shapes of each direction, so that a round trip takes twice the delay.
var wans = []struct {
	name   string
	kinds  [2]netns.Kind
	shape  netns.Shape
	rounds int // in a short run
	long   int
	short  bool
	want   string
}{
	{"150 ms and 5 % loss", both(netns.Masq), netns.Shape{Delay: 75 * time.Millisecond, Loss: 0.05}, 1, 6, true, "direct"},
	{"150 ms and 5 % loss, relayed", both(netns.Symmetric), netns.Shape{Delay: 75 * time.Millisecond, Loss: 0.05}, 1, 3, false, "relay"},
	{"reordering", both(netns.Masq), netns.Shape{Delay: 10 * time.Millisecond, Jitter: 40 * time.Millisecond}, 4, 30, true, "direct"},
}

// TestWAN computes over long, lossy lines that reorder.
func TestWAN(t *testing.T) {
	for _, c := range wans {
		if !full() && !c.short {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t)
			w := l.WAN(1, func(_, _ netip.Addr) netns.Shape { return c.shape })
			rounds := c.rounds
			if full() {
				rounds = c.long
			}
			s, err := meet(t, host(t, l, 4433), l.Host(1, c.kinds[0]).NS, l.Host(2, c.kinds[1]).NS, rounds)
			if err != nil {
				t.Fatal(err)
			}
			answers, err := s.finish()
			if err != nil {
				s.explain()
				t.Fatal(err)
			}
			r := wanResult{WAN: c.name, Path: answers[0].Paths[0].Kind, Connect: s.since(""), Packets: w.Count()}
			for _, p := range s.parties {
				roster, _ := p.await("roster", time.Time{}, 0, func(e event) bool { return e.Type == "roster" })
				cost, _ := p.await("cost", time.Time{}, 0, func(e event) bool { return e.Type == "cost" })
				r.Total = max(r.Total, cost.Time.Sub(roster.Time).Milliseconds())
			}
			tell(t, r)
			if r.Path != c.want {
				t.Errorf("the path at the end is of kind %s, want %s", r.Path, c.want)
			}
			if r.Packets.Overflowed > 0 {
				t.Errorf("the WAN had no room for %d packets", r.Packets.Overflowed)
			}
			if t.Failed() {
				s.explain()
			}
		})
	}
}
