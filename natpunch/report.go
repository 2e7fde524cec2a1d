package natpunch

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A PairReport says what was tried with a peer, and what came of it.
type PairReport struct {
	Ours, Theirs Behaviour
	Path         PathState // the one in use
	Tries        int       // how often the search began
	Tried        []Attempt // by address of the peer, best first
	Birthday     int       // sockets opened or ports guessed in the last birthday try; 0 if there was none
}

// An Attempt is one address of the peer.
type Attempt struct {
	Candidate
	Pings, Pongs int
	RTT          time.Duration  // of the last proof; 0 without one
	Heard        bool           // the peer's pings arrived from there
	Observed     netip.AddrPort // our address as the peer saw it, if it answered
}

// Why says in a few words what came of an attempt.
func (a Attempt) Why() string {
	switch {
	case a.RTT > 0:
		return "works"
	case a.Pongs > 0:
		return "worked once, is silent now"
	case a.Heard:
		return "the peer was heard from there but did not answer"
	case a.Pings == 0:
		return "not tried yet"
	}
	return "no answer"
}

// Probes is how many packets the search cost: pings, and what birthday punching sent.
func (r PairReport) Probes() int {
	n := r.Birthday
	for _, a := range r.Tried {
		n += a.Pings
	}
	return n
}

// Why says in a few words why there is no direct path, or what is known of it.
func (r PairReport) Why() string {
	a, b := r.Ours, r.Theirs
	switch {
	case a.Mapping == NoUDP:
		return "no UDP leaves our network"
	case b.Mapping == NoUDP:
		return "no UDP leaves its network"
	case a.Mapping == EndpointDependent && b.Mapping == EndpointDependent:
		return "its NAT picks a new port for every peer, and so does ours"
	case b.Mapping == EndpointDependent:
		return "its NAT picks a new port for every peer, and our NAT or firewall lets only answers in"
	case a.Mapping == EndpointDependent:
		return "our NAT picks a new port for every peer, and its NAT or firewall lets only answers in"
	case r.Path.Proven && !r.Path.Relayed:
		return ""
	case len(r.Tried) == 0:
		return "it told no address that we could try"
	}
	return fmt.Sprintf("none of its %d addresses answered", len(r.Tried))
}

// String lists the attempts, a line each.
func (r PairReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ours: %v; theirs: %v", r.Ours, r.Theirs)
	if r.Tries > 1 {
		fmt.Fprintf(&b, "; %d tries", r.Tries)
	}
	for _, t := range r.Tried {
		fmt.Fprintf(&b, "\n%v %v: %s (%d pings, %d pongs", t.Kind, t.Addr, t.Why(), t.Pings, t.Pongs)
		if t.RTT > 0 {
			fmt.Fprintf(&b, ", %v", t.RTT.Round(100*time.Microsecond))
		}
		b.WriteString(")")
	}
	if r.Birthday > 0 {
		fmt.Fprintf(&b, "\nbirthday punching: %d ports", r.Birthday)
	}
	return b.String()
}

// Report says what was tried so far.
func (c *Pair) Report() PairReport {
	done := make(chan struct{})
	c.do(func() { c.note(); close(done) })
	select {
	case <-done:
	case <-c.ctx.Done():
	}
	return c.Noted()
}

// Noted is the report of the last change of the path. It waits for nobody: Changed may call it.
func (c *Pair) Noted() PairReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Tried = slices.Clone(r.Tried)
	return r
}

// note writes the report.
func (c *Pair) note() {
	var tried []Attempt
	for _, r := range c.ordered() {
		a := Attempt{Candidate: r.Candidate, Pings: r.pings, Pongs: r.pongs, Observed: r.observed}
		for _, t := range r.routes {
			if !t.ponged.IsZero() && (a.RTT == 0 || t.rtt < a.RTT) {
				a.RTT = max(t.rtt, 1)
			}
			a.Heard = a.Heard || t.heard
		}
		tried = append(tried, a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report = PairReport{Ours: c.ours, Theirs: c.theirs, Path: c.current, Tries: c.tries, Tried: tried, Birthday: c.party.tried}
}
