//go:build linux

package e2e

import (
	"net/netip"
	"os/exec"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestCoturn computes over coturn, with no relay in pre, where no direct path is allowed: from behind NATs over UDP, and where UDP
// does not pass over TCP.
func TestCoturn(t *testing.T) {
	l := newLab(t)
	if _, err := exec.LookPath("turnserver"); err != nil {
		t.Skip("turnserver (Debian: coturn) is not installed")
	}
	turn := newTURNServer(t, l.Server)
	masq := l.Host(1, netns.Masq)
	for i, kind := range []netns.Kind{netns.Symmetric, netns.Blocked} {
		t.Run(string(kind), func(t *testing.T) {
			pre := start(t, l.Server, "pre", "--parties=2", "--listen="+netip.AddrPortFrom(netip.MustParseAddr(netns.ServerAddrs[0]), uint16(4433+i)).String(),
				"--relay=false", "--turn=turn:"+turn.addr, "--turn-secret-file="+turn.secretFile,
				"--turn=turn:"+turn.addr+"?transport=tcp", "--turn-secret-file="+turn.secretFile)
			s, err := meet(t, pre, masq.NS, l.Host(2+i, kind).NS, plainRounds, "--path=relay")
			if err != nil {
				t.Fatal(err)
			}
			answers, err := s.finish()
			if err != nil {
				s.explain()
				t.Fatal(err)
			}
			through := false
			for i, a := range answers {
				p := a.Paths[0]
				if p.Kind != "relay" {
					t.Errorf("party %d ended with a path of kind %s to %s, want relay", i, p.Kind, p.Remote)
				}
				at, err := netip.ParseAddrPort(p.Remote)
				through = through || err == nil && at.Addr().String() == netns.ServerAddrs[1]
			}
			if !through {
				t.Errorf("no path leads through coturn: %+v", answers)
			}
			if t.Failed() {
				s.explain()
			}
		})
	}
}
