package coord

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// What is said about paths between the parties. All of it goes through the coordinator and none of it is trusted: an address is
// proven by pings under keys that the coordinator does not have.

type (
	// announce is what a party says about how to reach it. A later version replaces it.
	announce struct {
		version uint32
		Announcement
	}
	// repunch asks for a new start with one party.
	repunch struct{ seat int }
	// trouble says why the path to one party fails.
	trouble struct {
		seat   int
		reason string
	}

	// update passes on what a party announced.
	update struct {
		seat    int
		version uint32
		Announcement
	}
	// launch tells both parties of a pair to start punching.
	launch struct {
		seat  int
		after time.Duration // whole microseconds
	}
	// troubled passes on why the path of a party to us fails.
	troubled struct {
		seat   int
		reason string
	}
	// offers replaces the offers of the welcome.
	offers struct{ list []grant }
)

func (announce) frame() frameType { return frameAnnounce }
func (repunch) frame() frameType  { return frameRepunch }
func (trouble) frame() frameType  { return frameTrouble }
func (update) frame() frameType   { return frameUpdate }
func (launch) frame() frameType   { return frameLaunch }
func (troubled) frame() frameType { return frameTroubled }
func (offers) frame() frameType   { return frameOffers }

func (a announce) append(b *cryptobyte.Builder) {
	b.AddUint32(a.version)
	addAnnouncement(b, a.Announcement)
}

func readAnnounce(s *cryptobyte.String) (announce, bool) {
	var a announce
	ok := s.ReadUint32(&a.version) && a.version > 0 && readAnnouncement(s, &a.Announcement)
	return a, ok
}

func (r repunch) append(b *cryptobyte.Builder) { addSeat(b, r.seat) }

func (t trouble) append(b *cryptobyte.Builder) {
	addSeat(b, t.seat)
	addText(b, t.reason)
}

func (u update) append(b *cryptobyte.Builder) {
	addSeat(b, u.seat)
	announce{u.version, u.Announcement}.append(b)
}

func readUpdate(s *cryptobyte.String) (update, bool) {
	var u update
	ok := readSeat(s, false, &u.seat)
	if !ok {
		return u, false
	}
	a, ok := readAnnounce(s)
	u.version, u.Announcement = a.version, a.Announcement
	return u, ok
}

// launchWithin bounds how long one party waits for the start of another.
const launchWithin = 5 * time.Second

func (l launch) append(b *cryptobyte.Builder) {
	addSeat(b, l.seat)
	b.AddUint32(uint32(l.after / time.Microsecond))
}

func readLaunch(s *cryptobyte.String) (launch, bool) {
	var l launch
	var us uint32
	ok := readSeat(s, false, &l.seat) && s.ReadUint32(&us)
	l.after = time.Duration(us) * time.Microsecond
	return l, ok && l.after <= launchWithin
}

func (t troubled) append(b *cryptobyte.Builder) { trouble(t).append(b) }

func readTrouble(s *cryptobyte.String) (trouble, bool) {
	var t trouble
	ok := readSeat(s, false, &t.seat) && readText(s, maxReason, &t.reason) && t.reason != ""
	return t, ok
}

func (o offers) append(b *cryptobyte.Builder) { addGrants(b, o.list) }
