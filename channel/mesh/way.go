package mesh

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/pathconn"
	"github.com/tacit-mpc/tacit/natpunch"
)

// mostSprayed is how many candidate addresses the first flight goes to at once.
const mostSprayed = 8

// A way is how packets get to one peer. QUIC knows the peer by an address that says nothing of the path (upgrade.go); the way sends what
// goes there over the path that pings have proven best, and to every candidate while none is.
type way struct {
	m     *Mesh
	peer  Peer
	quic  *pathconn.Peer
	pings *natpunch.Pair

	probes probeKey
	direct chan struct{} // holds one: a direct path was proven; for the upgrader

	mu           sync.Mutex
	ours, theirs natpunch.Behaviour
	spray        []netip.AddrPort
	relayed      []netip.AddrPort // where the peer is at relays
	state        natpunch.PathState
	last         natpunch.PathState // the last proven one
	sent         int64              // at the last look

	relaying time.Time // since when there has been a relay and no direct path; zero if that is not so
	stale    bool      // what QUIC's client has measured is of a relay
	quicLag  error     // why QUIC will never notice another path
	moves    uint32    // attempts of QUIC's client to move
	lastMove time.Time // when the last one of the peer was let in
}

// newWay begins to look for a path to a peer.
func newWay(m *Mesh, peer Peer) (*way, error) {
	secret, probes, err := pairSecrets(m.cfg.PunchKey, peer.PunchKey, m.session, m.cfg.Self, peer.Seat)
	if err != nil {
		return nil, fmt.Errorf("party %d: %w", peer.Seat, err)
	}
	w := &way{m: m, peer: peer, quic: m.sock.conn.Peer(), probes: probes, direct: make(chan struct{}, 1)}
	w.mu.Lock()
	w.pings = m.sock.puncher.Pair(natpunch.PairConfig{
		Secret: secret, Lower: m.cfg.Self < peer.Seat, Policy: m.cfg.Policy,
		Changed: w.changed,
		Heard:   w.heard,
		Largest: w.quic.Largest,
	})
	w.mu.Unlock()
	var known []natpunch.Candidate
	for _, a := range peer.Addrs {
		known = append(known, natpunch.Candidate{Addr: a, Kind: natpunch.Host})
	}
	w.add(known)
	return w, nil
}

// start begins the search, with what is known of us and of the peer by now.
func (w *way) start() {
	u, ok, r := w.m.sock.known(w.peer.Seat)
	if r != nil {
		r.mu.Lock()
		outlets, found := slices.Clone(r.outlets), r.found
		r.mu.Unlock()
		w.behave(found.Behaviour())
		for _, o := range outlets {
			w.pings.AddOutlet(o)
		}
	}
	if ok {
		w.update(u)
	}
	w.pings.Go(0)
}

// update takes what the peer says about how to reach it.
func (w *way) update(u PeerUpdate) {
	all, relayed := slices.Clone(u.Candidates), natpunch.Usable(u.Relayed)
	for _, a := range relayed {
		all = append(all, natpunch.Candidate{Addr: a, Kind: natpunch.Relayed})
	}
	w.mu.Lock()
	came, proven := !slices.Equal(w.relayed, relayed), w.state.Proven
	w.relayed = relayed
	w.mu.Unlock()
	if _, _, r := w.m.sock.known(w.peer.Seat); r != nil {
		var ips []netip.Addr
		for _, c := range all {
			ips = append(ips, c.Addr.Addr())
		}
		r.permit(ips, came)
	}
	w.mu.Lock()
	w.theirs = u.Behaviour
	w.pings.SetBehaviour(w.ours, w.theirs)
	w.mu.Unlock()
	w.add(all)
	if came && !proven {
		w.pings.Then(w.quic.Resend) // a first flight, behind the ping that tells the peer whose it is
	}
	if u.Go {
		w.pings.Go(u.After)
	}
}

// behave tells what is known of our own NAT.
func (w *way) behave(b natpunch.Behaviour) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ours = b
	w.pings.SetBehaviour(w.ours, w.theirs)
}

// add enters candidate addresses of the peer. One that belongs to another peer too, as addresses of home networks do, is the
// peer's once a ping says so.
func (w *way) add(candidates []natpunch.Candidate) {
	w.mu.Lock()
	for _, c := range candidates {
		if len(natpunch.Usable([]netip.AddrPort{c.Addr})) == 0 {
			continue // no address of a party
		}
		if w.m.sock.conn.Owner(c.Addr) == nil {
			w.quic.Own(c.Addr)
		}
		if !slices.Contains(w.spray, c.Addr) && len(w.spray) < mostAddrs && c.Kind != natpunch.Relayed {
			w.spray = append(w.spray, c.Addr)
		}
	}
	w.route()
	w.mu.Unlock()
	w.pings.AddRemote(candidates...)
}

// heard takes where a ping of the peer came from. An address at one of our relays that nobody told us of yet is taken for a relayed
// one, or the pings would think it a direct path: they are quicker than what the coordinator passes on.
func (w *way) heard(from netip.AddrPort, out natpunch.Outlet) {
	if w.m.sock.conn.Owner(from) == w.quic {
		return
	}
	w.quic.Own(from)
	if _, main := out.(mainOutlet); !main || from.Addr().IsLoopback() {
		return
	}
	if _, _, r := w.m.sock.known(w.peer.Seat); r != nil && r.atRelay(from.Addr()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pings.AddRemote(natpunch.Candidate{Addr: from, Kind: natpunch.Relayed})
	}
}

