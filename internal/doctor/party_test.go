package doctor

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/relay"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

func loopbackServer(t *testing.T) *server {
	t.Helper()
	s, err := serve(anyPort, anyPort, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// stunAt is a bare STUN server on an address.
func stunAt(t *testing.T, addr string) string {
	t.Helper()
	s, err := openSocket(addr)
	if err != nil {
		t.Skipf("this machine has no address %s: %v", addr, err)
	}
	t.Cleanup(s.close)
	return s.local().String()
}

func examine(t *testing.T, cfg PartyConfig) Report {
	t.Helper()
	r, err := Party(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", r)
		}
	})
	return r
}

// find is the result of a code and a transport's relay, or of a code.
func find(t *testing.T, r Report, code, subject string) Result {
	t.Helper()
	for _, c := range r.Checks {
		if c.Code == code && strings.Contains(c.Subject, subject) {
			return c
		}
	}
	t.Fatalf("no check %s of %q", code, subject)
	return Result{}
}

func wants(t *testing.T, r Report, code, subject string, status Status, detail string) {
	t.Helper()
	if c := find(t, r, code, subject); c.Status != status || !strings.Contains(c.Detail, detail) {
		t.Errorf("%s %s is %s, %q; want %s, %q", code, subject, c.Status, c.Detail, status, detail)
	}
}

// TestPartyOnThisMachine: everything that can be known over loopback, against a real coordinator, STUN servers and a real relay.
func TestPartyOnThisMachine(t *testing.T) {
	t.Parallel()
	s := loopbackServer(t)
	elsewhere := stunAt(t, "127.0.0.2:0")
	credentials, err := Mint(secret)
	if err != nil {
		t.Fatal(err)
	}
	wrong := credentials
	wrong.Password = "wrong"
	url := func(tr relay.Transport) relay.URL {
		return relay.URL{Host: s.relay.Addr().String(), Port: s.relay.Port(), Transport: tr}
	}
	r := examine(t, PartyConfig{
		Coordinator: s.id, Addrs: []string{s.coord.String()}, RelayURL: "turn:" + s.relay.String(), STUN: []string{elsewhere},
		Relays: []Relay{{url(relay.UDP), &credentials}, {url(relay.TCP), &credentials}, {url(relay.TCP), &wrong}},
	})
	if r.Verdict != DirectLikely {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	for _, code := range []string{"udp", "mapping-ipv4", "coordinator-quic", "coordinator-tls", "relay-tls"} {
		wants(t, r, code, "", OK, "")
	}
	wants(t, r, "filtering-ipv4", "", Unknown, "does not carry packets") // this relay never sends to a machine's own other ports
	var udp, tcp, refused int
	for _, c := range r.Checks {
		allocated := strings.Contains(c.Detail, "relays for us at 127.0.0.1:")
		switch {
		case c.Code == "relay-udp" && allocated && c.RTT > 0:
			udp++
		case c.Code == "relay-tcp" && allocated && c.RTT > 0:
			tcp++
		case c.Code == "relay-tcp" && c.Status == Fail:
			refused++
			if strings.Contains(c.Detail, "wrong") {
				t.Errorf("a password is told: %s", c.Detail)
			}
		}
	}
	if udp != 1 || tcp != 1 || refused != 1 {
		t.Errorf("%d allocations over UDP, %d over TCP, %d refused; want one each", udp, tcp, refused)
	}
}

// TestWrongCoordinator: who answers with another key is named as such, and is no path.
func TestWrongCoordinator(t *testing.T) {
	t.Parallel()
	s := loopbackServer(t)
	other, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	r := examine(t, PartyConfig{Coordinator: other.ID(), Addrs: []string{s.coord.String()}, RelayURL: "none"})
	if r.Verdict != NoPath {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	for _, code := range []string{"coordinator-quic", "coordinator-tls"} {
		wants(t, r, code, "", Fail, "has the key "+s.id.String())
	}
}

// TestRelayWithoutUDP: a relay over TCP is a path when nothing answers over UDP, and a dead one is none.
func TestRelayWithoutUDP(t *testing.T) {
	t.Parallel()
	s := loopbackServer(t)
	silent, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(anyPort))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	over := func(at netip.AddrPort) []Relay {
		return []Relay{{URL: relay.URL{Host: at.Addr().String(), Port: at.Port(), Transport: relay.TCP}}}
	}
	r := examine(t, PartyConfig{STUN: []string{silent.LocalAddr().String()}, Relays: over(s.relay)})
	if r.Verdict != RelayOnly {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	wants(t, r, "udp", "", Fail, "no STUN server answers")
	if c := find(t, r, "mapping-ipv4", ""); c.Because != "udp" {
		t.Errorf("the mapping is explained by %q", c.Because)
	}
	if text := r.String(); strings.Contains(text, "mapping-ipv4") || !strings.HasPrefix(text, "relay only: ") {
		t.Errorf("the text is\n%s", text)
	}

	gone, err := net.Listen("tcp", anyPort.String())
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	r = examine(t, PartyConfig{STUN: []string{silent.LocalAddr().String()}, Relays: over(gone.Addr().(*net.TCPAddr).AddrPort())})
	if r.Verdict != NoPath {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	wants(t, r, "relay-tcp", "", Fail, "refused")
}

// TestNotSTUN: a server that speaks something else over TCP is no relay, and does not make us read without end.
func TestNotSTUN(t *testing.T) {
	for name, says := range map[string]string{
		"text":      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"too long":  "\x01\x01\xff\xff" + strings.Repeat("x", 16),
		"truncated": "\x01\x01\x00\x08",
		"silent":    "",
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				buf := make([]byte, 64)
				theirs.Read(buf)
				theirs.Write([]byte(says))
				theirs.Close()
			}()
			if err := askStream(t.Context(), ours, anyPort); err == nil {
				t.Error("taken for a STUN server")
			}
		})
	}
}

// TestInterrupted: an examination ends when its context does.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Party(ctx, PartyConfig{STUN: []string{"127.0.0.1:9"}}); err == nil {
		t.Errorf("a report: %s", r)
	}
}
