//go:build linux

package doctor

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

// upnpRules are those of a home router that leaves the mapping of ports to miniupnpd.
const upnpRules = `table inet upnp {
	chain forward {
		type filter hook forward priority 0;
		iifname "wan" ct state established,related accept
		jump mapped
		iifname "wan" drop
	}
	chain mapped {
	}
	chain pre {
		type nat hook prerouting priority -100;
		jump pre_mapped
	}
	chain post {
		type nat hook postrouting priority 100;
		jump post_mapped
		oifname "wan" masquerade
	}
	chain pre_mapped {
	}
	chain post_mapped {
	}
}
`

const upnpConfig = `ext_ifname=wan
listening_ip=lan
enable_upnp=yes
enable_natpmp=yes
secure_mode=yes
min_lifetime=60
max_lifetime=3600
uuid=00000000-0000-4000-8000-000000000002
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=mapped
upnp_nat_chain=pre_mapped
upnp_nat_postrouting_chain=post_mapped
allow 1024-65535 0.0.0.0/0 1024-65535
`

// TestMappedPort: behind Debian's miniupnpd a host is reachable, and a party is told of the port.
func TestMappedPort(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("miniupnpd"); err != nil {
		t.Skip("needs miniupnpd (Debian: miniupnpd-nftables)")
	}
	lab := netns.New(t)
	id := startServer(t, lab)
	router := lab.Router(1)
	router.NFT(upnpRules)
	h := lab.Behind(router, 10)
	startUPnP(t, router)
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

func startUPnP(t *testing.T, r *netns.Router) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "miniupnpd.conf")
	if err := os.WriteFile(config, []byte(upnpConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	daemon := r.Command(ctx, "miniupnpd", "-d", "-f", config, "-P", config+".pid")
	out, err := daemon.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	daemon.Stdout = daemon.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		var once sync.Once
		for s := bufio.NewScanner(out); s.Scan(); {
			if strings.Contains(s.Text(), "NAT-PMP") || strings.Contains(s.Text(), "PCP") {
				once.Do(func() { close(ready) })
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; daemon.Wait() })
	select {
	case <-ready:
	case <-done:
		t.Fatal("miniupnpd ended")
	case <-time.After(10 * time.Second):
		t.Fatal("miniupnpd does not begin")
	}
}
