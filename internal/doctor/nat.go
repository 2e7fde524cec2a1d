package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tacit-mpc/tacit/natpunch"
)

// The codes of what a socket's addresses tell.
const (
	codeUDP         = "udp"
	codeMapping4    = "mapping-ipv4"
	codeMapping6    = "mapping-ipv6"
	codePortMapping = "port-mapping"
	codeIPv6        = "ipv6"
)

// How to name somebody to ask.
const (
	partyAsks = "name somebody to ask: --ticket-file FILE, or --stun HOST:PORT"
	hostAsks  = "name somebody outside to ask: --stun HOST:PORT"
)

// natChecks find out whether UDP leaves, and what NATs do to it. ask is what to do if nobody was named.
func natChecks(s *socket, v *view, servers []netip.AddrPort, ask string) []Check {
	return []Check{
		{Code: codeUDP, Run: func(ctx context.Context) Result { return udpResult(v.whenSettled(ctx), servers, ask) }},
		{Code: codeMapping4, After: []string{codeUDP}, Run: func(ctx context.Context) Result {
			g := v.whenSettled(ctx)
			return mappingResult(g.V4, g.Servers, "IPv4", func(a netip.AddrPort) bool { return a.Addr().Is4() })
		}},
		{Code: codeMapping6, After: []string{codeUDP}, Run: func(ctx context.Context) Result {
			g := v.whenSettled(ctx)
			return mappingResult(g.V6, g.Servers, "IPv6", func(a netip.AddrPort) bool { return a.Addr().Is6() })
		}},
		{Code: codeIPv6, Run: func(ctx context.Context) Result { return ipv6Result(s, v.whenSettled(ctx)) }},
		{Code: codePortMapping, Run: func(ctx context.Context) Result { return portMappingResult(ctx, v, servers) }},
	}
}

func udpResult(g natpunch.Gathered, servers []netip.AddrPort, ask string) Result {
	var answered []natpunch.Answer
	for _, a := range g.Servers {
		if a.Err == nil {
			answered = append(answered, a)
		}
	}
	switch {
	case len(servers) == 0:
		return Result{Status: Unknown, Detail: "no STUN server was given", Hint: ask}
	case len(g.Servers) == 0:
		return Result{Status: Fail, Detail: "this machine has no address of the family of any STUN server", Hint: "connect it to a network"}
	case len(answered) == 0:
		return Result{Status: Fail, Detail: fmt.Sprintf("no STUN server answers (%d asked)", len(g.Servers)),
			Gloss: "no UDP comes back: a firewall drops it, or no server is there", Hint: "let UDP out to " + g.Servers[0].Server.String()}
	}
	return Result{Status: OK, Detail: fmt.Sprintf("%d STUN servers answer; %v sees us as %v", len(answered), answered[0].Server, answered[0].Mapped),
		Gloss: "UDP leaves this network and answers come back"}
}

// mappingResult names the class of RFC 4787 section 4.1 of one address family.
func mappingResult(b natpunch.Behaviour, answers []natpunch.Answer, family string, ours func(netip.AddrPort) bool) Result {
	var seen []natpunch.Answer
	asked := false
	for _, a := range answers {
		asked = asked || ours(a.Server)
		if ours(a.Server) && a.Err == nil {
			seen = append(seen, a)
		}
	}
	if !asked {
		return Result{Status: Unknown, Detail: "no STUN server with " + family + " was asked"}
	}
	r := Result{Status: OK, Detail: b.String(), Gloss: b.Mapping.Gloss()}
	switch b.Mapping {
	case natpunch.EndpointIndependent:
		r.Gloss += ": a peer reaches the address that a STUN server saw, once both have sent"
	case natpunch.EndpointDependent:
		r.Status, r.Detail = Warn, classOf(seen)
		if b.Step != 0 {
			r.Detail += fmt.Sprintf(", ports in steps of %d", b.Step)
		}
		r.Gloss += ": direct to open peers at once, to ordinary routers mostly after trying many ports, to another NAT of this kind only through a relay"
	case natpunch.NoUDP:
		r.Status = Warn
		r.Gloss = "no STUN server answers over " + family
	case natpunch.UnknownMapping:
		r.Status, r.Detail = Unknown, "a NAT; its mapping cannot be told"
		r.Hint = "name a second server or port to ask: --stun HOST:PORT"
	}
	return r
}

// classOf tells address-dependent from address and port-dependent mapping, if servers with several ports answered.
func classOf(seen []natpunch.Answer) string {
	pairs := false
	for i, a := range seen {
		for _, b := range seen[:i] {
			if a.Server.Addr() == b.Server.Addr() {
				if a.Mapped != b.Mapped {
					return "address and port-dependent mapping"
				}
				pairs = true
			}
		}
	}
	if pairs {
		return "address-dependent mapping"
	}
	return "endpoint-dependent mapping"
}

func ipv6Result(s *socket, g natpunch.Gathered) Result {
	own, err := natpunch.Hosts(netip.AddrPortFrom(netip.IPv6Unspecified(), s.local().Port()), false)
	if err != nil {
		return Result{Status: Unknown, Detail: err.Error()}
	}
	global := slices.DeleteFunc(own, func(a netip.AddrPort) bool { return !a.Addr().Is6() || a.Addr().IsPrivate() })
	if len(global) == 0 {
		return Result{Status: Warn, Detail: "this machine has no global IPv6 address", Gloss: "IPv4 is enough; IPv6 has no NATs that stand in the way of a direct path"}
	}
	asked := false
	for _, a := range g.Servers {
		if a.Server.Addr().Is4() {
			continue
		}
		asked = true
		if a.Err == nil {
			return Result{Status: OK, Detail: fmt.Sprintf("%v sees us as %v", a.Server, a.Mapped), Gloss: "IPv6 leaves this network and answers come back"}
		}
	}
	if !asked {
		return Result{Status: Unknown, Detail: fmt.Sprintf("this machine has the address %v; no server with IPv6 was given", global[0].Addr())}
	}
	return Result{Status: Warn, Detail: fmt.Sprintf("this machine has the address %v, and no server answers over IPv6", global[0].Addr())}
}

func portMappingResult(ctx context.Context, v *view, servers []netip.AddrPort) Result {
	if allLoopback(servers) {
		return Result{Status: Unknown, Detail: "not asked for: everybody named is on this machine"}
	}
	g := v.whenMapped(ctx)
	for _, c := range g.Candidates {
		if c.Kind == natpunch.Mapped {
			return Result{Status: OK, Detail: g.Mapping, Gloss: "peers reach us at that address whatever the NAT does"}
		}
	}
	detail := g.Mapping
	if detail == "" {
		detail = "the router did not answer in time"
	}
	return Result{Status: Warn, Detail: detail, Gloss: "not needed where UDP passes; a mapped port makes every direct path easy", Hint: "switch UPnP, NAT-PMP or PCP on in the router if it is yours"}
}
