package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-mpc/tacit/natpunch"
)

// A Verdict is a report in two words.
type Verdict string

// The verdicts.
const (
	DirectLikely Verdict = "direct likely" // most peers will be reached without a relay
	RelayOnly    Verdict = "relay only"    // peers will be reached, through a relay
	NoPath       Verdict = "no path"       // nothing gets through, or a port cannot be opened
	Undecided    Verdict = "unknown"       // nobody could be asked

	ReachableLikely Verdict = "reachable likely" // of a host: its ports open, at an address that the internet can reach
	LocalOnly       Verdict = "local only"       // of a host: its ports open, for this network alone as far as is known
)

// A Report is what was found, verdict first.
type Report struct {
	Verdict    Verdict   `json:"verdict"`
	Why        string    `json:"why"`
	Checks     []Result  `json:"checks"`
	Candidates []Address `json:"candidates"` // where this machine may be reached, best first
	Seconds    float64   `json:"seconds"`
}

// An Address is one at which this machine may be reached, and how it was found, in the words of RFC 8445.
type Address struct {
	Addr string `json:"addr"`
	Kind string `json:"kind"`
}

func addresses(candidates []natpunch.Candidate) []Address {
	all := []Address{}
	for _, c := range candidates {
		all = append(all, Address{c.Addr.String(), c.Kind.String()})
	}
	return all
}

// String is for people: the verdict, a line for each check that no other explains, with what it means and what to do, then the addresses.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, r.Why)
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Code))
	}
	for _, c := range r.Checks {
		if c.Because != "" {
			continue // a consequence: the cause stands there
		}
		fmt.Fprintf(&b, "%-7s  %-*s  ", c.Status, width, c.Code)
		if c.Subject != "" {
			fmt.Fprintf(&b, "%s: ", c.Subject)
		}
		b.WriteString(c.Detail)
		if c.RTT > 0 {
			fmt.Fprintf(&b, " (%.1f ms)", c.RTT)
		}
		b.WriteByte('\n')
		for _, more := range []string{c.Gloss, c.Hint} {
			if more != "" {
				fmt.Fprintf(&b, "%*s%s\n", 7+2+width+2, "", more)
			}
		}
	}
	for _, a := range r.Candidates {
		fmt.Fprintf(&b, "address  %s %s\n", a.Addr, a.Kind)
	}
	return b.String()
}

// status is the best status among the checks of a code: ok, warn, unknown, fail. Without such a check it is "".
func (r Report) status(code string) Status {
	order := []Status{OK, Warn, Unknown, Fail}
	best := len(order)
	for _, c := range r.Checks {
		if c.Code == code {
			best = min(best, slices.Index(order, c.Status))
		}
	}
	if best == len(order) {
		return ""
	}
	return order[best]
}

// works tells whether any check of the codes came out well.
func (r Report) works(codes ...string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { s := r.status(c); return s == OK || s == Warn })
}
