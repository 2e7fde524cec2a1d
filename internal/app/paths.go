package app

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/natpunch"
)

// resolveWithin bounds looking up the name of a relay.
const resolveWithin = 3 * time.Second

// reach makes our socket reachable: it asks the coordinator's STUN servers, allocates at its relays, and tells the others what it
// finds as it finds it.
func (m *member) reach(ctx context.Context, socket *mesh.Socket, advertised []netip.AddrPort) {
	servers := m.client.STUN()
	local := slices.ContainsFunc(servers, func(a netip.AddrPort) bool { return a.Addr().IsLoopback() })
	private := !slices.ContainsFunc(servers, func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() && !a.Addr().IsPrivate() })
	cfg := mesh.ReachConfig{
		STUN: append(servers, resolveAll(ctx, m.cfg.STUN)...), Advertise: advertised, Loopback: local,
		PortMap: !private, // a router between us and a private coordinator has nothing to map
		NoUDP:   m.client.Transport() == coord.TLS,
		Changed: m.announce,
	}
	if m.cfg.Path != PathDirect {
		cfg.Relays = m.relays(ctx)
	}
	socket.Reach(cfg)
	if m.cfg.Path != PathDirect {
		m.background.Go(func() { m.followOffers(ctx, socket) })
	}
}

// followOffers uses the relays that the coordinator offers from now on: with credentials renewed, or at other ports after a
// restart.
func (m *member) followOffers(ctx context.Context, socket *mesh.Socket) {
	for {
		select {
		case <-m.offered:
			socket.UseRelays(m.relays(ctx))
		case <-ctx.Done():
			return
		}
	}
}

// resolveAll finds the addresses of servers; those that have none are left out, since others may do.
func resolveAll(ctx context.Context, servers []string) (all []netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	for _, s := range servers {
		host, portText, err := net.SplitHostPort(s)
		if err != nil {
			continue // checked before
		}
		port, err := strconv.ParseUint(portText, 10, 16)
		if err != nil {
			continue
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			continue
		}
		for _, ip := range ips {
			all = append(all, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	return all
}

// announce tells the others how to reach us.
func (m *member) announce(r mesh.Reach) {
	a := coord.Announcement{Mapping: uint8(r.Behaviour.Mapping), Step: r.Behaviour.Step, Relayed: r.Relayed}
	a.Relayed = a.Relayed[:min(len(a.Relayed), coord.MaxRelayed)]
	for _, c := range r.Candidates {
		if len(a.Candidates) < coord.MaxCandidates {
			a.Candidates = append(a.Candidates, coord.Candidate{Kind: uint8(c.Kind), Addr: c.Addr})
		}
	}
	m.client.Announce(a)
}

// hearPeer passes on what the coordinator tells about reaching a party.
func hearPeer(socket *mesh.Socket) func(coord.PeerUpdate) {
	return func(u coord.PeerUpdate) {
		p := mesh.PeerUpdate{Seat: channel.Party(u.Seat), Go: u.Go, After: u.After, Trouble: u.Trouble}
		p.Behaviour = natpunch.Behaviour{Mapping: natpunch.Mapping(u.Mapping), Step: u.Step}
		p.Relayed = u.Relayed
		for _, c := range u.Candidates {
			p.Candidates = append(p.Candidates, natpunch.Candidate{Addr: c.Addr, Kind: natpunch.Kind(c.Kind)})
		}
		socket.Update(p)
	}
}

// A PathPolicy says which kinds of path may be used.
type PathPolicy string

// The policies.
const (
	PathAuto   PathPolicy = "auto"
	PathDirect PathPolicy = "direct"
	PathRelay  PathPolicy = "relay"
)

func (p PathPolicy) policy() natpunch.Policy {
	switch p {
	case PathDirect:
		return natpunch.DirectOnly
	case PathRelay:
		return natpunch.RelayOnly
	}
	return natpunch.AnyPath
}
