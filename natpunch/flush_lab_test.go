//go:build linux

package natpunch_test

import (
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
	"github.com/tacit-mpc/tacit/natpunch"
)

// flushWithin is what a test allows for goal G19, three times two seconds.
const flushWithin = 6 * time.Second

// TestKernelFlush has NATs forget everything under busy pairs. One that gives the same port again is not even noticed; with one
// that gives another the path is mended (goal G19).
func TestKernelFlush(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("conntrack"); err != nil {
		t.Skip("needs conntrack")
	}
	l := newLab(t)
	for _, c := range []netns.Cell{
		{Name: "port x masq", X: l.Host(1, netns.Port), Y: l.Host(2, netns.Masq)},
		{Name: "symm x cone", X: l.Host(3, netns.Symmetric), Y: l.Host(4, netns.Cone)},
	} {
		x, y := newNode(t, c.X), newNode(t, c.Y)
		nodes := [2]*node{x, y}
		var known [2]natpunch.Gathered
		var pairs [2]*natpunch.Pair
		for i, n := range nodes {
			known[i] = n.gather(t.Context(), l.v4)
			pairs[i] = n.puncher.Pair(natpunch.PairConfig{Secret: [32]byte{19}, Lower: i == 0})
		}
		for i, p := range pairs {
			p.SetBehaviour(known[i].Behaviour(), known[1-i].Behaviour())
			p.AddRemote(known[1-i].Candidates...)
			p.Go(0)
		}
		tick := time.NewTicker(10 * time.Millisecond)
		// until waits, with traffic, for pings to pass both ways again.
		until := func(what string, ok func() bool) time.Duration {
			t.Helper()
			start := time.Now()
			for !ok() {
				if time.Since(start) > flushWithin {
					t.Fatalf("%s: %s takes more than %v\n%v\n%v", c.Name, what, flushWithin, pairs[0].Report(), pairs[1].Report())
				}
				<-tick.C
				pairs[0].Touch()
				pairs[1].Touch()
			}
			return time.Since(start)
		}
		proven := func() bool { return pairs[0].Path().Proven && pairs[1].Path().Proven }
		until("a path", proven)
		answered := func() (count int) {
			for _, p := range pairs {
				r := p.Report()
				if i := slices.IndexFunc(r.Tried, func(a natpunch.Attempt) bool { return a.Addr == r.Path.Remote }); i >= 0 && r.Path.Proven {
					count += r.Tried[i].Pongs
				}
			}
			return count
		}
		until("some traffic", func() bool { return answered() > 6 })
		old := pairs[1].Path().Remote
		c.X.Router.Run("conntrack", "-F")
		c.Y.Router.Run("conntrack", "-F")
		moved := c.X.Kind == netns.Symmetric
		took := until("mending", func() bool { return proven() && (!moved || pairs[1].Path().Remote != old) })
		before := answered()
		until("traffic after the flush", func() bool { return proven() && answered() > before+2 })
		t.Logf(`{"flush":%q,"mended_ms":%d}`, c.Name, took.Milliseconds())
		tick.Stop()
		for i := range pairs {
			pairs[i].Close()
			nodes[i].close()
		}
	}
}
