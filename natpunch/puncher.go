package natpunch

import (
	"net/netip"
	"sync"
	"time"
)

// An Outlet is a UDP socket that a Puncher sends through. Send must not block; errors are lost packets.
type Outlet interface {
	Send(p []byte, to netip.AddrPort)
	Close() error
}

// A PunchConfig says what a Puncher may use. Main is required.
type PunchConfig struct {
	Main Outlet // the party's socket; the Puncher does not close it

	// Open makes one more socket for birthday punching, whose packets the caller passes to Handle. nil switches birthday punching
	// and the prediction of ports off.
	Open func() (Outlet, error)
}

// A Puncher finds and watches paths, direct ones and over relays, for every pair of one party. It reads no socket: the owner of
// the sockets passes pings to Handle.
type Puncher struct {
	cfg PunchConfig

	mu        sync.Mutex
	pairs     map[tag]*Pair
	birthdays int // that are under way
}

// NewPuncher returns a Puncher without pairs.
func NewPuncher(cfg PunchConfig) *Puncher {
	return &Puncher{cfg: cfg, pairs: map[tag]*Pair{}}
}

// A PathState is the best path to a peer, or that there is none.
type PathState struct {
	Proven  bool
	Relayed bool // over a relay, at either end; false: direct
	Remote  netip.AddrPort
	Out     Outlet // the socket that it goes through
	Kind    Kind   // of the remote candidate
	RTT     time.Duration
	Narrow  bool // packets of the size in use (PairConfig.Largest) do not pass, or are not known to
}

// A Policy restricts the paths of a pair.
type Policy uint8

// The policies.
const (
	AnyPath    Policy = iota
	DirectOnly        // no path over a relay
	RelayOnly         // only paths over a relay
)

// A PairConfig names a pair. Secret is known to its two parties alone, and new for every session; Changed is called by the pair's
// goroutine whenever the path appears, moves or is lost; it must not block for long, nor call Report or Close.
type PairConfig struct {
	Secret  [32]byte
	Lower   bool // our seat is the lower one
	Policy  Policy
	Changed func(PathState)

	// Heard, if not nil, is called by Handle for every authentic, fresh ping and pong: packets from there are the peer's.
	Heard func(from netip.AddrPort, out Outlet)

	// Largest, if not nil, tells the size of the largest packets that the caller sends to the peer, in bytes, at most 1500; 0 if
	// there were none yet. The pair watches whether packets of that size pass.
	Largest func() int
}

// Pair adds a pair. It does nothing before Go, but answers the peer's pings.
func (p *Puncher) Pair(cfg PairConfig) *Pair {
	c := newPair(p, cfg)
	p.mu.Lock()
	p.pairs[c.tag] = c
	p.mu.Unlock()
	c.running.Go(c.run)
	return c
}

// Handle takes a packet that arrived at an outlet if it is a ping or pong. It never blocks and does not keep the packet.
func (p *Puncher) Handle(packet []byte, out Outlet, from netip.AddrPort) bool {
	if !isPing(packet) {
		return false
	}
	p.mu.Lock()
	c := p.pairs[tagOf(packet)]
	p.mu.Unlock()
	if c == nil {
		return true
	}
	m, ok := c.in.open(packet)
	guard := &c.seen[0]
	if m.pong {
		guard = &c.seen[1]
	}
	if !ok || !guard.fresh(m.transaction) {
		return true
	}
	if c.heard != nil {
		c.heard(unmap(from), out)
	}
	select {
	case c.arrived <- arrival{m, out, unmap(from), time.Now()}:
	default: // a flood; pings are repeated
	}
	return true
}

func (p *Puncher) remove(c *Pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pairs[c.tag] == c {
		delete(p.pairs, c.tag)
	}
}

// turns is how many groups of about pairsAtOnce the pairs make.
func (p *Puncher) turns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 1 + (len(p.pairs)-1)/pairsAtOnce
}

// beginBirthday allows one more pair to try birthday punching, or not; endBirthday ends that.
func (p *Puncher) beginBirthday() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.birthdays >= maxAtATime {
		return false
	}
	p.birthdays++
	return true
}

func (p *Puncher) endBirthday() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.birthdays--
}
