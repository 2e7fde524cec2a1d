package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
)

// Join connects to every other party of the session and returns when all are connected. We dial the seats above ours and are
// dialed by those below. It fails with a *ConnectError when Config.ConnectTimeout is over, or with a *channel.PeerError as soon
// as a party that was connected is gone again. The Socket serves one Mesh at a time and outlives it.
//
// If ctx is cancelled, the parties that were connected are told why with the *LeftError in its cause (context.Cause), or without one
// that our user stopped us.
func Join(ctx context.Context, sock *Socket, cfg Config) (*Mesh, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, fmt.Errorf("join the mesh: %w", err)
	}
	m := &Mesh{
		cfg: cfg, sock: sock, session: sessionDigest(cfg.Session),
		seats:      make(map[identity.ID]Peer),
		changed:    make(chan struct{}, 1),
		pairs:      make([]*pair, len(cfg.Peers)+1),
		ways:       make([]*way, len(cfg.Peers)+1),
		turnedDown: make(map[channel.Party]string),
	}
	for _, p := range cfg.Peers {
		if p.ID == sock.key.ID() {
			return nil, fmt.Errorf("join the mesh: party %d has our key", p.Seat)
		}
		m.seats[p.ID] = p
	}
	var window uint64
	window, m.queue = share(cfg.Budget, len(cfg.Peers))
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, p := range cfg.Peers {
		if m.ways[p.Seat], err = newWay(m, p); err != nil {
			m.Leave(Failed, "")
			return nil, fmt.Errorf("join the mesh: %w", err)
		}
	}
	if !sock.attach(m) {
		m.Leave(Failed, "")
		return nil, fmt.Errorf("join the mesh: the socket serves another mesh")
	}
	sock.windows.setShare(window)
	sock.conn.Restrict(true)
	for _, w := range m.ways {
		if w != nil {
			w.start()
		}
	}
	if err := m.connect(ctx); err != nil {
		m.Leave(whyNot(ctx, err))
		return nil, err
	}
	return m, nil
}

// whyNot is what the parties that we did reach are told when Join fails with err.
func whyNot(ctx context.Context, err error) (Reason, string) {
	var connect *ConnectError
	var peer *channel.PeerError
	var left *LeftError
	switch {
	case errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &left):
		return left.Reason, left.Text
	case errors.Is(err, context.Canceled):
		return Interrupted, ""
	case errors.As(err, &connect) && len(connect.Missing) > 0:
		return LostPeer, fmt.Sprintf("could not reach party %d", connect.Missing[0].Peer.Seat)
	case errors.As(err, &peer):
		return LostPeer, fmt.Sprintf("party %d is gone", peer.Peer)
	}
	return Failed, ""
}

// attach makes m the Mesh that accepts the socket's connections.
func (s *Socket) attach(m *Mesh) bool { return s.mesh.CompareAndSwap(nil, m) }

func (s *Socket) detach(m *Mesh) bool { return s.mesh.CompareAndSwap(m, nil) }

// connect waits until every pair is connected.
func (m *Mesh) connect(ctx context.Context) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, m.cfg.ConnectTimeout)
	defer cancel()
	m.running.Go(m.accept)
	m.running.Go(m.watch)
	dialers := make(map[channel.Party]*dialer)
	for _, peer := range m.cfg.Peers {
		if peer.Seat > m.cfg.Self {
			d := &dialer{m: m, peer: peer, way: m.ways[peer.Seat]}
			dialers[peer.Seat] = d
			m.running.Go(func() { d.run(ctx) })
		}
	}
	unreached := time.NewTicker(unreachedEvery)
	defer unreached.Stop()
	for {
		done, err := m.progress()
		if done || err != nil {
			return err
		}
		select {
		case <-m.changed:
		case <-unreached.C:
			m.tellUnreached(dialers)
		case <-ctx.Done():
			return m.giveUp(ctx.Err(), time.Since(start), dialers)
		}
	}
}

// progress tells whether all pairs are connected, or that one is gone again.
func (m *Mesh) progress() (done bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	connected := 0
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		switch err := p.end(); {
		case err == nil:
			connected++
		case !refused(err):
			return false, &channel.PeerError{Peer: p.peer, Op: "connect to", Err: err}
		}
	}
	m.joined = connected == len(m.cfg.Peers)
	return m.joined, nil
}

// install makes a connection the pair of a seat. It returns nil if the seat has one, or everything is decided.
func (m *Mesh) install(peer Peer, conn *quic.Conn, ctrl *quic.Stream) *pair {
	p := newPair(peer.Seat, conn, ctrl, m.cfg.MaxMessage, m.queue, m.pairEnded)
	m.mu.Lock()
	if old := m.pairs[peer.Seat]; m.joined || m.closed || old != nil && !refused(old.end()) {
		m.mu.Unlock()
		return nil
	}
	m.pairs[peer.Seat] = p
	p.start()
	m.mu.Unlock()
	path := m.pathOf(peer.Seat, p)
	if !m.ways[peer.Seat].proven() {
		path.Kind = "" // the first flight went everywhere
	}
	m.tell(Event{Kind: Connected, Peer: peer.Seat, Path: path})
	m.signal()
	return p
}

// signal wakes Join.
func (m *Mesh) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// tellUnreached says whom we look for yet, and what is in the way.
func (m *Mesh) tellUnreached(dialers map[channel.Party]*dialer) {
	for _, peer := range m.cfg.Peers {
		m.mu.Lock()
		p := m.pairs[peer.Seat]
		m.mu.Unlock()
		if p != nil && p.end() == nil {
			continue
		}
		why := m.ways[peer.Seat].pings.Report().Why()
		if d := dialers[peer.Seat]; d != nil && why == "" {
			why = d.why()
		}
		m.tell(Event{Kind: Unreached, Peer: peer.Seat, Why: why})
	}
}

// giveUp says who is missing.
func (m *Mesh) giveUp(cause error, after time.Duration, dialers map[channel.Party]*dialer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &ConnectError{After: after, Err: cause}
	for _, peer := range m.cfg.Peers {
		if p := m.pairs[peer.Seat]; p != nil && p.end() == nil {
			continue
		}
		missing := Missing{Peer: peer, Why: m.turnedDown[peer.Seat], Tried: m.ways[peer.Seat].tried()}
		if u, ok, _ := m.sock.known(peer.Seat); ok {
			missing.Theirs = u.Trouble
		}
		if d := dialers[peer.Seat]; d != nil {
			missing.Why = d.why()
		}
		e.Missing = append(e.Missing, missing)
	}
	slices.SortFunc(e.Missing, func(a, b Missing) int { return int(a.Peer.Seat - b.Peer.Seat) })
	return e
}
