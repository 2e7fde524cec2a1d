//go:build linux

package natpunch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
	"github.com/tacit-mpc/tacit/natpunch"
)

// The tests here punch between hosts behind real kernel NATs and need root. By default they run a telling selection; with
// TACIT_LAB=full in the environment the whole matrix of kinds, each cell TACIT_LAB_REPEATS times (20).

// stunPorts are the two ports of each server address that answer STUN.
var stunPorts = [2]uint16{3480, 3481}

// A lab is a netns.Lab with STUN servers on its server.
type lab struct {
	*netns.Lab
	v4, v6 []netip.AddrPort
}

func newLab(t *testing.T) *lab {
	l := &lab{Lab: netns.New(t)}
	for i, a := range netns.ServerAddrs {
		for _, port := range stunPorts {
			l.v4 = append(l.v4, l.serve(t, netip.AddrPortFrom(netip.MustParseAddr(a), port)))
			l.v6 = append(l.v6, l.serve(t, netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("2001:db8:fff::%d", i+1)), port)))
		}
	}
	return l
}

// serve answers STUN on the lab's server until the test ends.
func (l *lab) serve(t *testing.T, at netip.AddrPort) netip.AddrPort {
	t.Helper()
	c := listen(t, l.Server, at)
	var running sync.WaitGroup
	running.Go(func() {
		buf := make([]byte, 2048)
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
	t.Cleanup(func() { c.Close(); running.Wait() })
	return at
}

func listen(t testing.TB, ns *netns.NS, at netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := open(ns, at)
	if err != nil {
		t.Fatalf("open socket %v: %v", at, err)
	}
	return c
}

func open(ns *netns.NS, at netip.AddrPort) (c *net.UDPConn, err error) {
	err = ns.Do(func() error {
		c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	})
	return c, err
}

// A node is a party: one main socket on a host of the lab, and the engine.
type node struct {
	host    *netns.Host
	main    *outlet
	stun    *natpunch.STUN
	puncher *natpunch.Puncher
	sent    atomic.Int64 // pings and pongs
	reading sync.WaitGroup
}

// An outlet is a socket of a node.
type outlet struct {
	node *node
	conn *net.UDPConn
}

func (o *outlet) Send(p []byte, to netip.AddrPort) {
	o.node.sent.Add(1)
	o.conn.WriteToUDPAddrPort(p, to)
}

func (o *outlet) Close() error { return o.conn.Close() }

func (o *outlet) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := o.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if !o.node.stun.Handle(buf[:n], from) {
			o.node.puncher.Handle(buf[:n], o, from)
		}
	}
}

func newNode(t testing.TB, h *netns.Host) *node {
	t.Helper()
	n := &node{host: h}
	addr := netip.MustParseAddr(h.Addr)
	n.main = &outlet{n, listen(t, h.NS, netip.AddrPortFrom(addr, 0))}
	n.stun = natpunch.NewSTUN(func(p []byte, to netip.AddrPort) { n.main.conn.WriteToUDPAddrPort(p, to) })
	n.puncher = natpunch.NewPuncher(natpunch.PunchConfig{Main: n.main, Open: n.open})
	n.reading.Go(n.main.read)
	return n
}

// open makes one more socket, for birthday punching.
func (n *node) open() (natpunch.Outlet, error) {
	c, err := open(n.host.NS, netip.AddrPortFrom(netip.MustParseAddr(n.host.Addr), 0))
	if err != nil {
		return nil, err
	}
	o := &outlet{n, c}
	n.reading.Go(o.read)
	return o, nil
}

