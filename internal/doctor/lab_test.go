//go:build linux

package doctor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// The tests here examine real kernel NATs from inside, and need root.

// onlyTLS is a network that lets nothing out but TCP to port 443.
const onlyTLS = `table inet office {
	chain forward {
		type filter hook forward priority -10;
		ct state established,related accept
		tcp dport 443 accept
		drop
	}
}
`

// nothing is a network without a way out.
const nothing = `table inet cut {
	chain forward {
		type filter hook forward priority -10;
		drop
	}
}
`

func TestBehindRealNATs(t *testing.T) {
	t.Parallel()
	lab := netns.New(t)
	id := startServer(t, lab)
	cases := []struct {
		name               string
		kind               netns.Kind
		rules              string
		verdict            Verdict
		mapping, filtering string // "": explained by udp
		tcp, tls           Status // of the coordinator's relay
	}{
		{"open", netns.Open, "", DirectLikely, "no NAT", "endpoint-independent filtering", OK, OK},
		{"firewall", netns.Firewall, "", DirectLikely, "no NAT", "address and port-dependent filtering", OK, OK},
		{"cone", netns.Cone, "", DirectLikely, "endpoint-independent mapping", "endpoint-independent filtering", OK, OK},
		{"masquerade", netns.Masq, "", DirectLikely, "endpoint-independent mapping", "address and port-dependent filtering", OK, OK},
		{"adm", netns.ADM, "", DirectLikely, "address-dependent mapping", "address and port-dependent filtering", OK, OK},
		{"symmetric", netns.Symmetric, "", DirectLikely, "address and port-dependent mapping", "address and port-dependent filtering", OK, OK},
		{"no UDP", netns.Blocked, "", RelayOnly, "", "", OK, OK},
		{"only TCP 443", netns.Masq, onlyTLS, RelayOnly, "", "", Fail, OK},
		{"nothing", netns.Masq, nothing, NoPath, "", "", Fail, Unknown},
	}
	reports := make([]Report, len(cases))
	var running sync.WaitGroup
	for i, c := range cases {
		h := lab.Host(i+1, c.kind)
		if c.rules != "" {
			h.Router.NFT(c.rules)
		}
		running.Go(func() { reports[i] = partyIn(t, h, id) })
	}
	t.Run("IPv6 alone", func(t *testing.T) {
		r := examineIn(t, lab.V6(len(cases)+1), "party", task{STUN: []string{labV6.String(), labElsewhere.String()}})
		if r.Verdict != DirectLikely {
			t.Errorf("the report is\n%s", r)
		}
		wants(t, r, "mapping-ipv6", "", OK, "no NAT")
		wants(t, r, "ipv6", "", OK, labV6.String()+" sees us")
		wants(t, r, "mapping-ipv4", "", Unknown, "no STUN server with IPv4 was asked")
	})
	running.Wait()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := reports[i]
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("%s", r)
				}
			})
			if r.Verdict != c.verdict {
				t.Errorf("the verdict is %s, want %s", r.Verdict, c.verdict)
			}
			if c.mapping == "" {
				wants(t, r, "udp", "", Fail, "no STUN server answers")
				for _, code := range []string{"mapping-ipv4", "filtering-ipv4", "relay-udp"} {
					if because := find(t, r, code, "").Because; because != "udp" {
						t.Errorf("%s is explained by %q", code, because)
					}
				}
			} else {
				wants(t, r, "udp", "", OK, "")
				wants(t, r, "coordinator-quic", "", OK, "proves its key")
				wants(t, r, "relay-udp", "turn:203.0.113.1:3478", OK, "")
				if m := find(t, r, "mapping-ipv4", ""); !strings.HasPrefix(m.Detail, c.mapping) {
					t.Errorf("the mapping is %q, want %q", m.Detail, c.mapping)
				}
				if f := find(t, r, "filtering-ipv4", ""); f.Detail != c.filtering {
					t.Errorf("the filtering is %q, want %q", f.Detail, c.filtering)
				}
			}
			if s := find(t, r, "relay-tcp", "transport=tcp").Status; s != c.tcp {
				t.Errorf("relay-tcp is %s, want %s", s, c.tcp)
			}
			if s := find(t, r, "relay-tls", "coordinator").Status; s != c.tls {
				t.Errorf("relay-tls is %s, want %s", s, c.tls)
			}
		})
	}
}

// startServer runs the server on the lab's public machine until the test ends, and returns the coordinator's key.
func startServer(t *testing.T, lab *netns.Lab) identity.ID {
	t.Helper()
	c := inRole(t, lab.Server, "server")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server: %v", err)
	}
	id, err := identity.ParseID(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func partyIn(t *testing.T, h *netns.Host, coordinator identity.ID) Report {
	return examineIn(t, h, "party", task{
		Addrs: []string{labCoordinator.String()}, Coordinator: coordinator, RelayURL: "turn:" + labRelay.String(),
		STUN: []string{labElsewhere.String()}, TURN: "turn:" + labRelay.String(),
	})
}

// examineIn runs an examination on a host, in a process of its own. It may be called from any goroutine.
func examineIn(t *testing.T, h *netns.Host, role string, what any) (r Report) {
	c := inRole(t, h.NS, role)
	told, err := json.Marshal(what)
	if err != nil {
		t.Error(err)
		return r
	}
	c.Stdin = bytes.NewReader(told)
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		t.Errorf("%s in %s: %v", role, h.Name(), err)
	}
	return r
}

// inRole prepares this test binary as another program in a namespace.
func inRole(t *testing.T, ns *netns.NS, role string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c := ns.Command(ctx, self)
	c.Env = append(os.Environ(), "DOCTOR_TEST_ROLE="+role)
	c.Stderr = os.Stderr
	return c
}
