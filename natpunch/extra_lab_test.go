//go:build linux

package natpunch_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestKernelExtra punches where two hosts share more than the internet, where a NAT changes, and where there is only IPv6.
func TestKernelExtra(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	n := 1
	if full() {
		n = repeats(t)
	}
	var cells []cell
	add := func(e netns.Cell, servers []netip.AddrPort) {
		c := cell{Cell: e, servers: servers, repeats: n}
		if c.Want == 'R' {
			c.repeats = 1
		}
		cells = append(cells, c)
		if full() || c.Want == 0 {
			c.skew = 150 * time.Millisecond
			cells = append(cells, c)
		}
	}
	for _, e := range l.Extra() {
		add(e, l.v4)
	}
	add(netns.Cell{Name: "IPv6 only", X: l.V6(1), Y: l.V6(2), Want: 'D'}, l.v6)
	runAll(t, cells, 12)
}
