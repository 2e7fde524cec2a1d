package pathconn

import (
	"encoding/binary"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// syntheticRange holds the addresses of peers: class E, which no network carries.
var syntheticRange = netip.MustParsePrefix("240.0.0.0/4")

func isSynthetic(a netip.Addr) bool { return syntheticRange.Contains(a) }

// A Sender is another way out than the main socket. Send must not block, and copies p if it keeps it; lost packets are not
// reported.
type Sender interface {
	Send(p []byte, to netip.AddrPort)
}

// A Route says where the packets for a peer go. It is a value: change it with Peer.SetRoute.
type Route struct {
	To    netip.AddrPort   // the path in use; the zero value if there is none
	Out   Sender           // for To; nil is the main socket
	Spray []netip.AddrPort // every packet goes here as well, through the main socket: while nothing is proven

	// Narrow says that packets of the size that QUIC uses (Peer.Largest) do not pass to To: large ones are split.
	Narrow bool
}

// A Peer is another party as QUIC sees it: one synthetic address at a time.
type Peer struct {
	conn  *core
	addr  atomic.Pointer[net.UDPAddr]
	route atomic.Pointer[route]
	old   []netip.Addr // addresses that it had, the oldest first; under core.mu

	sent atomic.Int64 // packets

	inUse  atomic.Pointer[sizes] // of the path that QUIC uses; nil before it does
	pieces atomic.Uint32         // id of the last ones
	joiner joiner

	recentMu sync.Mutex
	recent   [recentPackets][]byte // the last packet of the last writes, a ring
	at       int
}

// route is a Route as write wants it.
type route struct {
	Route
	to    *net.UDPAddr
	spray []*net.UDPAddr
}

// Peer makes a peer without a route: what is sent to it is lost until SetRoute.
func (c *core) Peer() *Peer {
	p := &Peer{conn: c}
	p.route.Store(&route{})
	c.change(p.name)
	return p
}

// Addr is the address by which QUIC knows the peer.
func (p *Peer) Addr() *net.UDPAddr { return p.addr.Load() }

// name gives the peer an address that nobody had.
func (p *Peer) name(t *table) {
	c := p.conn
	ip := netip.AddrFrom4([4]byte{240, byte(c.next >> 16), byte(c.next >> 8), byte(c.next)})
	c.next++
	t.synthetic[ip] = alias{p, new(sizes)}
	p.addr.Store(&net.UDPAddr{IP: ip.AsSlice(), Port: 1})
}

// oldAddrs is how many earlier addresses reach a peer still. A quic-go server keeps three paths that it may write to.
const oldAddrs = 4

// Readdress gives the peer a new address, from which its packets come from now on; packets to the earlier ones reach it still.
// A QUIC server thinks that its client has moved: it validates the path, and measures it afresh.
func (p *Peer) Readdress() {
	p.conn.change(func(t *table) {
		if t.synthetic[plain(p.Addr()).Addr()].peer != p {
			return // removed
		}
		if p.old = append(p.old, plain(p.Addr()).Addr()); len(p.old) > oldAddrs {
			delete(t.synthetic, p.old[0])
			p.old = p.old[1:]
		}
		p.name(t)
	})
}

// SetRoute changes where packets go, from the next one on.
func (p *Peer) SetRoute(r Route) {
	n := &route{Route: r}
	if r.To.IsValid() {
		n.to = net.UDPAddrFromAddrPort(r.To)
	}
	for _, a := range r.Spray {
		n.spray = append(n.spray, net.UDPAddrFromAddrPort(a))
	}
	p.route.Store(n)
}

// Route returns the route in use.
func (p *Peer) Route() Route { return p.route.Load().Route }

// Own says that packets from a real address are the peer's. An address has one owner.
func (p *Peer) Own(addr netip.AddrPort) {
	addr = unmap(addr)
	if p.conn.table.Load().real[addr] == p {
		return
	}
	p.conn.change(func(t *table) { t.real[addr] = p })
}

// Disown forgets that an address is the peer's.
func (p *Peer) Disown(addr netip.AddrPort) {
	p.conn.change(func(t *table) {
		if t.real[unmap(addr)] == p {
			delete(t.real, unmap(addr))
		}
	})
}

// Deliver gives QUIC a packet of the peer, or a piece of one, that came by a relay or another socket. It copies b and never blocks.
func (p *Peer) Deliver(b []byte) {
	if IsPiece(b) {
		if b = p.joiner.join(nil, b); b == nil {
			return
		}
	}
	p.conn.inject(b, p.Addr())
}

// Sent counts the sends of QUIC to the peer.
func (p *Peer) Sent() int64 { return p.sent.Load() }

// recentPackets is how many packets Resend sends.
const recentPackets = 8

// Resend sends the last packets once more, over the route in use. QUIC, which saw them lost on a dead path, would wait for its
// timer, by then grown to the length of the outage; the peer's acknowledgement of one of these tells it to go on at once.
// Packets that did arrive are recognised as duplicates.
func (p *Peer) Resend() {
	p.recentMu.Lock()
	defer p.recentMu.Unlock()
	r := p.route.Load()
	for i := range p.recent {
		if b := p.recent[(p.at+i)%recentPackets]; len(b) > 0 {
			p.send(r, p.inUse.Load(), b, nil)
		}
	}
}

// remember keeps the last packet of b for Resend.
func (p *Peer) remember(b, oob []byte) {
	if size := segmentSize(oob); size > 0 && len(b) > size {
		b = b[(len(b)-1)/size*size:]
	}
	p.recentMu.Lock()
	p.recent[p.at] = append(p.recent[p.at][:0], b...)
	p.at = (p.at + 1) % recentPackets
	p.recentMu.Unlock()
}

// Remove ends the peer: its packets are strangers' from then on.
func (p *Peer) Remove() {
	p.conn.change(func(t *table) {
		maps.DeleteFunc(t.synthetic, func(_ netip.Addr, x alias) bool { return x.peer == p })
		maps.DeleteFunc(t.real, func(_ netip.AddrPort, x *Peer) bool { return x == p })
	})
}

// write sends b, which is several packets if oob says so. QUIC sends it on its path of those sizes.
func (p *Peer) write(s *sizes, b, oob []byte) (n, oobn int, err error) {
	p.sent.Add(1)
	p.remember(b, oob)
	p.note(s, b, oob)
	return p.send(p.route.Load(), s, b, oob)
}

// send sends b over a route. It is split as s tells, which may be nil.
func (p *Peer) send(r *route, s *sizes, b, oob []byte) (n, oobn int, err error) {
	for _, a := range r.spray {
		if r.to == nil || r.Out != nil || a.AddrPort() != r.to.AddrPort() {
			segments(b, oob, func(s []byte) { p.conn.raw(s, nil, a) })
		}
	}
	switch {
	case r.to == nil:
	case r.Narrow:
		p.sendNarrow(r, s, b, oob)
	case r.Out != nil:
		segments(b, oob, func(s []byte) { r.Out.Send(s, r.To) })
	default:
		real := oob
		if r.to.IP.To4() == nil {
			var buf [oobSize]byte
			real = toIPv6(buf[:0], oob)
		}
		if n, _, err = p.conn.raw(b, real, r.to); !s.shrunk(err, b, oob) {
			return n, len(oob), err
		}
		p.sendNarrow(r, s, b, oob) // until pings find the path narrow
	}
	return len(b), len(oob), nil
}

// segments calls send for each packet of b.
func segments(b, oob []byte, send func(p []byte)) {
	size := segmentSize(oob)
	if size == 0 {
		size = len(b)
	}
	for len(b) > 0 {
		n := min(size, len(b))
		send(b[:n])
		b = b[n:]
	}
}

var native = binary.NativeEndian
