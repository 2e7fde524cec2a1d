package mesh

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/natpunch"
)

// A ReachConfig says how a socket makes itself reachable, beyond the addresses of its machine. Every field may be left out.
type ReachConfig struct {
	STUN      []netip.AddrPort // servers; two ports or more tell how a NAT maps
	Advertise []netip.AddrPort // addresses that the user gave
	Loopback  bool             // the others are on this machine, as far as is known
	PortMap   bool             // ask the router for a port
	NoUDP     bool             // UDP did not get as far as the coordinator: do not wait for it
	Relays    []RelayServer    // best first

	// Changed is called, one call at a time, whenever something new is known; each call carries everything. It must not call the
	// Socket.
	Changed func(Reach)
}

// A Reach is what the other parties should know about how to reach a socket.
type Reach struct {
	Candidates []natpunch.Candidate
	Behaviour  natpunch.Behaviour
	Relayed    []netip.AddrPort // our addresses at relays
}

// A PeerUpdate is what a party says about how to reach it, and whether to start.
type PeerUpdate struct {
	Seat channel.Party
	Reach
	Go    bool // search for a path, after a pause that makes both begin together
	After time.Duration

	Trouble string // why the party finds no path to us, in its words; the last that was not empty counts
}

// A reacher keeps a socket reachable: candidates, a port mapping, relayed addresses.
type reacher struct {
	sock    *Socket
	cfg     ReachConfig
	gather  *natpunch.Gatherer
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	telling sync.Mutex // serialises Changed
	mu      sync.Mutex
	found   natpunch.Gathered
	servers []RelayServer
	keepers []*keeper
	outlets []*relayOutlet
	peers   []netip.Addr  // whose packets relays should let through
	asked   chan struct{} // closed when there may be more of them
}

// Reach begins to find out how the socket may be reached, and to keep it reachable, until Close. It is called once at most.
func (s *Socket) Reach(cfg ReachConfig) {
	r := &reacher{sock: s, cfg: cfg, asked: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	s.reachMu.Lock()
	s.reach = r
	s.reachMu.Unlock()
	r.gather = natpunch.Gather(natpunch.GatherConfig{
		Local: s.conn.Bound(), Loopback: cfg.Loopback, STUN: s.stun, Servers: cfg.STUN, Static: cfg.Advertise, PortMap: cfg.PortMap,
		Changed: r.gathered,
	})
	r.running.Go(func() {
		natpunch.Watch(r.ctx, func() {
			r.gather.Again()
			s.eachWay(func(w *way) { w.pings.Repunch() })
		})
	})
	r.useRelays(cfg.Relays)
}

func (r *reacher) close() {
	r.cancel() // keepers close their allocations, which wakes whoever waits for a relay that may be gone
	r.gather.Close()
	r.running.Wait()
}

func (r *reacher) gathered(g natpunch.Gathered) {
	r.mu.Lock()
	r.found = g
	r.mu.Unlock()
	r.sock.eachWay(func(w *way) { w.behave(g.Behaviour()) })
	r.tell()
}

// now is what the others should know.
func (r *reacher) now() Reach {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := Reach{Candidates: r.found.Candidates, Behaviour: r.found.Behaviour()}
	for _, o := range r.outlets {
		n.Relayed = append(n.Relayed, o.alloc.Relayed())
	}
	return n
}

func (r *reacher) tell() {
	if r.cfg.Changed == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.cfg.Changed(r.now())
}

// Update tells what a party says about how to reach it. It may come before Join and at any time after.
func (s *Socket) Update(u PeerUpdate) {
	s.reachMu.Lock()
	if s.updates == nil {
		s.updates = make(map[channel.Party]PeerUpdate)
	}
	if u.Trouble == "" {
		u.Trouble = s.updates[u.Seat].Trouble
	}
	s.updates[u.Seat] = u
	m := s.mesh.Load()
	s.reachMu.Unlock()
	if m != nil && u.Seat >= 0 && int(u.Seat) < len(m.ways) && m.ways[u.Seat] != nil {
		m.ways[u.Seat].update(u)
	}
}

// known is the last update about a party, and our reacher if there is one.
func (s *Socket) known(seat channel.Party) (PeerUpdate, bool, *reacher) {
	s.reachMu.Lock()
	defer s.reachMu.Unlock()
	u, ok := s.updates[seat]
	return u, ok, s.reach
}

// eachWay calls f for every peer of the mesh on the socket.
func (s *Socket) eachWay(f func(w *way)) {
	m := s.mesh.Load()
	if m == nil {
		return
	}
	for _, w := range m.ways {
		if w != nil {
			f(w)
		}
	}
}
