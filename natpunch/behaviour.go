package natpunch

import (
	"fmt"
	"net/netip"
	"slices"
)

// A Mapping is how a NAT chooses the outer address of an inner one (RFC 4787 section 4.1). The numbers are on the wire between
// parties and never change.
type Mapping uint8

// The mappings.
const (
	UnknownMapping      Mapping = 0
	NoNAT               Mapping = 1 // the outer address is the socket's own
	EndpointIndependent Mapping = 2 // the same for every destination
	EndpointDependent   Mapping = 3 // another for another destination: address-dependent or address- and port-dependent
	NoUDP               Mapping = 4 // no STUN server answers: UDP does not leave, or none is known
)

func (m Mapping) String() string {
	switch m {
	case NoNAT:
		return "no NAT"
	case EndpointIndependent:
		return "endpoint-independent mapping"
	case EndpointDependent:
		return "endpoint-dependent mapping"
	case NoUDP:
		return "no UDP"
	}
	return "unknown mapping"
}

// MarshalText encodes a mapping as its words.
func (m Mapping) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Gloss says in plain words what a mapping means for finding a direct path.
func (m Mapping) Gloss() string {
	switch m {
	case NoNAT:
		return "reachable as it stands, if no firewall objects"
	case EndpointIndependent:
		return "its NAT keeps one port for every peer"
	case EndpointDependent:
		return "its NAT picks a new port for every peer"
	case NoUDP:
		return "no UDP leaves its network"
	}
	return "not enough is known of its NAT"
}

// A Behaviour is what is known of the NATs before a socket, for one address family.
type Behaviour struct {
	Mapping Mapping
	Step    int16 // EndpointDependent: the constant distance between the ports of consecutive mappings; 0 if there is none. A
	// multiple of 256 is one of ports whose bytes are swapped
}

func (b Behaviour) String() string {
	if b.Step != 0 {
		return fmt.Sprintf("%v, ports in steps of %d", b.Mapping, b.Step)
	}
	return b.Mapping.String()
}

// An Observation is what one STUN server saw, in the order of asking.
type Observation struct {
	Server, Mapped netip.AddrPort
}

// BehaviourOf concludes from the observations of one socket and one family, and from the socket's own addresses. One server port
// alone tells nothing about the mapping but that there is a NAT.
func BehaviourOf(own []netip.AddrPort, seen []Observation) Behaviour {
	if len(seen) == 0 {
		return Behaviour{Mapping: NoUDP}
	}
	if !slices.ContainsFunc(seen, func(o Observation) bool { return !slices.Contains(own, o.Mapped) }) {
		return Behaviour{Mapping: NoNAT}
	}
	// A server this side of the NAT saw nothing of it.
	private := func(o Observation) bool { return o.Server.Addr().Unmap().IsPrivate() }
	seen = slices.DeleteFunc(slices.Clone(seen), func(o Observation) bool { return slices.Contains(own, o.Mapped) })
	if outside := slices.DeleteFunc(slices.Clone(seen), private); len(outside) > 0 {
		seen = outside
	}
	if len(seen) == 1 {
		return Behaviour{Mapping: UnknownMapping}
	}
	if !slices.ContainsFunc(seen, func(o Observation) bool { return o.Mapped != seen[0].Mapped }) {
		return Behaviour{Mapping: EndpointIndependent}
	}
	var ports []uint16
	for _, o := range seen {
		ports = append(ports, o.Mapped.Port())
	}
	return Behaviour{Mapping: EndpointDependent, Step: stepOf(ports)}
}
