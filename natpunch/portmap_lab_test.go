//go:build linux

package natpunch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// mapperEnv makes the test binary a host that maps a port by the protocol named.
const mapperEnv = "TACIT_TEST_MAPPER"

// routerRules are those of a home router that leaves the mapping of ports to miniupnpd.
const routerRules = `table inet upnp {
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
table inet input {
	chain input {
		type filter hook input priority 0;
		iifname "wan" ct state established,related accept
		iifname "wan" drop
	}
}
`

const miniupnpdConfig = `ext_ifname=wan
listening_ip=lan
enable_upnp=yes
enable_natpmp=yes
secure_mode=yes
min_lifetime=60
max_lifetime=3600
uuid=00000000-0000-4000-8000-000000000001
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=mapped
upnp_nat_chain=pre_mapped
upnp_nat_postrouting_chain=post_mapped
allow 1024-65535 0.0.0.0/0 1024-65535
`

// TestPortMapping asks Debian's miniupnpd for a port by each protocol, is reached through it, and gives it back.
func TestPortMapping(t *testing.T) {
	if os.Getenv(mapperEnv) != "" {
		t.Skip("this process is the host")
	}
	if _, err := exec.LookPath("miniupnpd"); err != nil {
		t.Skip("needs miniupnpd (Debian: miniupnpd-nftables)")
	}
	t.Parallel()
	l := netns.New(t)
	for i, protocol := range []string{"PCP", "NAT-PMP", "UPnP", "any"} {
		r := l.Router(1 + i)
		r.NFT(routerRules)
		h := l.Behind(r, 10)
		startMiniupnpd(t, r)
		t.Run(protocol, func(t *testing.T) { t.Parallel(); mapPort(t, l, r, h, protocol) })
	}
}

func startMiniupnpd(t *testing.T, r *netns.Router) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "miniupnpd.conf")
	if err := os.WriteFile(config, []byte(miniupnpdConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	daemon := r.Command(ctx, "miniupnpd", "-d", "-f", config, "-P", filepath.Join(dir, "pid"))
	out, err := daemon.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	daemon.Stdout = daemon.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var said strings.Builder
		for s := bufio.NewScanner(out); s.Scan(); {
			fmt.Fprintln(&said, s.Text())
			if strings.Contains(s.Text(), "NAT-PMP") || strings.Contains(s.Text(), "PCP") {
				signalString(ready, "")
			}
		}
		signalString(ready, said.String())
	}()
	t.Cleanup(func() { cancel(); <-done; daemon.Wait() })
	select {
	case said := <-ready:
		if said != "" {
			t.Fatalf("miniupnpd ended: %s", said)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("miniupnpd does not start")
	}
}

func signalString(c chan string, s string) {
	select {
	case c <- s:
	default:
	}
}

// mapPort runs the host, reaches it from the server, and sees the mapping go when the host ends.
func mapPort(t *testing.T, l *netns.Lab, r *netns.Router, h *netns.Host, protocol string) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	host := h.Command(ctx, os.Args[0], "-test.run=^TestPortMappingHost$", "-test.v")
	host.Env = append(os.Environ(), mapperEnv+"="+protocol)
	in, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	host.Stderr = os.Stderr
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(prefix string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return rest
			}
			if strings.HasPrefix(strings.TrimSpace(lines.Text()), "portmap_lab_test.go") {
				t.Log(lines.Text())
			}
		}
		t.Errorf("the host ended and said no %q", prefix)
		return ""
	}
	external, err := netip.ParseAddrPort(next("mapped "))
	if err != nil || external.Addr().String() != r.WAN {
		t.Fatalf("mapped %v (%v), want a port of %s", external, err, r.WAN)
	}
	t.Log(next("by "))
	if err := l.Server.Do(func() error {
		c, err := net.Dial("udp", external.String())
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("hello from outside\n"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := next("heard "); got != "hello from outside" {
		t.Errorf("heard %q", got)
	}
	rule := fmt.Sprintf("dnat ip to %s", h.Addr)
	if rules := r.Run("nft", "list", "ruleset"); !strings.Contains(rules, rule) {
		t.Errorf("no mapping in the router's rules: %s", rules)
	}
	in.Close()
	io.Copy(io.Discard, out)
	if err := host.Wait(); err != nil {
		t.Errorf("the host failed: %v", err)
	}
	if rules := r.Run("nft", "list", "ruleset"); strings.Contains(rules, rule) {
		t.Errorf("the mapping outlives its socket: %s", rules)
	}
}

// TestPortMappingHost is the host of TestPortMapping, a process of its own inside the namespace: it maps the port of a socket,
// says what it hears there, and ends with its standard input.
func TestPortMappingHost(t *testing.T) {
	protocol := os.Getenv(mapperEnv)
	if protocol == "" {
		t.Skip("only as a part of TestPortMapping")
	}
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	local := c.LocalAddr().(*net.UDPAddr).AddrPort()
	gw, err := defaultGateway()
	if err != nil {
		t.Fatal(err)
	}
	external := make(chan portMapping, 16)
	var release func()
	if protocol == "any" {
		g := Gather(GatherConfig{Local: local, PortMap: true, Changed: func(g Gathered) {
			for _, c := range g.Candidates {
				if c.Kind == Mapped {
					external <- portMapping{c.Addr, g.Mapping}
				}
			}
		}})
		release = g.Close
	} else {
		m := map[string]mapper{"PCP": newPCP(gw, local.Port()), "NAT-PMP": newPMP(gw, local.Port()), "UPnP": newUPnP(gw, local.Port())}[protocol]
		for range 2 { // the second renews
			a, lifetime, err := m.request(t.Context())
			if err != nil || lifetime < time.Minute {
				t.Fatalf("%s: %v for %v: %v", protocol, a, lifetime, err)
			}
			external <- portMapping{a, protocol}
		}
		if a, b := <-external, <-external; a != b {
			t.Fatalf("renewed %v and got %v", a, b)
		} else {
			external <- a
		}
		release = func() {
			if err := m.release(t.Context()); err != nil {
				t.Errorf("release: %v", err)
			}
		}
	}
	m := <-external
	fmt.Printf("\nmapped %v\nby %s\n", m.external, m.how)
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("heard %s\n", strings.TrimSpace(string(buf[:n])))
	io.Copy(io.Discard, os.Stdin)
	release()
}
