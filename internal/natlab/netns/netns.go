//go:build linux

// Package netns builds test networks of Linux network namespaces with real kernel NATs: a small internet, a server on it, and
// hosts behind routers of every NAT kind of RFC 4787. It needs root, ip and nft; tests skip without them.
//
// A Lab's names carry a prefix of its own and everything is removed when its test ends. Code under test runs in the test's own
// process: Do enters a namespace with one operating-system thread, and a socket opened there stays there.
package netns

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// commandTimeout bounds one call of ip, nft, sysctl or conntrack.
const commandTimeout = 20 * time.Second

// A Lab is one small internet. Its methods end the test on failure and are for one goroutine at a time.
type Lab struct {
	tb     testing.TB
	prefix string
	links  int
	echoes bool // the echo runs
	Inet   *NS  // the core router: forwards between all access networks and drops private destinations
	Server *NS  // a public machine with the addresses ServerAddrs
}

// ServerAddrs are the public IPv4 addresses of Lab.Server.
var ServerAddrs = [2]string{"203.0.113.1", "203.0.113.2"}

// labs numbers the labs of this process; with the process id it makes names unique.
var labs atomic.Int32

// New makes a lab with its internet and server, or skips the test and says what is missing.
func New(tb testing.TB) *Lab {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft", "sysctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			tb.Skipf("network namespaces need %s: %v", tool, err)
		}
	}
	l := &Lab{tb: tb, prefix: fmt.Sprintf("tl%d.%d.", os.Getpid(), labs.Add(1))}
	if out, err := run("ip", "netns", "add", l.prefix+"probe"); err != nil {
		tb.Skipf("network namespaces cannot be made here: %s", out)
	}
	run("ip", "netns", "del", l.prefix+"probe")
	sweep()

	l.Inet, l.Server = l.Namespace("inet"), l.Namespace("srv")
	l.Veth(l.Inet, "srv", l.Server, "eth0")
	l.Inet.IP("addr", "add", "203.0.113.254/24", "dev", "srv")
	l.Inet.IP("addr", "add", "2001:db8:fff::fe/64", "dev", "srv", "nodad")
	for i, a := range ServerAddrs {
		l.Server.IP("addr", "add", a+"/24", "dev", "eth0")
		l.Server.IP("addr", "add", fmt.Sprintf("2001:db8:fff::%d/64", i+1), "dev", "eth0", "nodad")
	}
	l.Server.IP("route", "add", "default", "via", "203.0.113.254")
	l.Server.IP("route", "add", "default", "via", "2001:db8:fff::fe")
	l.Inet.NFT(bogons)
	return l
}

// sweep removes namespaces of test processes that were killed before they could.
func sweep() {
	names, err := filepath.Glob("/run/netns/tl*.*")
	if err != nil {
		return
	}
	for _, name := range names {
		var pid, number int
		if n, _ := fmt.Sscanf(filepath.Base(name), "tl%d.%d.", &pid, &number); n == 2 && unix.Kill(pid, 0) == unix.ESRCH {
			run("ip", "netns", "del", filepath.Base(name))
		}
	}
}

// bogons makes the internet drop what no provider forwards.
const bogons = `table ip core {
	chain forward {
		type filter hook forward priority 0;
		ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 } drop
	}
}`

// An NS is one network namespace: a host or a router.
type NS struct {
	lab  *Lab
	name string // with the lab's prefix
}

// Namespace makes an empty namespace that forwards packets. It is removed when the test ends.
func (l *Lab) Namespace(name string) *NS {
	l.tb.Helper()
	ns := &NS{lab: l, name: l.prefix + name}
	l.must("ip", "netns", "add", ns.name)
	l.tb.Cleanup(func() {
		if out, err := run("ip", "netns", "del", ns.name); err != nil {
			l.tb.Errorf("remove namespace %s: %s", ns.name, out)
		}
	})
	ns.IP("link", "set", "lo", "up")
	ns.Sysctl("net.ipv4.ip_forward=1")
	ns.Sysctl("net.ipv6.conf.all.forwarding=1")
	ns.Sysctl("net.ipv6.conf.default.accept_dad=0") // a new link works at once
	// Bridged packets must not pass the NAT hooks at the bridge; absent where the module is.
	ns.command("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0").Run()
	return ns
}

// Veth joins two namespaces with a pair of interfaces of the names given, both up.
func (l *Lab) Veth(a *NS, aName string, b *NS, bName string) {
	l.tb.Helper()
	l.links++
	ta, tb := fmt.Sprintf("ta%d.%d", os.Getpid()%100000, l.links), fmt.Sprintf("tb%d.%d", os.Getpid()%100000, l.links)
	l.must("ip", "link", "add", ta, "netns", a.name, "type", "veth", "peer", "name", tb, "netns", b.name)
	a.IP("link", "set", ta, "name", aName, "up")
	b.IP("link", "set", tb, "name", bName, "up")
}

// IP runs the ip command in the namespace.
func (n *NS) IP(args ...string) { n.lab.tb.Helper(); n.Run(append([]string{"ip"}, args...)...) }

// TC runs the tc command in the namespace, with the words of a line.
func (n *NS) TC(line string) {
	n.lab.tb.Helper()
	n.Run(append([]string{"tc"}, strings.Fields(line)...)...)
}

// Sysctl sets one kernel variable of the namespace, as name=value.
func (n *NS) Sysctl(set string) { n.lab.tb.Helper(); n.Run("sysctl", "-qw", set) }

// NFT loads nftables rules in the namespace.
func (n *NS) NFT(rules string) {
	n.lab.tb.Helper()
	c := n.command("nft", "-f", "-")
	c.Stdin = strings.NewReader(rules)
	if out, err := c.CombinedOutput(); err != nil {
		n.lab.tb.Fatalf("nft in %s: %v: %s\n%s", n.name, err, out, rules)
	}
}

// Run runs a command in the namespace and returns what it printed.
func (n *NS) Run(args ...string) string {
	n.lab.tb.Helper()
	out, err := n.command(args...).CombinedOutput()
	if err != nil {
		n.lab.tb.Fatalf("%s in %s: %v: %s", strings.Join(args, " "), n.name, err, out)
	}
	return string(out)
}

// Command prepares a process in the namespace, for programs under test. The caller starts it and ends it.
func (n *NS) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.name, name}, args...)...)
}

// Name is the name of the namespace as ip netns lists it.
func (n *NS) Name() string { return n.name }

// Do calls f on a thread inside the namespace. Sockets that f opens belong to the namespace for good; goroutines that f starts
// do not run inside.
func (n *NS) Do(f func() error) error {
	errs := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		fd, err := os.Open("/run/netns/" + n.name)
		if err != nil {
			errs <- fmt.Errorf("enter namespace: %w", err)
			return
		}
		defer fd.Close()
		if err := unix.Setns(int(fd.Fd()), unix.CLONE_NEWNET); err != nil {
			errs <- fmt.Errorf("enter namespace %s: %w", n.name, err)
			return
		}
		errs <- f()
	}()
	return <-errs
}

func (n *NS) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	c := n.Command(ctx, args[0], args[1:]...)
	n.lab.tb.Cleanup(cancel)
	return c
}

func (l *Lab) must(args ...string) {
	l.tb.Helper()
	if out, err := run(args...); err != nil {
		l.tb.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}
