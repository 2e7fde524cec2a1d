package natpunch

import "net/netip"

// A Kind says how a candidate was found.
type Kind uint8

// The kinds of candidates, in the words of RFC 8445. The numbers are on the wire between parties and never change.
const (
	Host          Kind = 1 // an address of an interface
	Reflexive     Kind = 2 // what a STUN server saw
	Mapped        Kind = 3 // a port mapping that a router granted
	Static        Kind = 4 // given by the user
	PeerReflexive Kind = 5 // where a ping of the peer came from
	Relayed       Kind = 6 // at a relay
)

func (k Kind) String() string {
	switch k {
	case Host:
		return "host"
	case Reflexive:
		return "server-reflexive"
	case Mapped:
		return "port-mapped"
	case Static:
		return "static"
	case PeerReflexive:
		return "peer-reflexive"
	case Relayed:
		return "relayed"
	}
	return "unknown"
}

// MarshalText encodes a kind as its words.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// A Candidate is an address at which a party may be reached.
type Candidate struct {
	Addr netip.AddrPort
	Kind Kind
}

// rank orders direct paths: lower is better. Loopback and the own network first, then IPv6, then IPv4 (design 3.9). Every relayed
// path ranks behind.
func rank(addr netip.Addr) int {
	switch {
	case addr.IsLoopback():
		return 0
	case addr.IsPrivate():
		return 1
	case addr.Is6():
		return 2
	}
	return 3
}

// relayRank is the rank of a path over one relay; each further relay adds one.
const relayRank = 10