func (n *node) local() netip.AddrPort {
	a := n.main.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// gather waits until everything is known.
func (n *node) gather(ctx context.Context, servers []netip.AddrPort) natpunch.Gathered {
	settled := make(chan natpunch.Gathered, 1)
	g := natpunch.Gather(natpunch.GatherConfig{Local: n.local(), STUN: n.stun, Servers: servers, Changed: func(g natpunch.Gathered) {
		if g.Settled {
			select {
			case settled <- g:
			default:
			}
		}
	}})
	defer g.Close()
	select {
	case g := <-settled:
		return g
	case <-ctx.Done():
		return g.Now()
	}
}

func (n *node) close() {
	n.main.Close()
	n.reading.Wait()
}

// A meeting is what came of one punch between two nodes.
type meeting struct {
	direct bool
	after  time.Duration // since the first "go"
	probes int64         // packets that both engines sent until then
	path   [2]natpunch.PathState
	report [2]natpunch.PairReport
}

// secrets numbers the pairs, so that each has a key of its own.
var secrets atomic.Uint32

// meet gathers on both nodes, exchanges the candidates and punches; the second starts later by the skew.
func meet(t testing.TB, c cell, x, y *node, patience time.Duration) meeting {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	nodes := [2]*node{x, y}
	var known [2]natpunch.Gathered
	var gathering sync.WaitGroup
	for i, n := range nodes {
		gathering.Go(func() { known[i] = n.gather(ctx, c.servers) })
	}
	gathering.Wait()

	id := secrets.Add(1)
	secret := [32]byte{byte(id), byte(id >> 8), byte(id >> 16), 1}
	proven := make(chan int, 256)
	var pairs [2]*natpunch.Pair
	for i, n := range nodes {
		pairs[i] = n.puncher.Pair(natpunch.PairConfig{Secret: secret, Lower: i == 0, Changed: func(s natpunch.PathState) {
			if s.Proven {
				proven <- i
			}
		}})
		defer pairs[i].Close()
	}
	start := time.Now()
	for i, p := range pairs {
		p.SetBehaviour(known[i].Behaviour(), known[1-i].Behaviour())
		p.AddRemote(slices.DeleteFunc(known[1-i].Candidates, func(a natpunch.Candidate) bool { return a.Kind == c.secret })...)
		p.Go(time.Duration(i) * c.skew)
	}
	var m meeting
	var done [2]bool
	limit := time.After(patience)
	for !m.direct {
		select {
		case i := <-proven:
			done[i] = true
			m.direct = done[0] && done[1]
		case <-limit:
			m.after = time.Since(start)
			for i := range pairs {
				m.report[i] = pairs[i].Report()
			}
			m.probes = x.sent.Load() + y.sent.Load()
			return m
		}
	}
	m.after = time.Since(start)
	m.probes = x.sent.Load() + y.sent.Load()
	for i := range pairs {
		m.path[i], m.report[i] = pairs[i].Path(), pairs[i].Report()
	}
	return m
}

// A cell is one pair of kinds, or another situation, and what is expected of it.
type cell struct {
	name    string
	x, y    *netns.Host
	servers []netip.AddrPort
	want    byte // D: direct by plain punching; B: by birthday punching or prediction; R: only by relay; 0: as it comes
	skew    time.Duration
	repeats int
	need    int           // of repeats, for D and B
	class   string        // measured
	secret  natpunch.Kind // candidates of this kind are not told
}

// cellResult is the JSON line of a cell.
type cellResult struct {
	Pair    string `json:"pair"`
	Class   string `json:"class,omitempty"`
	Skew    int64  `json:"skew_ms"`
	Want    string `json:"want"`
	Direct  int    `json:"direct"`
	Repeats int    `json:"repeats"`
	Path    string `json:"path,omitempty"`
	Median  int64  `json:"median_ms,omitempty"`
	Max     int64  `json:"max_ms,omitempty"`
	Probes  int64  `json:"max_probes"`
}

// Times that a cell may take: a plain punch, one birthday try, and for the cells that need a relay a whole try that comes to nothing.
const (
	plainWithin    = 2 * time.Second
	birthdayWithin = 4500 * time.Millisecond
	maxProbes      = 3200 // of both sides together: goal G7 has 1500 guesses, and the sockets and repetitions of the other side
)

// run plays a cell and judges it.
func (c cell) run(t *testing.T) {
	patience := map[byte]time.Duration{'D': plainWithin, 'B': birthdayWithin, 'R': birthdayWithin, 0: plainWithin}[c.want]
	r := cellResult{Pair: c.name, Class: c.class, Skew: c.skew.Milliseconds(), Want: string(c.want), Repeats: c.repeats}
	if c.want == 0 {
		r.Want = "?"
	}
	var took []int64
	var failed []meeting
	for range c.repeats {
		x, y := newNode(t, c.x), newNode(t, c.y)
		m := meet(t, c, x, y, patience)
		x.close()
		y.close()
		r.Probes = max(r.Probes, m.probes)
		if !m.direct {
			failed = append(failed, m)
			continue
		}
		r.Direct++
		r.Path = m.path[0].Kind.String()
		took = append(took, m.after.Milliseconds())
	}
	if len(took) > 0 {
		slices.Sort(took)
		r.Median, r.Max = took[len(took)/2], took[len(took)-1]
	}
	line, _ := json.Marshal(r)
	t.Logf("%s", line)
	switch {
	case c.want == 'R' && r.Direct > 0:
		t.Errorf("%s: direct, which nobody believed possible: the lab is not what it claims", c.name)
	case (c.want == 'D' || c.want == 'B') && r.Direct < c.need:
		for _, m := range failed[:min(len(failed), 2)] {
			t.Errorf("%s: not direct after %v\n--- %v\n--- %v", c.name, m.after, m.report[0], m.report[1])
		}
	}
	if r.Probes > maxProbes {
		t.Errorf("%s: %d packets", c.name, r.Probes)
	}
}

// runAll plays cells at the same time, a few at once.
func runAll(t *testing.T, cells []cell, atOnce int) {
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for _, c := range cells {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			c.run(t)
		})
	}
	running.Wait()
}