// changed is called by the pings when the best path appears, moves or is lost.
func (w *way) changed(s natpunch.PathState) {
	w.mu.Lock()
	narrowed := s.Narrow && !w.state.Narrow
	appeared := s.Proven && !w.state.Proven // a first flight that no candidate took waits for it, too
	w.state = s
	w.route()
	w.noteKind(s)
	first := s.Proven && !w.last.Proven
	moved := s.Proven && w.last.Proven && (s.Remote != w.last.Remote || s.Out != w.last.Out)
	if s.Proven {
		w.last = s
	}
	w.mu.Unlock()
	if moved || appeared || narrowed {
		w.quic.Resend()
	}
	if moved || first {
		w.m.rerouted(w.peer.Seat)
	}
}

// route tells the socket where packets go. w.mu is held.
func (w *way) route() {
	var r pathconn.Route
	if s := w.state; s.Proven {
		r.To, r.Narrow = s.Remote, s.Narrow
		if _, main := s.Out.(mainOutlet); !main {
			r.Out = s.Out
		}
	} else {
		if w.m.cfg.Policy != natpunch.RelayOnly {
			r.Spray = append(r.Spray, w.spray[:min(len(w.spray), mostSprayed)]...)
		}
		if w.m.cfg.Policy != natpunch.DirectOnly {
			r.Spray = append(r.Spray, w.relayed[:min(len(w.relayed), mostRelays)]...)
		}
	}
	w.quic.SetRoute(r)
}

// proven tells whether pings have ever proven a path.
func (w *way) proven() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last.Proven
}

// path is the path in use; without a proven one it is where the peer was told to be.
func (w *way) path() Path {
	w.mu.Lock()
	s, lag := w.state, w.quicLag
	var first netip.AddrPort
	if len(w.spray) > 0 {
		first = w.spray[0]
	}
	w.mu.Unlock()
	p := Path{Peer: w.peer.Seat, Kind: Direct, Remote: s.Remote, RTT: s.RTT, Search: w.pings.Noted()}
	if now := w.pings.Path(); now.Proven {
		p.RTT = now.RTT
	}
	if lag != nil {
		p.Why = "QUIC goes by what it measured of a relay: " + lag.Error()
	}
	if s.Relayed {
		p.Kind, p.Why = Relay, p.Search.Why()
		if w.m.cfg.Policy == natpunch.RelayOnly {
			p.Why = "no other path was allowed"
		}
	}
	if !s.Proven {
		p.Remote = first
	}
	p.Local = localFor(w.m.sock.LocalAddr(), p.Remote)
	return p
}

// home is an address of the peer's own machine: of the direct path in use, or the first that it told.
func (w *way) home() netip.AddrPort {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Proven && !w.state.Relayed {
		return w.state.Remote
	}
	if len(w.spray) > 0 {
		return w.spray[0]
	}
	return netip.AddrPort{}
}

// tried lists the peer's addresses and what pings to them came to.
func (w *way) tried() []Attempt {
	var all []Attempt
	for _, t := range w.pings.Report().Tried {
		why := "no answer"
		switch lost := w.m.sock.loss(t.Addr); {
		case t.Pongs > 0:
			why = "pings pass"
		case t.Heard:
			why = "it is heard, but does not hear us"
		case lost != nil:
			why = lost.Error()
		}
		all = append(all, Attempt{Addr: t.Addr, Tries: t.Pings, Why: why})
	}
	return all
}

// look tells the pings whether traffic flows; it is called every checkEvery.
func (w *way) look() {
	sent := w.quic.Sent()
	w.mu.Lock()
	busy := sent-w.sent >= busyPackets
	w.sent = sent
	w.mu.Unlock()
	if busy {
		w.pings.Touch()
	}
}

func (w *way) close() {
	w.pings.Close()
	w.quic.Remove()
}

// pairSecrets derives the secrets of the pings and of the probes between two parties, which nobody else knows, not even the coordinator.
func pairSecrets(own *ecdh.PrivateKey, theirs [32]byte, session [sha256.Size]byte, self, peer channel.Party) (pings [32]byte, probes probeKey, err error) {
	public, err := ecdh.X25519().NewPublicKey(theirs[:])
	if err != nil {
		return pings, probes, fmt.Errorf("key for pings: %w", err)
	}
	shared, err := own.ECDH(public)
	if err != nil {
		return pings, probes, fmt.Errorf("key for pings: %w", err)
	}
	low, high := min(self, peer), max(self, peer)
	for use, secret := range map[string][]byte{"ping": pings[:], "probe": probes[:]} {
		key, err := hkdf.Key(sha256.New, shared, session[:], fmt.Sprintf("tacit %s 1: seats %d and %d", use, low, high), len(secret))
		if err != nil {
			return pings, probes, fmt.Errorf("key for %ss: %w", use, err)
		}
		copy(secret, key)
	}
	return pings, probes, nil
}
