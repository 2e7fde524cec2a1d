package natpunch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A PairReport says what was tried with a peer, and what came of it.
type PairReport struct {
	Ours, Theirs Behaviour
	Tried        []Attempt
	Birthday     int // sockets opened or ports guessed in the last birthday try; 0 if there was none
}

// An Attempt is one address of the peer.
type Attempt struct {
	Candidate
	Pings, Pongs int
	RTT          time.Duration // of the last proof; 0 without one
	Heard        bool          // the peer's pings arrived from there
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
	case len(r.Tried) == 0:
		return "it told no address that we could try"
	}
	return fmt.Sprintf("none of its %d addresses answered", len(r.Tried))
}

// String lists the attempts, a line each.
func (r PairReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ours: %v; theirs: %v", r.Ours, r.Theirs)
	for _, t := range r.Tried {
		fmt.Fprintf(&b, "\n%v %v: %d pings, %d pongs", t.Kind, t.Addr, t.Pings, t.Pongs)
		if t.Heard && t.Pongs == 0 {
			b.WriteString(", it was heard but did not hear us")
		}
		if t.RTT > 0 {
			fmt.Fprintf(&b, ", %v", t.RTT.Round(100*time.Microsecond))
		}
	}
	if r.Birthday > 0 {
		fmt.Fprintf(&b, "\nbirthday punching: %d tried", r.Birthday)
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
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Tried = slices.Clone(r.Tried)
	return r
}

// Why says why there is no direct path, by what is known now.
func (c *Pair) Why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report.Why()
}

// note writes the report.
func (c *Pair) note() {
	var tried []Attempt
	for _, r := range c.ordered() {
		a := Attempt{Candidate: r.Candidate, Pings: r.pings, Pongs: r.pongs}
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
	c.report.Tried, c.report.Birthday = tried, c.party.tried
}
