//go:build linux

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// faultRounds last long enough for a fault and what follows.
const faultRounds = 350

// A fault is something that happens to a running computation, which must not mind.
type fault struct {
	name   string
	kinds  [2]netns.Kind
	v6     bool          // instead of kinds: both have IPv6 alone
	aim    time.Duration // to traffic again; the test fails at three times that
	short  bool          // played in a short run too
	early  bool          // it is there before the parties start
	resume bool          // pre keeps its state
	turn   bool          // there is an external relay
	alone  bool          // and none inside pre
	rounds int           // of the program; 0 means faultRounds
	args   []string      // more flags of the parties
	want   string        // kind of the path at the end; "" is any
	do     func(f *field)
}

// A field is what a fault happens to.
type field struct {
	*session
	lab  *netns.Lab
	x, y *netns.Host
	turn *turnServer // nil if there is none
	from time.Time   // when the fault began, or was over: the time to traffic counts from there
}

var faults = []fault{
	{name: "direct path cut", kinds: both(netns.Masq), aim: 1500 * time.Millisecond, short: true, want: "relay", do: cut},
	{name: "direct path cut for 4 s", kinds: both(netns.Masq), aim: time.Second, want: "direct", rounds: 6 * faultRounds, do: func(f *field) {
		f.lab.Inet.NFT(table("cut", fmt.Sprintf(`ip saddr { %[1]s, %[2]s } ip daddr { %[1]s, %[2]s } drop`, f.x.Public, f.y.Public)))
		f.pass(4 * time.Second)
		mended := time.Now()
		f.lab.Inet.Run("nft", "delete", "table", "ip", "cut")
		for _, p := range f.parties { // it comes back with the next try: within 5 s
			p.await("direct path", mended, time.Minute, func(e event) bool { return e.Type == "path" && e.Kind == "direct" })
		}
		f.from = time.Now()
	}},
	{name: "mappings flushed", kinds: both(netns.Masq), aim: 2 * time.Second, short: true, want: "direct", do: flush},
	{name: "mappings flushed, random ports", kinds: [2]netns.Kind{netns.Symmetric, netns.Cone}, aim: 2 * time.Second, want: "direct", do: flush},
	{name: "relay gone, direct pair", kinds: both(netns.Masq), aim: time.Second, want: "direct", do: func(f *field) {
		f.lab.Server.NFT("table inet gone {\n\tchain input {\n\t\ttype filter hook input priority 0;\n\t\tiif lo accept\n" +
			"\t\tmeta l4proto { tcp, udp } th dport != 4433 drop\n\t}\n}\n")
	}},
	{name: "pre killed, direct pair", kinds: both(netns.Masq), aim: time.Second, want: "direct", do: func(f *field) { f.pre.kill() }},
	{name: "address changed", kinds: [2]netns.Kind{netns.Firewall, netns.Masq}, aim: time.Second, want: "direct", do: func(f *field) {
		moved := strings.TrimSuffix(f.x.Addr, ".2") + ".3"
		gateway := strings.TrimSuffix(f.x.Addr, ".2") + ".1"
		f.x.IP("addr", "del", f.x.Addr+"/24", "dev", "eth0")
		f.x.IP("addr", "add", moved+"/24", "dev", "eth0")
		f.x.IP("route", "replace", "default", "via", gateway)
	}},
	{name: "outage of 20 s", kinds: both(netns.Masq), aim: 2 * time.Second, do: func(f *field) {
		f.lab.Inet.NFT(table("cut", fmt.Sprintf("ip saddr %[1]s drop\n\t\tip daddr %[1]s drop", f.x.Public)))
		f.pass(20 * time.Second)
		f.lab.Inet.Run("nft", "delete", "table", "ip", "cut")
		f.from = time.Now()
	}},
	{name: "5 % loss", kinds: both(netns.Masq), aim: time.Second, want: "direct", do: func(f *field) {
		f.lab.Inet.NFT(table("cut", "numgen random mod 100 < 5 drop"))
	}},
}

func both(k netns.Kind) [2]netns.Kind { return [2]netns.Kind{k, k} }

