package mesh

import (
	"crypto/ecdh"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/natpunch"
)

// Config says which session to join. Self, Peers and Session are required; zero in any other field means the default.
type Config struct {
	Self    channel.Party
	Peers   []Peer // everyone else, in any order
	Session []byte // identifies the session; equal at all parties

	// PunchKey is our ephemeral X25519 key, whose public half the peers have as Peer.PunchKey: pings between two parties are
	// authenticated with what only they know. Required.
	PunchKey *ecdh.PrivateKey
	Policy   natpunch.Policy // which paths may be used

	// HideMoves keeps it from QUIC when a direct path takes over from a relay. What QUIC measured of the relay then takes seconds to
	// fit a much faster path.
	HideMoves bool

	MaxMessage     int           // bytes; default 64 MiB, at most 1 GiB
	Budget         int           // bytes of windows and queues for all peers together; default 512 MiB
	Patience       time.Duration // how long a peer may be unheard of; default 60s, at most 10m
	ConnectTimeout time.Duration // default 60s
	Linger         time.Duration // how long Close waits for peers to take what was sent; default 10s

	// Events, if not nil, is called for each Event, one at a time, from goroutines of the Mesh. It must return at once and must
	// not call the Mesh.
	Events func(Event)
}

// A Peer is another party of the session.
type Peer struct {
	Seat  channel.Party
	ID    identity.ID // its key: nobody else gets this seat
	Name  string      // for people; may be empty
	Addrs []netip.AddrPort

	PunchKey [32]byte // X25519
}

// An Event is news about one peer.
type Event struct {
	Kind EventKind
	Peer channel.Party
	Path Path          // Connected, Rerouted and Upgraded; of Connected without a Kind if that is told by a Rerouted soon
	Why  string        // Unreached: as far as is known
	For  time.Duration // Quiet: how long nothing was heard; Heard: how long it was quiet
	Err  error         // Gone: *LeftError, *LostError, *ViolationError or another cause
}

// An EventKind says what happened.
type EventKind uint8

const (
	Connected EventKind = iota // the pair is connected
	Quiet                      // nothing has been heard of the peer for a while
	Heard                      // it is heard of again
	Gone                       // the connection ended, for good
	Rerouted                   // it is reached over another path
	Unreached                  // Join still looks for a path to it
	Upgraded                   // QUIC has noticed that the path is direct now, and measures it afresh; told at the lower seat
)

func (k EventKind) String() string {
	switch k {
	case Connected:
		return "connected"
	case Quiet:
		return "quiet"
	case Heard:
		return "heard"
	case Rerouted:
		return "rerouted"
	case Unreached:
		return "unreached"
	case Upgraded:
		return "upgraded"
	}
	return "gone"
}

// filled checks the configuration and returns it with its defaults, unusable candidate addresses dropped, and the rest of them
// in the order in which they are tried.
func (c Config) filled() (Config, error) {
	n := len(c.Peers) + 1
	if n < 2 || n > mostSeats {
		return c, fmt.Errorf("%d parties, want 2 to %d", n, mostSeats)
	}
	if c.Self < 0 || int(c.Self) >= n {
		return c, fmt.Errorf("own seat %d of %d", c.Self, n)
	}
	if len(c.Session) == 0 {
		return c, errors.New("no session id")
	}
	if c.PunchKey == nil {
		return c, errors.New("no key for pings")
	}
	seen := map[channel.Party]bool{c.Self: true}
	keys := map[identity.ID]bool{}
	c.Peers = slices.Clone(c.Peers)
	for i, p := range c.Peers {
		switch {
		case p.Seat < 0 || int(p.Seat) >= n:
			return c, fmt.Errorf("seat %d of %d", p.Seat, n)
		case seen[p.Seat]:
			return c, fmt.Errorf("seat %d stands twice", p.Seat)
		case p.ID.IsZero():
			return c, fmt.Errorf("party %d has no key", p.Seat)
		case keys[p.ID]:
			return c, fmt.Errorf("party %d has the key of another", p.Seat)
		}
		seen[p.Seat], keys[p.ID] = true, true
		addrs := natpunch.Order(natpunch.Usable(p.Addrs))
		c.Peers[i].Addrs = addrs[:min(len(addrs), mostAddrs)]
	}
	fill(&c.MaxMessage, defaultMaxSize)
	fill(&c.Budget, defaultBudget)
	fill(&c.Patience, defaultPatience)
	fill(&c.ConnectTimeout, defaultConnect)
	fill(&c.Linger, defaultLinger)
	switch {
	case c.MaxMessage < 0 || c.MaxMessage > largestMaxSize:
		return c, fmt.Errorf("messages of %d bytes, want 1 to %d", c.MaxMessage, largestMaxSize)
	case c.Patience < 0 || c.Patience > longestPatience:
		return c, fmt.Errorf("patience of %s, want at most %s", c.Patience, longestPatience)
	case c.Budget < 0 || c.ConnectTimeout < 0 || c.Linger < 0:
		return c, errors.New("a negative limit")
	}
	return c, nil
}

func fill[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
