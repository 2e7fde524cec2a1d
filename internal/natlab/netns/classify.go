//go:build linux

package netns

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Behaviour is what was measured of a host's way out, in the words of RFC 4787.
type Behaviour struct {
	Mapping   string // "none" (no NAT), "EIM", "ADM", "APDM", "blocked"
	Filtering string // "none", "EIF", "ADF", "APDF", "blocked"
}

func (b Behaviour) String() string { return b.Mapping + "/" + b.Filtering }

// echoPorts are the two ports of each server address that the echo listens on.
var echoPorts = [2]int{3478, 3479}

// An echo answers datagrams in Lab.Server with the source it saw. The first byte of a request says which of the four sockets
// answers: 2*address + port.
type echo struct {
	conns [4]*net.UDPConn
	wg    sync.WaitGroup
}

// Assert measures hosts, all at once, and ends the test if one does not behave as its kind does. The echo that answers them takes
// ports 3478 and 3479 of the server until the test ends.
func (l *Lab) Assert(hosts ...*Host) {
	l.tb.Helper()
	if !l.echoes {
		l.echoes = true
		l.startEcho()
	}
	var measuring sync.WaitGroup
	for _, h := range hosts {
		measuring.Go(func() {
			var got Behaviour
			var err error
			for range 3 { // on a busy machine an answer may take longer than anybody waits
				if got, err = l.classify(h); err == nil && got == h.Kind.Behaviour() {
					return
				}
			}
			l.tb.Errorf("%s is no %s: measured %v, %v; want %v", h.name, h.Kind, got, err, h.Kind.Behaviour())
		})
	}
	measuring.Wait()
	if l.tb.Failed() {
		l.tb.FailNow()
	}
}

// startEcho runs the echo until the test ends.
func (l *Lab) startEcho() {
	l.tb.Helper()
	e := new(echo)
	err := l.Server.Do(func() error {
		for i := range e.conns {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ServerAddrs[i/2]), Port: echoPorts[i%2]})
			if err != nil {
				return err
			}
			e.conns[i] = c
		}
		return nil
	})
	if err != nil {
		l.tb.Fatalf("start echo: %v", err)
	}
	for _, c := range e.conns {
		e.wg.Go(func() { e.serve(c) })
	}
	l.tb.Cleanup(func() {
		for _, c := range e.conns {
			c.Close()
		}
		e.wg.Wait()
	})
}

func (e *echo) serve(c *net.UDPConn) {
	buf := make([]byte, 64)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n == 1 && int(buf[0]) < len(e.conns) {
			e.conns[buf[0]].WriteToUDPAddrPort([]byte(from.String()), from)
		}
	}
}

// answerWait is how long one answer may take; an echo on this machine needs far less.
const answerWait = 150 * time.Millisecond

// classify measures the host's mapping and filtering against the echo, as RFC 5780 does.
func (l *Lab) classify(h *Host) (Behaviour, error) {
	b := Behaviour{Mapping: "APDM", Filtering: "APDF"}
	if netip.MustParseAddr(h.Addr).Is6() {
		return Behaviour{}, fmt.Errorf("%s has no IPv4 address", h.name)
	}
	// Filtering first, before the host has spoken to the second address: who else may answer a fresh mapping?
	err := h.onSocket(func(c *net.UDPConn) {
		switch {
		case answered(c, 0, 3): // another address
			b.Filtering = "EIF"
		case answered(c, 0, 1): // the same address, another port
			b.Filtering = "ADF"
		}
	})
	if err != nil {
		return Behaviour{}, err
	}
	err = h.onSocket(func(c *net.UDPConn) {
		var seen [4]netip.AddrPort
		for i := range seen {
			a, ok := ask(c, i, i)
			if !ok {
				b = Behaviour{"blocked", "blocked"}
				return
			}
			seen[i] = a
		}
		switch {
		case seen[0].Addr().String() == h.Addr:
			b.Mapping = "none"
		case seen[0] == seen[1] && seen[0] == seen[2] && seen[0] == seen[3]:
			b.Mapping = "EIM"
		case seen[0] == seen[1] && seen[2] == seen[3]:
			b.Mapping = "ADM"
		}
	})
	if b.Mapping == "none" && b.Filtering == "EIF" {
		b.Filtering = "none"
	}
	return b, err
}

// onSocket calls f with a fresh socket of the host.
func (h *Host) onSocket(f func(c *net.UDPConn)) error {
	var c *net.UDPConn
	if err := h.Do(func() (err error) { c, err = net.ListenUDP("udp4", nil); return err }); err != nil {
		return fmt.Errorf("open socket in %s: %w", h.name, err)
	}
	defer c.Close()
	f(c)
	return nil
}

func answered(c *net.UDPConn, to, by int) bool { _, ok := ask(c, to, by); return ok }

// ask sends a request to socket `to` of the echo and waits for the answer of socket `by`.
func ask(c *net.UDPConn, to, by int) (netip.AddrPort, bool) {
	dst := netip.AddrPortFrom(netip.MustParseAddr(ServerAddrs[to/2]), uint16(echoPorts[to%2]))
	want := netip.AddrPortFrom(netip.MustParseAddr(ServerAddrs[by/2]), uint16(echoPorts[by%2]))
	buf := make([]byte, 64)
	for range 2 {
		c.WriteToUDPAddrPort([]byte{byte(by)}, dst)
		c.SetReadDeadline(time.Now().Add(answerWait))
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			if netip.AddrPortFrom(from.Addr().Unmap(), from.Port()) != want {
				continue
			}
			a, err := netip.ParseAddrPort(string(buf[:n]))
			return a, err == nil
		}
	}
	return netip.AddrPort{}, false
}
