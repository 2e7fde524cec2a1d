package doctor

import "github.com/tacit-mpc/tacit/natpunch"

// ofParty concludes. The rule behind it: a path is direct unless one party's mapping is endpoint-dependent and the other's
// filtering is address and port-dependent; and then it mostly is after trying many ports, unless both are so.
func (r Report) ofParty(g natpunch.Gathered, cfg PartyConfig) (Verdict, string) {
	const quic, stream = codeQUIC, codeTLS
	relays := r.works("relay-udp", "relay-tcp", "relay-tls")
	if len(cfg.Addrs) > 0 && !r.works(quic, stream) {
		return NoPath, "the coordinator is reached neither over QUIC nor over TLS: is pre still running?"
	}
	mapped := r.status(codePortMapping) == OK
	switch {
	case r.works(codeUDP):
		return DirectLikely, directWhy(g, mapped)
	case r.status(codeUDP) == Unknown && mapped:
		return DirectLikely, "the router maps a port to us; whether UDP leaves was not asked"
	case relays && r.status(codeUDP) == Unknown:
		return RelayOnly, "a relay answers; nobody was asked how our NAT maps; " + partyAsks
	case relays:
		return RelayOnly, "no STUN server answers over UDP, but a relay does"
	case r.works(quic):
		return DirectLikely, "UDP reaches the coordinator; nothing is known of the NAT, since no STUN server answers"
	case r.works(stream):
		return NoPath, "the coordinator is reached over TLS, but no UDP comes back and no relay answers; it may tell of another relay when we join"
	case r.status(codeUDP) == Unknown:
		return Undecided, "nobody was asked; " + partyAsks
	}
	return NoPath, "no UDP comes back and no relay answers"
}

// directWhy says why a direct path is likely, by the easiest family.
func directWhy(g natpunch.Gathered, mapped bool) string {
	b := g.Behaviour()
	switch {
	case b.Mapping == natpunch.NoNAT || g.V6.Mapping == natpunch.NoNAT:
		return "there is no NAT in the way"
	case b.Mapping == natpunch.EndpointIndependent:
		return "our NAT keeps one port for every peer"
	case mapped:
		return "the router maps a port to us"
	case b.Mapping == natpunch.EndpointDependent:
		return "our NAT picks a new port for every peer: direct unless a peer's NAT does so too, then by relay"
	}
	return "UDP passes; how our NAT maps is not known"
}
