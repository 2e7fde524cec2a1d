package coord

import (
	"net/netip"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// A Candidate is an address at which a party may be reached. Kind is natpunch's, which coord passes on as it is.
type Candidate struct {
	Kind uint8
	Addr netip.AddrPort
}

// An Announcement is what a party tells the others about how to reach it.
type Announcement struct {
	Candidates []Candidate      // at most MaxCandidates, best first
	Mapping    uint8            // how its NAT maps addresses: natpunch's number
	Step       int16            // constant distance between the ports of its NAT's consecutive mappings; 0 if there is none
	Relayed    []netip.AddrPort // its addresses at relays, at most MaxRelayed, best first
}

// Limits of an Announcement.
const (
	MaxCandidates = 32
	MaxRelayed    = 8
)

// A PeerUpdate is news about how to reach another party, or a request to try.
type PeerUpdate struct {
	Seat         int
	Announcement // its latest; the zero value if there was none yet

	Go    bool          // start punching, or start again: the peer is told the same
	After time.Duration // with Go: from now, so that both start at the same time

	Trouble string // why the peer finds no path to us, in its words; empty if this update is about something else
}

// equal compares two announcements.
func (a Announcement) equal(b Announcement) bool {
	return slices.Equal(a.Candidates, b.Candidates) && a.Mapping == b.Mapping && a.Step == b.Step &&
		slices.Equal(a.Relayed, b.Relayed)
}

// filtered is the announcement without addresses that nobody may be sent to, each once, within the limits: loopback only if
// allowed.
func (a Announcement) filtered(loopback bool) Announcement {
	out := Announcement{Mapping: a.Mapping, Step: a.Step}
	for _, c := range a.Candidates {
		c.Addr = unmapped(c.Addr)
		same := func(o Candidate) bool { return o.Addr == c.Addr }
		if usable(c.Addr, loopback) && len(out.Candidates) < MaxCandidates && !slices.ContainsFunc(out.Candidates, same) {
			out.Candidates = append(out.Candidates, c)
		}
	}
	for _, r := range a.Relayed {
		r = unmapped(r)
		if usable(r, loopback) && len(out.Relayed) < MaxRelayed && !slices.Contains(out.Relayed, r) {
			out.Relayed = append(out.Relayed, r)
		}
	}
	return out
}

// unmapped turns an IPv4-mapped address into IPv4, but for loopback, which nobody writes that way who means well.
func unmapped(a netip.AddrPort) netip.AddrPort {
	if ip := a.Addr().Unmap(); !ip.IsLoopback() {
		return netip.AddrPortFrom(ip, a.Port())
	}
	return a
}

func addAnnouncement(b *cryptobyte.Builder, a Announcement) {
	b.AddUint8(uint8(len(a.Candidates)))
	for _, c := range a.Candidates {
		b.AddUint8(c.Kind)
		addAddr(b, c.Addr)
	}
	b.AddUint8(a.Mapping)
	b.AddUint16(uint16(a.Step))
	b.AddUint8(uint8(len(a.Relayed)))
	for _, r := range a.Relayed {
		addAddr(b, r)
	}
}

func readAnnouncement(s *cryptobyte.String, out *Announcement) bool {
	var n uint8
	var step uint16
	if !s.ReadUint8(&n) || n > MaxCandidates {
		return false
	}
	for range n {
		var c Candidate
		if !s.ReadUint8(&c.Kind) || !readAddr(s, &c.Addr) || !c.Addr.IsValid() {
			return false
		}
		out.Candidates = append(out.Candidates, c)
	}
	if !s.ReadUint8(&out.Mapping) || !s.ReadUint16(&step) || !s.ReadUint8(&n) || n > MaxRelayed {
		return false
	}
	out.Step = int16(step)
	for range n {
		var r netip.AddrPort
		if !readAddr(s, &r) || !r.IsValid() {
			return false
		}
		out.Relayed = append(out.Relayed, r)
	}
	return true
}
