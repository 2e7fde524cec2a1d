//go:build linux

package doctor

import (
	"strings"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestHostBehindRealNATs: a public host, one behind a home router, and one whose way out drops UDP.
func TestHostBehindRealNATs(t *testing.T) {
	t.Parallel()
	lab := netns.New(t)
	startServer(t, lab)
	cases := []struct {
		kind    netns.Kind
		verdict Verdict
		mapping string
	}{
		{netns.Open, ReachableLikely, "no NAT"},
		{netns.Masq, LocalOnly, "endpoint-independent mapping"},
		{netns.Symmetric, LocalOnly, "address and port-dependent mapping"},
		{netns.Blocked, LocalOnly, ""},
	}
	reports := make([]Report, len(cases))
	var running sync.WaitGroup
	for i, c := range cases {
		h := lab.Host(i+1, c.kind)
		running.Go(func() { reports[i] = hostIn(t, h) })
	}
	running.Wait()
	for i, c := range cases {
		r := reports[i]
		if m := find(t, r, "mapping-ipv4", ""); r.Verdict != c.verdict || c.mapping != "" && m.Detail != c.mapping || c.mapping == "" && m.Because != "udp" {
			t.Errorf("%s: want %s, %s; the report is\n%s", c.kind, c.verdict, c.mapping, r)
		}
	}
}

func hostIn(t *testing.T, h *netns.Host) Report {
	return examineIn(t, h, "host", HostConfig{Listen: ":4433", RelayListen: ":3478", STUN: []string{labCoordinator.String(), labRelay.String()}})
}

// TestMappedPort: behind Debian's miniupnpd a host is reachable, and a party is told of the port.
func TestMappedPort(t *testing.T) {
	t.Parallel()
	lab := netns.New(t)
	id := startServer(t, lab)
	router := lab.Router(1)
	router.MapsPorts()
	h := lab.Behind(router, 10)
	r := hostIn(t, h)
	if r.Verdict != ReachableLikely || !strings.Contains(r.Why, router.WAN+":4433") {
		t.Errorf("the report is\n%s", r)
	}
	wants(t, r, "port-mapping", "", OK, router.WAN+":4433")
	if s := find(t, r, "self-probe", "").Status; s == Fail || s == Warn {
		t.Errorf("the self-probe is %s: a router need not turn packets around", s)
	}
	if r = partyIn(t, h, id); r.Verdict != DirectLikely {
		t.Errorf("the report is\n%s", r)
	}
	wants(t, r, "port-mapping", "", OK, "router")
	if left := router.Run("nft", "list", "chain", "inet", "upnp", "pre_mapped"); strings.Contains(left, "dnat") {
		t.Errorf("a mapping was not given back:\n%s", left)
	}
}
