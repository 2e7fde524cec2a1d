//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// exitPeer is the exit code when a party is lost.
const exitPeer = 6

// An outageResult is the JSON line of an outage.
type outageResult struct {
	Outage   string   `json:"outage"`
	Patience float64  `json:"patience_s"`
	Ended    [2]int64 `json:"ended_ms"` // after the outage began
}

// TestOutage takes one party off the network for longer than the others have patience: all end, and name whom they lost.
func TestOutage(t *testing.T) {
	t.Run("direct pair", func(t *testing.T) { outage(t, netns.Masq, 10*time.Second) })
	if full() {
		t.Run("relayed pair", func(t *testing.T) { outage(t, netns.Symmetric, 10*time.Second) })
		t.Run("with the patience that is the default", func(t *testing.T) { outage(t, netns.Masq, 0) })
	}
}

func outage(t *testing.T, kind netns.Kind, patience time.Duration) {
	l := newLab(t)
	x, y := l.Host(1, kind), l.Host(2, kind)
	var args []string
	if patience == 0 {
		patience = time.Minute
	} else {
		args = append(args, "--patience="+patience.String())
	}
	s, err := meet(t, host(t, l, 4433), x.NS, y.NS, 2*faultRounds, args...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.parties[0].await("progress", time.Time{}, time.Minute, func(e event) bool { return e.Type == "progress" }); err != nil {
		s.explain()
		t.Fatal(err)
	}
	l.Inet.NFT(table("cut", fmt.Sprintf("ip saddr %[1]s drop\n\t\tip daddr %[1]s drop", x.Public)))
	from := time.Now()
	r := outageResult{Outage: string(kind), Patience: patience.Seconds()}
	for i, p := range s.parties {
		code, err := p.end(3 * patience)
		if err != nil {
			s.explain()
			t.Fatal(err)
		}
		r.Ended[i] = time.Since(from).Milliseconds()
		if code != exitPeer {
			t.Errorf("party %d ended with exit code %d", i, code)
		}
		var said struct{ Error struct{ ID, Message string } }
		if len(p.out) == 0 || json.Unmarshal([]byte(p.out[0]), &said) != nil || said.Error.ID != "party-lost" ||
			!strings.Contains(said.Error.Message, fmt.Sprintf("party %d", 1-i)) {
			t.Errorf("party %d says %q, which does not tell that party %d was lost", i, p.out, 1-i)
		}
	}
	tell(t, r)
	if t.Failed() {
		s.explain()
	}
}
