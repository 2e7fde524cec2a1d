package doctor

import (
	"net"
	"strings"
	"testing"
)

// TestHostPorts: ports that open, and each that does not, by its code.
func TestHostPorts(t *testing.T) {
	busyUDP, err := net.ListenPacket("udp", anyPort.String())
	if err != nil {
		t.Fatal(err)
	}
	defer busyUDP.Close()
	busyTCP, err := net.Listen("tcp", anyPort.String())
	if err != nil {
		t.Fatal(err)
	}
	defer busyTCP.Close()
	free := anyPort.String()
	for name, c := range map[string]struct {
		cfg     HostConfig
		verdict Verdict
		failed  string // code
	}{
		"free":          {HostConfig{Listen: free, RelayListen: free}, LocalOnly, ""},
		"no relay":      {HostConfig{Listen: free}, LocalOnly, ""},
		"UDP busy":      {HostConfig{Listen: busyUDP.LocalAddr().String()}, NoPath, "bind-udp"},
		"TCP busy":      {HostConfig{Listen: busyTCP.Addr().String()}, NoPath, "bind-tcp"},
		"relay's busy":  {HostConfig{Listen: free, RelayListen: busyTCP.Addr().String()}, NoPath, "bind-relay-tcp"},
		"not ours":      {HostConfig{Listen: "203.0.113.77:0"}, NoPath, "bind-udp"},
		"no such thing": {HostConfig{Listen: "127.0.0.1:nothing"}, NoPath, "bind-udp"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Host(t.Context(), c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != c.verdict {
				t.Errorf("the verdict is %s, want %s", r.Verdict, c.verdict)
			}
			for _, check := range r.Checks {
				bind := strings.HasPrefix(check.Code, "bind-")
				if bind && check.Code == c.failed && check.Status != Fail || bind && c.failed == "" && check.Status != OK {
					t.Errorf("%s is %s: %s", check.Code, check.Status, check.Detail)
				}
			}
		})
	}
}
