package relay

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/turn/v4"
)

// A book is the relay's memory: who holds which allocation, in which room. It answers every question of the TURN library.
type book struct {
	cfg    Config
	listen func() (*net.UDPConn, error) // opens a relay socket

	mu      sync.Mutex
	clients map[source]*client
	ports   map[uint16]*guard // relay sockets in use
	rooms   map[string]*room
	bytes   int64
	refused int64
}

// A source is where a client's packets come from.
type source struct {
	tcp bool
	netip.AddrPort
}

// A client is a source that holds an allocation, at one of our addresses.
type client struct {
	user   User
	at     string
	guard  *guard
	born   time.Time
	until  time.Time     // when the allocation ends unless it is refreshed
	adding chan struct{} // closed when the permission that is being entered is; nil if none is
}

// lastMoments are those of an allocation, in which it gets no new permission: while the library takes an allocation apart it must not
// add to it. Clients refresh long before.
const lastMoments = 30 * time.Second

// A room is the parties of one session.
type room struct {
	closed bool
	users  map[string]int     // allocations by node
	ips    map[netip.Addr]int // allocations by source address
	count  int
	bytes  int64
}

func newBook(cfg Config) *book {
	defaultTo(&cfg.PerUser, DefaultPerUser)
	defaultTo(&cfg.PerRoom, DefaultPerRoom)
	defaultTo(&cfg.Total, DefaultTotal)
	defaultTo(&cfg.RoomCap, DefaultRoomCap)
	defaultTo(&cfg.Lifetime, DefaultLifetime)
	if !cfg.Bind.IsValid() {
		cfg.Bind = cfg.Addr
	}
	listen := func() (*net.UDPConn, error) {
		network := "udp6"
		if cfg.Bind.Is4() {
			network = "udp4"
		}
		return net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(cfg.Bind, 0)))
	}
	return &book{cfg: cfg, listen: listen, clients: map[source]*client{}, ports: map[uint16]*guard{}, rooms: map[string]*room{}}
}

