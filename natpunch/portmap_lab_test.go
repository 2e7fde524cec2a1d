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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// mapperEnv makes the test binary a host that maps a port by the protocol named.
const mapperEnv = "TACIT_TEST_MAPPER"

// TestPortMapping asks Debian's miniupnpd for a port by each protocol, is reached through it, and gives it back.
func TestPortMapping(t *testing.T) {
	if os.Getenv(mapperEnv) != "" {
		t.Skip("this process is the host")
	}
	t.Parallel()
	l := netns.New(t)
	for i, protocol := range []string{"PCP", "NAT-PMP", "UPnP", "any"} {
		r := l.Router(1 + i)
		r.MapsPorts()
		h := l.Behind(r, 10)
		t.Run(protocol, func(t *testing.T) { t.Parallel(); mapPort(t, l, r, h, protocol) })
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
	// A datagram may be lost, for one while miniupnpd renews what it was asked for twice.
	sending, heard := context.WithCancel(ctx)
	defer heard()
	var knocking sync.WaitGroup
	knocking.Go(func() {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for sending.Err() == nil {
			if err := knock(l.Server, external); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-again.C:
			case <-sending.Done():
			}
		}
	})
	if got := next("heard "); got != "hello from outside" {
		t.Errorf("heard %q", got)
	}
	heard()
	knocking.Wait()
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

// knock sends a datagram from a new socket.
func knock(from *netns.NS, to netip.AddrPort) error {
	return from.Do(func() error {
		c, err := net.Dial("udp", to.String())
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("hello from outside\n"))
		return err
	})
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