// cut drops what goes between the parties without a relay.
func cut(f *field) {
	f.lab.Inet.NFT(table("cut", fmt.Sprintf(`ip saddr { %[1]s, %[2]s } ip daddr { %[1]s, %[2]s } drop`, f.x.Public, f.y.Public)))
}

func flush(f *field) {
	for _, h := range []*netns.Host{f.x, f.y} {
		h.Router.Run("conntrack", "-F")
	}
}

func table(name, rules string) string {
	return fmt.Sprintf("table ip %s {\n\tchain forward {\n\t\ttype filter hook forward priority -1;\n\t\t%s\n\t}\n}\n", name, rules)
}

// pass lets time pass while the parties run.
func (f *field) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-f.parties[0].exited:
	case <-f.parties[1].exited:
	}
}

// A faultResult is the JSON line of a fault.
type faultResult struct {
	Fault   string `json:"fault"`
	Traffic int64  `json:"traffic_ms"` // until another 256 KiB had arrived
	Aim     int64  `json:"aim_ms"`
	Path    string `json:"path"`
	Err     string `json:"error,omitempty"`
}

// TestFaults breaks what can break under a running computation.
func TestFaults(t *testing.T) {
	for _, f := range slices.Concat(faults, mtuFaults, relayFaults, halfDeadFaults) {
		if full() || f.short {
			t.Run(f.name, f.run)
		}
	}
}

func (c fault) run(t *testing.T) {
	l := newLab(t)
	f := &field{session: &session{t: t}, lab: l}
	if c.v6 {
		f.x, f.y = l.V6(1), l.V6(2)
	} else {
		f.x, f.y = l.Host(1, c.kinds[0]), l.Host(2, c.kinds[1])
	}
	more := f.prepare(c)
	if c.early {
		c.do(f)
	}
	pre := host
	if c.v6 {
		pre = hostBoth
	}
	s, err := meet(t, pre(t, l, 4433, more...), f.x.NS, f.y.NS, cmp.Or(c.rounds, faultRounds), c.args...)
	if err != nil {
		t.Fatal(err)
	}
	f.session = s
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bytes := f.watch(ctx)
	if _, err := s.parties[0].await("progress", time.Time{}, time.Minute, func(e event) bool { return e.Type == "progress" }); err != nil {
		s.explain()
		t.Fatal(err)
	}
	r := faultResult{Fault: c.name, Aim: c.aim.Milliseconds(), Traffic: -1}
	f.from = time.Now()
	if !c.early {
		c.do(f)
	}
	before := int64(-1)
	limit := time.After(time.Minute)
waiting:
	for r.Traffic < 0 {
		select {
		case b := <-bytes:
			switch {
			case b.at.Before(f.from):
			case before < 0:
				before = b.received
			case b.received >= before+256<<10:
				r.Traffic = b.at.Sub(f.from).Milliseconds()
			}
		case <-s.parties[0].exited:
			break waiting
		case <-limit:
			break waiting
		}
	}
	cancel()
	answers, err := s.finish()
	if err != nil {
		r.Err = err.Error()
		tell(t, r)
		s.explain()
		t.Fatal(err)
	}
	r.Path = answers[0].Paths[0].Kind
	if c.want == "direct" && answers[0].atRelay() {
		t.Errorf("the path to %s is called direct", answers[0].Paths[0].Remote)
	}
	tell(t, r)
	if c.want != "" && r.Path != c.want {
		t.Errorf("the path at the end is of kind %s, want %s", r.Path, c.want)
	}
	if r.Traffic < 0 || r.Traffic > 3*r.Aim {
		t.Errorf("traffic again after %d ms, want %d", r.Traffic, r.Aim)
	}
	if t.Failed() {
		s.explain()
	}
}

// A reading is how many bytes had arrived at a time.
type reading struct {
	at       time.Time
	received int64
}

// watch reads the first host's counter every few milliseconds until ctx ends.
func (f *field) watch(ctx context.Context) <-chan reading {
	readings := make(chan reading)
	go f.x.Do(func() error {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
			n, err := received("eth0")
			if err != nil {
				return err
			}
			select {
			case readings <- reading{time.Now(), n}:
			default: // nobody waits
			}
		}
	})
	return readings
}

// received is the counter of an interface of the thread's namespace.
func received(name string) (int64, error) {
	all, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(all)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("no interface %s", name)
}
