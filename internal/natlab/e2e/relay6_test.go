//go:build linux

package e2e

import (
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestRelayIPv6 computes over pre's relay, which has both families, where a party has IPv6 alone: with one that has IPv4 alone, and
// with another of its kind.
func TestRelayIPv6(t *testing.T) {
	l := newLab(t)
	x := l.V6(1)
	for i, c := range []struct {
		name string
		y    *netns.Host
		args []string
	}{
		{"IPv6 only x IPv4 only", l.Host(2, netns.Masq), nil},
		{"IPv6 only x IPv6 only", l.V6(3), []string{"--path=relay"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := meet(t, hostBoth(t, l, 4433+2*i), x.NS, c.y.NS, plainRounds, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			answers, err := s.finish()
			if err != nil {
				s.explain()
				t.Fatal(err)
			}
			for i, a := range answers {
				if p := a.Paths[0]; p.Kind != "relay" {
					t.Errorf("party %d ended with a path of kind %s to %s, want relay", i, p.Kind, p.Remote)
					s.explain()
				}
			}
		})
	}
}
