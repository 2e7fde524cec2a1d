//go:build linux

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/doctor"
	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestDoctorBehindRealNATs runs both programs in kernel namespaces (root): a ticket is all that party doctor is given.
func TestDoctorBehindRealNATs(t *testing.T) {
	t.Parallel()
	lab := netns.New(t)
	ticket := startPre(t, lab.Server)
	const forward = "table inet way {\nchain forward {\ntype filter hook forward priority -10;\nct state established,related accept\n"
	cases := []struct {
		name    string
		kind    netns.Kind
		rules   string
		code    int
		verdict doctor.Verdict
	}{
		{"masquerade", netns.Masq, "", exitDone, doctor.DirectLikely},
		{"symmetric", netns.Symmetric, "", exitDone, doctor.DirectLikely},
		{"no UDP", netns.Blocked, "", exitDone, doctor.RelayOnly},
		{"only TCP 443", netns.Masq, forward + "tcp dport 443 accept\ndrop\n}\n}\n", exitDone, doctor.RelayOnly},
		{"nothing", netns.Masq, forward + "drop\n}\n}\n", exitNoPath, doctor.NoPath},
	}
	var running sync.WaitGroup
	defer running.Wait()
	for i, c := range cases {
		h := lab.Host(i+1, c.kind)
		if c.rules != "" {
			h.Router.NFT(c.rules)
		}
		running.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			party := h.Command(ctx, "party", "doctor", "--json", "--ticket-file=-")
			party.Stdin = strings.NewReader(ticket)
			var said bytes.Buffer
			party.Stderr = &said
			out, err := party.Output()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Errorf("%s: %v", c.name, err)
				return
			}
			var r doctor.Report
			if err := json.Unmarshal(out, &r); err != nil {
				t.Errorf("%s: %v: %s%s", c.name, err, out, said.Bytes())
				return
			}
			if code := party.ProcessState.ExitCode(); code != c.code || r.Verdict != c.verdict {
				t.Errorf("%s: exit code %d, %s; want %d, %s; the report is\n%s", c.name, code, r.Verdict, c.code, c.verdict, r)
			}
		})
	}
}

// startPre hosts a session on the lab's server until the test ends, and returns a ticket.
func startPre(t *testing.T, ns *netns.NS) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	pre := ns.Command(ctx, "pre", "--parties=2", "--listen=:443", "--relay-listen=:3478", "--advertise="+netns.ServerAddrs[0])
	var said bytes.Buffer
	pre.Stderr = &said
	pre.WaitDelay = time.Second
	out, err := pre.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pre.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); pre.Wait() })
	for s := bufio.NewScanner(out); s.Scan(); {
		if ticket, ok := strings.CutPrefix(s.Text(), "ticket 0: "); ok {
			return ticket
		}
	}
	cancel()
	pre.Wait()
	t.Fatalf("pre printed no ticket:\n%s", said.Bytes())
	return ""
}
