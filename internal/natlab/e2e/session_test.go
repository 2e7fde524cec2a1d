//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
	"github.com/tacit-mpc/tacit/natpunch"
)

// Waits that are far above what anything takes.
const (
	startWithin = 20 * time.Second
	runWithin   = 4 * time.Minute
)

// A session is pre on the lab's server and two parties.
type session struct {
	t       *testing.T
	rounds  int
	pre     *process
	parties [2]*process
}

// An answer is what a party printed.
type answer struct {
	Result string
	Paths  []struct {
		Kind, Remote, Why string
		Probes            int
	}
}

// atRelay tells whether the path leads to the machine of the relay, whatever it is called.
func (a answer) atRelay() bool {
	at, err := netip.ParseAddrPort(a.Paths[0].Remote)
	return err != nil || at.Addr().Unmap().String() == netns.ServerAddrs[0]
}

// inputs are those of the two parties.
var inputs = [2]uint64{123456789, 987654321}

// newLab makes a lab, builds the programs and answers STUN.
func newLab(t *testing.T) *netns.Lab {
	t.Helper()
	l := netns.New(t)
	if err := build(); err != nil {
		t.Fatal(err)
	}
	serveSTUN(t, l.Server)
	return l
}

// stunServer answers at the second address of the server: that tells address-dependent mapping, which two ports of pre do not.
var stunServer = net.JoinHostPort(netns.ServerAddrs[1], "3480")

func serveSTUN(t *testing.T, ns *netns.NS) {
	t.Helper()
	var c *net.UDPConn
	err := ns.Do(func() (err error) {
		c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(stunServer)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if r := natpunch.Respond(buf[:n], from); r != nil {
				c.WriteToUDPAddrPort(r, from)
			}
		}
	})
	t.Cleanup(func() { c.Close(); serving.Wait() })
}

// host starts pre on a port of the server, with its relay on the next.
func host(t *testing.T, l *netns.Lab, port int, args ...string) *process {
	t.Helper()
	return start(t, l.Server, "pre", append([]string{
		"--parties=2", fmt.Sprintf("--listen=%s:%d", netns.ServerAddrs[0], port),
		fmt.Sprintf("--relay-listen=%s:%d", netns.ServerAddrs[0], port+1),
	}, args...)...)
}

// hostBoth is host for IPv4 and IPv6.
func hostBoth(t *testing.T, l *netns.Lab, port int, args ...string) *process {
	t.Helper()
	return start(t, l.Server, "pre", append([]string{
		"--parties=2", fmt.Sprintf("--listen=:%d", port), fmt.Sprintf("--advertise=%s:%d", netns.ServerAddrs[0], port),
		fmt.Sprintf("--advertise=[2001:db8:fff::1]:%d", port), fmt.Sprintf("--relay-listen=:%d", port+1),
	}, args...)...)
}

// meet starts a party on each of two hosts.
func meet(t *testing.T, pre *process, x, y *netns.NS, rounds int, args ...string) (*session, error) {
	s := &session{t: t, rounds: rounds, pre: pre}
	for i, ns := range [2]*netns.NS{x, y} {
		ticket, err := pre.line(fmt.Sprintf("ticket %d: ", i), startWithin)
		if err != nil {
			return nil, err
		}
		all := []string{
			"--stun=" + stunServer, "--ticket=" + ticket, "--program=" + filepath.Join(scratch, "power.gb"),
			"--input=" + strconv.FormatUint(inputs[i], 10), "--json",
		}
		if i == 0 {
			all = append(all, fmt.Sprintf("--const=ROUNDS=%d", rounds))
		}
		s.parties[i] = start(t, ns, "party", append(all, args...)...)
	}
	return s, nil
}

// finish waits for the results and checks them.
func (s *session) finish() (all [2]answer, err error) {
	for i, p := range s.parties {
		code, err := p.end(runWithin)
		if err != nil {
			for _, p := range s.parties {
				p.stacks()
			}
			return all, err
		}
		if code != 0 || len(p.out) == 0 {
			return all, fmt.Errorf("party %d ended with exit code %d", i, code)
		}
		if err := json.Unmarshal([]byte(p.out[0]), &all[i]); err != nil {
			return all, fmt.Errorf("party %d: %w", i, err)
		}
		if want := strconv.FormatUint(power(inputs[0], inputs[1], s.rounds), 10); all[i].Result != want {
			return all, fmt.Errorf("party %d got %s, want %s", i, all[i].Result, want)
		}
		if len(all[i].Paths) != 1 {
			return all, fmt.Errorf("party %d tells of %d paths, want 1", i, len(all[i].Paths))
		}
	}
	return all, nil
}

// since tells how many milliseconds after the roster the first path of a kind ("" is any) was in use at both parties; -1 if never.
func (s *session) since(kind string) int64 {
	var last int64
	for _, p := range s.parties {
		var roster time.Time
		at := int64(-1)
		for _, e := range p.events {
			switch {
			case e.Type == "roster":
				roster = e.Time
			case e.Type == "path" && at < 0 && (kind == "" || e.Kind == kind):
				at = e.Time.Sub(roster).Milliseconds()
			}
		}
		if at < 0 {
			return -1
		}
		last = max(last, at)
	}
	return last
}

// explain logs what everybody said.
func (s *session) explain() {
	s.t.Helper()
	for i, p := range s.parties {
		s.t.Logf("--- party %d\n%s", i, p.said())
	}
	s.t.Logf("--- pre\n%s", s.pre.said())
}

// tell logs one JSON line, to the file TACIT_LAB_LINES as well if that is set.
func tell(t *testing.T, line any) {
	t.Helper()
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
	name := os.Getenv("TACIT_LAB_LINES")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	if _, err := f.Write(append(b, '\n')); err != nil {
		t.Error(err)
	}
}
