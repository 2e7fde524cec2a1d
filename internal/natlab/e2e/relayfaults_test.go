//go:build linux

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// relayFaults happen to pairs that have no direct path.
var relayFaults = []fault{
	{name: "mappings flushed, relayed", kinds: both(netns.Symmetric), aim: 2 * time.Second, want: "relay", do: flush},
	{name: "mappings flushed again and again, relayed", kinds: both(netns.Symmetric), aim: 2 * time.Second, want: "relay", rounds: 4 * faultRounds,
		do: func(f *field) {
			for range 3 {
				flush(f)
				f.pass(5 * time.Second)
			}
			f.from = time.Now()
			flush(f)
		}},
	{name: "pre restarted, relayed pair", kinds: both(netns.Symmetric), aim: 2 * time.Second, short: true, want: "relay", resume: true,
		do: func(f *field) { f.restart(4433) }},
	{name: "pre restarted at other ports, relayed pair", kinds: both(netns.Symmetric), aim: 2 * time.Second, want: "relay", resume: true,
		do: func(f *field) { f.restart(4433, "--relay-listen="+net.JoinHostPort(netns.ServerAddrs[0], "5555")) }},
	{name: "pre killed, second relay known", kinds: both(netns.Symmetric), aim: 3 * time.Second, want: "relay", turn: true,
		do: func(f *field) { f.pre.kill() }},
	{name: "pre killed, external relay", kinds: both(netns.Symmetric), aim: time.Second, want: "relay", turn: true, alone: true,
		do: func(f *field) { f.pre.kill() }},
	{name: "external relay restarted", kinds: both(netns.Symmetric), aim: 2 * time.Second, want: "relay", turn: true, alone: true,
		do: func(f *field) {
			f.turn.kill()
			f.pass(2 * time.Second)
			f.turn.start()
			f.from = time.Now()
		}},
}

// prepare starts what a fault needs, and returns the flags of pre.
func (f *field) prepare(c fault) (flags []string) {
	if c.resume {
		os.Remove(filepath.Join(scratch, "state"))
		os.Remove(filepath.Join(scratch, "key"))
		key := f.lab.Server.Command(f.t.Context(), filepath.Join(scratch, "party"), "keygen", filepath.Join(scratch, "key"))
		if out, err := key.CombinedOutput(); err != nil {
			f.t.Fatalf("%v: %s", err, out)
		}
		flags = append(flags, stateArgs()...)
	}
	if c.turn {
		f.turn = newTURNServer(f.t, f.lab.Server)
		flags = append(flags, "--turn=turn:"+f.turn.addr, "--turn-secret-file="+f.turn.secretFile)
	}
	if c.alone {
		flags = append(flags, "--relay=false")
	}
	return flags
}

func stateArgs() []string {
	return []string{"--identity=" + filepath.Join(scratch, "key"), "--state=" + filepath.Join(scratch, "state")}
}

// restart kills pre and starts it again two seconds later.
func (f *field) restart(port int, flags ...string) {
	f.pre.kill()
	f.pass(2 * time.Second)
	f.from = time.Now()
	f.pre = host(f.t, f.lab, port, append(stateArgs(), flags...)...)
}

// A turnServer is Debian's coturn at the second address of the lab's server.
type turnServer struct {
	t          *testing.T
	ns         *netns.NS
	addr       string
	secretFile string
	cmd        *exec.Cmd
}

func newTURNServer(t *testing.T, ns *netns.NS) *turnServer {
	t.Helper()
	const secret = "shared by pre and coturn"
	s := &turnServer{t: t, ns: ns, addr: net.JoinHostPort(netns.ServerAddrs[1], "3478"), secretFile: filepath.Join(scratch, "secret")}
	if err := os.WriteFile(s.secretFile, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scratch, "turn.conf"), []byte("static-auth-secret="+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start runs the server and waits until it answers.
func (s *turnServer) start() {
	s.t.Helper()
	ip := netns.ServerAddrs[1]
	s.cmd = s.ns.Command(s.t.Context(), "turnserver", "-c", filepath.Join(scratch, "turn.conf"), "--use-auth-secret", "--realm=coturn.test",
		"--listening-ip="+ip, "--relay-ip="+ip, "--listening-port=3478", "--no-tls", "--no-dtls", "--no-cli", "--userdb="+filepath.Join(scratch, "turn.db"),
		"--pidfile="+filepath.Join(scratch, "turn.pid"), "--log-file="+filepath.Join(scratch, "turn.log"))
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("%v (Debian: coturn)", err)
	}
	limit := time.Now().Add(startWithin)
	for {
		err := s.ns.Do(func() error {
			c, err := net.DialTimeout("tcp4", s.addr, time.Second)
			if err == nil {
				c.Close()
			}
			return err
		})
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			s.t.Fatalf("turnserver does not answer: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *turnServer) kill() {
	s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
}
