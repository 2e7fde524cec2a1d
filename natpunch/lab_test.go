//go:build linux

package natpunch_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
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
	void   bool // a node that can was not answered by every STUN server
	direct bool
	after  time.Duration // since the first "go"
	probes int64         // packets that both engines sent until then
	path   [2]natpunch.PathState
	report [2]natpunch.PairReport
}

// standstill is how long the machine may leave the test without a processor before a meeting says nothing about punching.
const standstill = 300 * time.Millisecond

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
		p.AddRemote(known[1-i].Candidates...)
		p.Go(time.Duration(i) * c.skew)
	}
	var m meeting
	for i, n := range nodes {
		for _, a := range known[i].Servers {
			m.void = m.void || a.Err != nil && n.host.Kind != netns.Blocked
		}
	}
	var done [2]bool
	pulse, last := time.NewTicker(20*time.Millisecond), start
	defer pulse.Stop()
	limit := time.After(patience)
	for !m.direct {
		select {
		case i := <-proven:
			done[i] = true
			m.direct = done[0] && done[1]
		case now := <-pulse.C:
			m.void = m.void || time.Since(last) > standstill
			last = now
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
