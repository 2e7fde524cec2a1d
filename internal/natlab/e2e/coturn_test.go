//go:build linux

package e2e

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// coturnSecret is what pre and turnserver share.
const coturnSecret = "north by northwest"

// startCoturn runs turnserver at the second address of the server until the test ends. Parties ask until it is there.
func startCoturn(t *testing.T, l *netns.Lab) {
	t.Helper()
	if _, err := exec.LookPath("turnserver"); err != nil {
		t.Skip("turnserver (Debian: coturn) is not installed")
	}
	dir := t.TempDir()
	at := netns.ServerAddrs[1]
	c := l.Server.Command(t.Context(), "turnserver", "-n", "--use-auth-secret", "--static-auth-secret="+coturnSecret, "--realm=coturn.test",
		"--listening-ip="+at, "--relay-ip="+at, "--listening-port=3478", "--no-tls", "--no-dtls", "--no-cli",
		"--userdb="+filepath.Join(dir, "db"), "--pidfile="+filepath.Join(dir, "pid"), "--log-file="+filepath.Join(dir, "log"))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
}

// TestCoturn computes over coturn, with no relay in pre, where no direct path is allowed: from behind NATs over UDP, and where UDP
// does not pass over TCP.
func TestCoturn(t *testing.T) {
	l := newLab(t)
	startCoturn(t, l)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(coturnSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	masq := l.Host(1, netns.Masq)
	for i, kind := range []netns.Kind{netns.Symmetric, netns.Blocked} {
		t.Run(string(kind), func(t *testing.T) {
			pre := start(t, l.Server, "pre", "--parties=2", "--listen="+netip.AddrPortFrom(netip.MustParseAddr(netns.ServerAddrs[0]), uint16(4433+i)).String(),
				"--relay=false", "--turn=turn:"+netns.ServerAddrs[1]+":3478", "--turn-secret-file="+secret,
				"--turn=turn:"+netns.ServerAddrs[1]+":3478?transport=tcp", "--turn-secret-file="+secret)
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