// matrix is the table of design 4.4: rows and columns in the order of netns.Kinds.
var matrix = [...]string{
	"DDDDDDDDDR",
	" DDDDDBBBR",
	"  DDDDDDDR",
	"   DDDDDDR",
	"    DDBBBR",
	"     DBBBR",
	"      RRRR",
	"       RRR",
	"        RR",
	"         R",
}

// selection is what a short run plays, at a skew of 0 and, where the second field says so, 150 ms.
var selection = map[string]bool{
	"fw x masq": true, "cone x symm": false, "addr x adm": false, "port x masq": true, "fw x adm": false, "port x symm": false,
	"masq x symseq": false, "symm x symm": false, "open x blocked": false,
}

func full() bool { return os.Getenv("TACIT_LAB") == "full" }

func repeats(t *testing.T) int {
	n := 20
	if s := os.Getenv("TACIT_LAB_REPEATS"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil || n < 1 {
			t.Fatalf("TACIT_LAB_REPEATS: not a positive number: %q", s)
		}
	}
	return n
}

// TestKernelMatrix punches between every two kinds of NAT in the kernel.
func TestKernelMatrix(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.StartEcho()
	want := map[netns.Kind]netns.Behaviour{
		netns.Open: {Mapping: "none", Filtering: "none"}, netns.Firewall: {Mapping: "none", Filtering: "APDF"},
		netns.Cone: {Mapping: "EIM", Filtering: "EIF"}, netns.Addr: {Mapping: "EIM", Filtering: "ADF"},
		netns.Port: {Mapping: "EIM", Filtering: "APDF"}, netns.Masq: {Mapping: "EIM", Filtering: "APDF"},
		netns.ADM: {Mapping: "ADM", Filtering: "APDF"}, netns.Symmetric: {Mapping: "APDM", Filtering: "APDF"},
		netns.Sequential: {Mapping: "APDM", Filtering: "APDF"}, netns.Blocked: {Mapping: "blocked", Filtering: "blocked"},
	}
	var cells []cell
	hosts := map[int]*netns.Host{} // by access network: two of each kind
	host := func(kind, side int) *netns.Host {
		i := 1 + 2*kind + side
		if hosts[i] == nil {
			hosts[i] = l.Host(i, netns.Kinds[kind])
		}
		return hosts[i]
	}
	for i, x := range netns.Kinds {
		for j := i; j < len(netns.Kinds); j++ {
			y := netns.Kinds[j]
			c := cell{name: fmt.Sprintf("%s x %s", x, y), servers: l.v4, want: matrix[i][j], repeats: 1, need: 1}
			late, selected := selection[c.name]
			switch {
			case full():
				late = true
				if c.want != 'R' {
					c.repeats = repeats(t)
					c.need = c.repeats
				}
				if c.want == 'B' {
					c.need = c.repeats * 19 / 20
				}
			case !selected:
				continue
			}
			c.x, c.y = host(i, 0), host(j, 1)
			c.class = want[x].Mapping + "/" + want[x].Filtering + " x " + want[y].Mapping + "/" + want[y].Filtering
			cells = append(cells, c)
			if late {
				c.skew = 150 * time.Millisecond
				cells = append(cells, c)
			}
		}
	}
	var classifying sync.WaitGroup
	for i, h := range hosts {
		classifying.Go(func() {
			if got, err := l.Classify(h); err != nil || got != want[h.Kind] {
				t.Errorf("host %d is no %s: measured %+v, %v", i, h.Kind, got, err)
			}
		})
	}
	classifying.Wait()
	if t.Failed() {
		return
	}
	// Birthday cells few at once, for they need the processor; those that come to nothing only wait.
	var running sync.WaitGroup
	for want, atOnce := range map[byte]int{'R': 20, 'D': 3, 'B': 2} {
		running.Go(func() {
			runAll(t, slices.DeleteFunc(slices.Clone(cells), func(c cell) bool { return c.want != want }), atOnce)
		})
	}
	running.Wait()
}
