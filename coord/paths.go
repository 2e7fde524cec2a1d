package coord

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// What a Client knows and says about paths to the other parties.

// An outbox holds what the caller wants to be said, until the membership says it. For each thing only the latest is kept, so it
// never fills up and nobody waits for it.
type outbox struct {
	wake chan struct{} // one place

	mu        sync.Mutex
	latest    announce // version 0: nothing announced yet
	repunches map[int]bool
	troubles  map[int]string
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), repunches: make(map[int]bool), troubles: make(map[int]string)}
}

func (o *outbox) change(f func()) {
	o.mu.Lock()
	f()
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Announce tells the other parties how to reach us, from now on: it replaces what was announced before, and is told to parties
// that come later. What exceeds the limits is cut off; addresses that nobody may be sent to are left out. It does not wait, and
// may be called any time after Join.
func (c *Client) Announce(a Announcement) {
	a = a.filtered(true)
	c.outbox.change(func() {
		if c.outbox.latest.version == 0 || !c.outbox.latest.equal(a) {
			c.outbox.latest = announce{c.outbox.latest.version + 1, a}
		}
	})
}

// Repunch asks that both we and the party in a seat start punching again; the answer is a PeerUpdate with Go at both. It does
// not wait. The coordinator passes on one request per pair and second.
func (c *Client) Repunch(seat int) {
	if c.other(seat) {
		c.outbox.change(func() { c.outbox.repunches[seat] = true })
	}
}

// Trouble tells the party in a seat why our path to it fails; it learns that as a PeerUpdate. It does not wait. The reason is
// treated as in Leave; of several within a second the last is passed on.
func (c *Client) Trouble(seat int, reason string) {
	if reason = clean(reason, maxReason); c.other(seat) && reason != "" {
		c.outbox.change(func() { c.outbox.troubles[seat] = reason })
	}
}

func (c *Client) other(seat int) bool { return seat >= 0 && seat < c.Seats() && seat != c.Seat() }

// flush says what is in the outbox, as far as it is time for it: where we are once we have a seat, the rest once the roster is
// sealed.
func (m *membership) flush() {
	if m.link == nil || !m.greeted || m.leaving != nil {
		return
	}
	o := m.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.latest.version > m.announced {
		m.announced = o.latest.version
		m.link.send(announce{m.announced, o.latest.filtered(m.loopback())})
	}
	if !isClosed(m.sealed) {
		return
	}
	for _, seat := range slices.Sorted(maps.Keys(o.repunches)) {
		m.link.send(repunch{seat})
	}
	for _, seat := range slices.Sorted(maps.Keys(o.troubles)) {
		m.link.send(trouble{seat, o.troubles[seat]})
	}
	clear(o.repunches)
	clear(o.troubles)
}

// loopback tells that the coordinator is on this machine, and so other parties may be.
func (m *membership) loopback() bool { return m.link.addr.Addr().IsLoopback() }

// aboutPeer takes what the coordinator passes on about another party.
func (m *membership) aboutPeer(seat int, msg message) error {
	if !isClosed(m.sealed) || !m.other(seat) {
		return fmt.Errorf("%w: it speaks of a path to seat %d", ErrInconsistent, seat)
	}
	known := m.peers[seat]
	u := PeerUpdate{Seat: seat}
	switch msg := msg.(type) {
	case update:
		if msg.version <= known.version {
			return nil
		}
		known = announce{msg.version, msg.filtered(m.loopback())}
		m.peers[seat] = known
	case launch:
		u.Go, u.After = true, msg.after
	case troubled:
		u.Trouble = msg.reason
	}
	u.Announcement = known.filtered(true) // the caller's own copy
	if m.cfg.Peers != nil {
		m.cfg.Peers(u)
	}
	return nil
}

// news is what the coordinator offers us. It changes with every link.
type news struct {
	mu        sync.Mutex
	offers    []RelayOffer
	stun      []netip.AddrPort
	transport Transport
}

// Offers are the relays that we may use, best first, with credentials that are ours alone. The coordinator renews them before
// they expire, and after a restart its own may be elsewhere: ClientConfig.Offered tells.
func (c *Client) Offers() []RelayOffer {
	c.news.mu.Lock()
	defer c.news.mu.Unlock()
	return slices.Clone(c.news.offers)
}

// STUN lists the addresses at which the coordinator answers STUN requests, best first: where we reached it, its further ports
// there, its other addresses. Two ports that we reach tell how our NAT maps.
func (c *Client) STUN() []netip.AddrPort {
	c.news.mu.Lock()
	defer c.news.mu.Unlock()
	return slices.Clone(c.news.stun)
}

// Transport is how the coordinator was reached last.
func (c *Client) Transport() Transport {
	c.news.mu.Lock()
	defer c.news.mu.Unlock()
	return c.news.transport
}

func (c *Client) offered(list []grant) {
	now := time.Now()
	c.news.mu.Lock()
	c.news.offers = nil
	for _, g := range list {
		c.news.offers = append(c.news.offers, g.offer(now))
	}
	c.news.mu.Unlock()
	if c.cfg.Offered != nil {
		c.cfg.Offered()
	}
}

// learn takes what a welcome says about relays and STUN servers.
func (m *membership) learn(w welcome) {
	at := m.link.addr
	found := []netip.AddrPort{at}
	for _, port := range w.ports {
		found = append(found, netip.AddrPortFrom(at.Addr(), port))
	}
	found = append(found, w.stun...)
	for _, text := range m.addrs {
		if a, err := netip.ParseAddrPort(text); err == nil {
			found = append(found, a)
		}
	}
	var stun []netip.AddrPort
	for _, a := range found {
		if usable(a, m.loopback()) && !slices.Contains(stun, a) {
			stun = append(stun, a)
		}
	}
	m.offered(w.relays)
	m.news.mu.Lock()
	defer m.news.mu.Unlock()
	m.news.stun, m.news.transport = stun, transportOf(m.link.conn)
}
