//go:build linux

package natpunch_test

import (
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
	"github.com/tacit-mpc/tacit/natpunch"
)

// TestKernelExtra punches where two hosts share more than the internet: a lan, a router that turns packets round, a carrier's
// NAT; and where there is only IPv6.
func TestKernelExtra(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.StartEcho()
	check := func(h *netns.Host, want netns.Behaviour) *netns.Host {
		t.Helper()
		if got, err := l.Classify(h); err != nil || got != want {
			t.Errorf("host %s: measured %+v, %v; want %+v", h.Addr, got, err, want)
		}
		return h
	}
	masq, cone := netns.Behaviour{Mapping: "EIM", Filtering: "APDF"}, netns.Behaviour{Mapping: "EIM", Filtering: "EIF"}
	outside := check(l.Host(1, netns.Masq), masq)

	home := l.Router(2)
	home.NAT(netns.Masq, "")
	lan := [2]*netns.Host{check(l.Behind(home, 10), masq), check(l.Behind(home, 11), masq)}

	turning := l.Router(3)
	turning.LearningCone()
	hairpin := [2]*netns.Host{check(l.Behind(turning, 10), cone), check(l.Behind(turning, 11), cone)}

	behind := func(carrier *netns.Router, octet int) *netns.Host {
		r := l.Home(carrier, octet)
		r.NAT(netns.Masq, "")
		return check(l.Behind(r, 10), masq)
	}
	plain := l.Carrier(4)
	plain.NAT(netns.Masq, "")
	strict := [2]*netns.Host{behind(plain, 2), behind(plain, 3)}
	generous := l.Carrier(5)
	generous.LearningCone()
	shared := [2]*netns.Host{behind(generous, 2), behind(generous, 3)}

	n := 1
	if full() {
		n = repeats(t)
	}
	var cells []cell
	for _, c := range []cell{
		{name: "one lan", x: lan[0], y: lan[1], want: 'D'},
		{name: "one lan, no host candidates, no hairpin", x: lan[0], y: lan[1], want: 'R', secret: natpunch.Host},
		{name: "one lan, no host candidates, hairpin", x: hairpin[0], y: hairpin[1], want: 'D', secret: natpunch.Host},
		{name: "two homes of a carrier, no hairpin", x: strict[0], y: strict[1], want: 'R'},
		{name: "two homes of a carrier, hairpin", x: shared[0], y: shared[1], want: 'D'},
		{name: "home of a carrier x home outside", x: strict[0], y: outside, want: 'D'},
		{name: "homes of two carriers", x: strict[0], y: shared[0], want: 'D'},
		{name: "IPv6 only", x: l.V6(6), y: l.V6(7), want: 'D', servers: l.v6},
		{name: "noinputdrop x masq", x: l.Host(8, netns.NoInputDrop), y: outside},
		{name: "noinputdrop x fw", x: l.Host(9, netns.NoInputDrop), y: l.Host(10, netns.Firewall)},
	} {
		if c.servers == nil {
			c.servers = l.v4
		}
		c.repeats, c.need = n, n
		if c.want == 'R' {
			c.repeats = 1
		}
		cells = append(cells, c)
		c.skew = 150 * time.Millisecond
		if full() || c.want == 0 {
			cells = append(cells, c)
		}
	}
	if !t.Failed() {
		runAll(t, cells, 12)
	}
}
