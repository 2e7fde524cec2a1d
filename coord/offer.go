package coord

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// A RelayOffer lets one party use a relay. Its password is secret to that party and the coordinator; it prints as the URL alone.
type RelayOffer struct {
	URL      string // a TURN URL (RFC 7065): turn:host:port?transport=udp
	Username string
	Password string    `json:"-"`
	Expires  time.Time // of the credentials, by our clock; zero if they do not expire
}

// Format writes the URL whatever the verb, so that no log or error shows the credentials.
func (o RelayOffer) Format(f fmt.State, _ rune) { io.WriteString(f, o.URL) }

// Limits of what is offered to one party.
const (
	maxOffers     = 16
	maxURL        = 300
	maxCredential = 513 // bytes of a user name (RFC 8489 section 14.3), and of a password
	maxOfferBytes = maxOffers * (maxURL + 2*maxCredential + 10)
)

// A grant is an offer on the wire: clocks differ, so it has the seconds that are left instead of a time; 0 if it does not expire.
type grant struct {
	url, username, password string
	seconds                 uint32
}

const maxGrant = 1<<32 - 1 // seconds

func grantOf(o RelayOffer, now time.Time) grant {
	g := grant{url: o.URL, username: o.Username, password: o.Password}
	if !o.Expires.IsZero() {
		g.seconds = uint32(min(max(int64(o.Expires.Sub(now)/time.Second), 1), maxGrant))
	}
	return g
}

func (g grant) offer(now time.Time) RelayOffer {
	o := RelayOffer{URL: g.url, Username: g.username, Password: g.password}
	if g.seconds > 0 {
		o.Expires = now.Add(time.Duration(g.seconds) * time.Second)
	}
	return o
}

// valid tells that the other end will accept it.
func (g grant) valid() bool {
	return g.url != "" && len(g.url) <= maxURL && len(g.username) <= maxCredential && len(g.password) <= maxCredential &&
		printable(g.url) && printable(g.username) && printable(g.password)
}

// Format writes dots, as a grant holds a password.
func (g grant) Format(f fmt.State, _ rune) { io.WriteString(f, g.url+" ...") }

func addGrants(b *cryptobyte.Builder, grants []grant) {
	b.AddUint8(uint8(len(grants)))
	for _, g := range grants {
		addText(b, g.url)
		addText(b, g.username)
		addText(b, g.password)
		b.AddUint32(g.seconds)
	}
}

func readGrants(s *cryptobyte.String, out *[]grant) bool {
	var n uint8
	if !s.ReadUint8(&n) || n > maxOffers {
		return false
	}
	for range n {
		var g grant
		if !readText(s, maxURL, &g.url) || g.url == "" || !readText(s, maxCredential, &g.username) ||
			!readText(s, maxCredential, &g.password) || !s.ReadUint32(&g.seconds) {
			return false
		}
		*out = append(*out, g)
	}
	return true
}