func defaultTo[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// authenticate returns the key of a user whose credentials are valid now. Whoever shares a client's address must be the user of
// its allocation: the library does not compare them.
func (b *book) authenticate(username, realm string, src net.Addr) ([]byte, bool) {
	u, err := parseUser(username)
	if err != nil || time.Now().After(u.Ends) {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open(u.Room) {
		return nil, false
	}
	if c := b.clients[sourceOf(src)]; c != nil && (c.user.Room != u.Room || c.user.Node != u.Node) {
		return nil, false
	}
	return turn.GenerateAuthKey(username, realm, password(b.cfg.Secret, username)), true
}

// open tells whether a room may be used. The lock is held.
func (b *book) open(name string) bool {
	if r := b.rooms[name]; r != nil && r.closed {
		return false
	}
	return b.cfg.Open == nil || b.cfg.Open(name)
}

// admit decides about a new allocation of an authenticated user. One too many of the same user takes the place of its oldest: that
// of a client whose NAT has forgotten it, and which therefore cannot give it back.
func (b *book) admit(username, _ string, src net.Addr) bool {
	ok, replaced := b.judge(username, src)
	if replaced != nil {
		replaced.Close()
	}
	return ok
}

func (b *book) judge(username string, src net.Addr) (ok bool, replaced *guard) {
	u, err := parseUser(username)
	if err != nil {
		return false, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients[sourceOf(src)] != nil { // the same source, at another of our addresses
		return false, nil
	}
	r := b.rooms[u.Room]
	full := len(b.clients) >= b.cfg.Total
	switch {
	case r == nil:
		return !full, nil
	case r.closed || r.bytes >= b.cfg.RoomCap:
		return false, nil
	case r.users[u.Node] >= b.cfg.PerUser:
		replaced = b.oldest(u)
		return replaced != nil, replaced
	}
	return !full && r.count < b.cfg.PerRoom, nil
}

// oldest is the first allocation of a user that is not being ended yet. The lock is held.
func (b *book) oldest(u User) *guard {
	var first *client
	for _, c := range b.clients {
		if c.user.Room == u.Room && c.user.Node == u.Node && b.ports[c.guard.port] == c.guard && (first == nil || c.born.Before(first.born)) {
			first = c
		}
	}
	if first == nil {
		return nil
	}
	return first.guard
}

// permit decides whether a client may exchange packets with a peer address: one where another allocation of its room comes
// from, or a relayed address of this relay.
func (b *book) permit(src net.Addr, peer net.IP) bool {
	ip, ok := netip.AddrFromSlice(peer)
	if !ok {
		return false
	}
	if peer.To4() != nil {
		ip = ip.Unmap() // net.IP has one form for both; a mapped address on the wire is refused by the library's family check
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.clients[sourceOf(src)]
	if c == nil || c.guard.ended || time.Until(c.until) < lastMoments {
		return false
	}
	// Of our own address guard.WriteTo checks the port.
	if ip != b.cfg.Addr && (b.rooms[c.user.Room].ips[ip] == 0 || !Reachable(ip, b.cfg.Local)) {
		return false
	}
	if c.adding == nil {
		c.adding = make(chan struct{})
	}
	return true
}

// added ends the entering of a permission. The book's lock is held.
func (c *client) added() {
	if c.adding != nil {
		close(c.adding)
		c.adding = nil
	}
}

// answered looks at an answer to a client: how long does its allocation live?
func (b *book) answered(to source, p []byte) {
	lifetime, first, ok := lifetimeIn(p)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.clients[to]; c != nil && (!first || c.until.IsZero()) { // the answer to an Allocate may be a repetition
		c.until = time.Now().Add(lifetime)
	}
}

// created enters a new allocation, or ends it if there is no place for it any more.
func (b *book) created(src, at net.Addr, _, username, _ string, relayed net.Addr, _ int) {
	if g := b.enter(sourceOf(src), at.String(), username, addrPort(relayed).Port()); g != nil {
		g.Close()
	}
}

func (b *book) enter(from source, at, username string, port uint16) (refused *guard) {
	u, err := parseUser(username)
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.ports[port]
	if err != nil || g == nil {
		return g // authenticate and AllocatePacketConn came before
	}
	r := b.rooms[u.Room]
	if r == nil {
		r = &room{users: map[string]int{}, ips: map[netip.Addr]int{}}
		b.rooms[u.Room] = r
	}
	if r.closed || b.clients[from] != nil { // closed meanwhile, or two of our addresses were asked at the same moment
		return g
	}
	r.users[u.Node]++
	r.ips[from.Addr()]++
	r.count++
	c := &client{user: u, at: at, guard: g, born: time.Now()}
	g.room, g.client = r, c
	b.clients[from] = c
	return nil
}

// deleted removes an allocation.
func (b *book) deleted(src, at net.Addr, _, _, _ string) {
	from := sourceOf(src)
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.clients[from]
	if c == nil || c.at != at.String() {
		return
	}
	c.added()
	delete(b.clients, from)
	r := b.rooms[c.user.Room]
	r.count--
	if r.users[c.user.Node]--; r.users[c.user.Node] == 0 {
		delete(r.users, c.user.Node)
	}
	if r.ips[from.Addr()]--; r.ips[from.Addr()] == 0 {
		delete(r.ips, from.Addr())
	}
}

func (b *book) closeRoom(name string) {
	b.mu.Lock()
	r := b.rooms[name]
	if r == nil {
		r = &room{}
		b.rooms[name] = r
	}
	r.closed = true
	guards := b.guardsOf(r)
	b.mu.Unlock()
	closeGuards(guards)
}

func (b *book) closeAll() {
	b.mu.Lock()
	guards := b.guardsOf(nil)
	b.mu.Unlock()
	closeGuards(guards)
}

// guardsOf returns the relay sockets of a room, or of all. The lock is held.
func (b *book) guardsOf(r *room) (guards []*guard) {
	for _, g := range b.ports {
		if r == nil || g.room == r {
			guards = append(guards, g)
		}
	}
	return guards
}

func closeGuards(guards []*guard) {
	for _, g := range guards {
		g.Close()
	}
}

func (b *book) stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{len(b.clients), b.bytes, b.refused}
}

// known tells whether a client has an allocation, when the library is done with its last packet.
func (b *book) known(from source) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.clients[from]
	if c != nil {
		c.added()
	}
	return c != nil
}

func sourceOf(src net.Addr) source {
	_, tcp := src.(*net.TCPAddr)
	return source{tcp, addrPort(src)}
}

// addrPort is the address of a UDP or TCP end, IPv4 unmapped.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	default:
		panic(fmt.Sprintf("relay: address of type %T", a))
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
