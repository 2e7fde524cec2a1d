package mesh

import (
	"net"
	"net/netip"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/natpunch"
)

// A PathKind says how packets travel.
type PathKind string

const (
	Direct PathKind = "direct" // straight to the peer's address
	Relay  PathKind = "relay"  // through a relay, which sees only sealed packets
)

// A Path is how we reach a peer at the moment.
type Path struct {
	Peer          channel.Party
	Kind          PathKind
	Local, Remote netip.AddrPort
	RTT           time.Duration // smoothed
	Why           string        // of a relay: why not direct; of a direct path: why QUIC may be slow on it, if so
	Search        natpunch.PairReport
}

// Paths tells how each peer is reached, in the order of seats. A peer that is gone keeps its last path.
func (m *Mesh) Paths() []Path {
	var all []Path
	for seat, w := range m.ways {
		if w != nil {
			w.pings.Report() // so that what is noted is what is known
			all = append(all, m.pathOf(channel.Party(seat), m.pairs[seat]))
		}
	}
	return all
}

// pathOf is the path to a peer, with the round trip that pings measure, or QUIC if there were none.
func (m *Mesh) pathOf(seat channel.Party, p *pair) Path {
	path := m.ways[seat].path()
	if p != nil && path.RTT == 0 {
		path.RTT = p.conn.ConnectionStats().SmoothedRTT
	}
	return path
}

// rerouted tells that the path to a connected peer changed.
func (m *Mesh) rerouted(seat channel.Party) {
	m.mu.Lock()
	p := m.pairs[seat]
	silent := m.closed || p == nil
	m.mu.Unlock()
	if !silent && p.end() == nil {
		m.tell(Event{Kind: Rerouted, Peer: seat, Path: m.pathOf(seat, p)})
	}
}

// upgraded tells that QUIC has noticed the direct path.
func (m *Mesh) upgraded(p *pair) {
	m.mu.Lock()
	silent := m.closed
	m.mu.Unlock()
	if !silent && p.end() == nil {
		m.tell(Event{Kind: Upgraded, Peer: p.peer, Path: m.pathOf(p.peer, p)})
	}
}

// Traffic is what passed between us and one peer, in bytes of UDP payload and in packets.
type Traffic struct {
	Peer                     channel.Party
	BytesSent, BytesReceived uint64
	PacketsSent, PacketsLost uint64
	RTT, MinRTT              time.Duration
}

// Traffic tells what passed on the wire, in the order of seats, overhead and repetitions included. Payload is what channel.Meter
// counts.
func (m *Mesh) Traffic() []Traffic {
	var all []Traffic
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		s := p.conn.ConnectionStats()
		all = append(all, Traffic{
			Peer: p.peer, BytesSent: s.BytesSent, BytesReceived: s.BytesReceived,
			PacketsSent: s.PacketsSent, PacketsLost: s.PacketsLost, RTT: s.SmoothedRTT, MinRTT: s.MinRTT,
		})
	}
	return all
}

// localFor is the address that packets to remote leave from: the socket's, or if that is unspecified the one the routing table
// picks. Nothing is sent.
func localFor(bound, remote netip.AddrPort) netip.AddrPort {
	if !bound.Addr().IsUnspecified() || !remote.IsValid() {
		return bound
	}
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(remote))
	if err != nil {
		return bound
	}
	defer c.Close()
	return netip.AddrPortFrom(addrPort(c.LocalAddr()).Addr(), bound.Port())
}
