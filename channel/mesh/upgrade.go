package mesh

import (
	"context"
	"fmt"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/internal/pathconn"
	"github.com/tacit-mpc/tacit/natpunch"
)

// An upgrader has the QUIC client of a pair notice that a direct path took over from a relay: what it has measured of the relay,
// the congestion window above all, would take seconds to fit a much faster path. It moves the connection to another path as far as
// QUIC can tell (RFC 9000 section 9): a second socket here, another address there. Packets travel directly before, meanwhile, and after
// as well as if that fails: the route below QUIC has changed already. The way back to a relay stays hidden; QUIC would probe for
// longer than the wait for acknowledgements that come.
type upgrader struct {
	way   *way
	pair  *pair
	doors [2]door // used in turn: the probes of the next move must not go through the one in use
	next  int
	inUse *quic.Path // nil is the path that was dialed
}

// A door is a second socket to the peer with a transport on it.
type door struct {
	view      *pathconn.View
	transport *quic.Transport
}

// run ends with the pair.
func (u *upgrader) run() {
	defer u.close()
	u.way.connected()
	var again <-chan time.Time
	for failed := 0; ; {
		select {
		case <-u.pair.gone:
			return
		case <-u.way.direct:
		case <-again:
		}
		again = nil
		if !u.way.lags() {
			continue
		}
		switch err := u.move(); {
		case err == nil:
			failed = 0
			u.way.moved(nil)
			u.way.m.upgraded(u.pair)
		case u.way.lags(): // otherwise the direct path was lost meanwhile
			if failed++; failed == mostMoves {
				u.way.moved(err)
				<-u.pair.gone
				return
			}
			again = time.After(firstMove << (failed - 1))
		}
	}
}

// move probes the path as a new one, and switches to it.
func (u *upgrader) move() error {
	d := &u.doors[u.next]
	if d.transport == nil {
		d.view = u.way.m.sock.conn.View(u.way.quic)
		d.transport = &quic.Transport{Conn: d.view.Conn, ConnectionIDLength: connectionIDSize}
	}
	d.view.Seal(u.way.probe())
	path, err := u.pair.conn.AddPath(d.transport)
	if err != nil {
		return fmt.Errorf("another path for QUIC: %w", err)
	}
	if err := u.probe(path); err != nil {
		path.Close()
		return err
	}
	d.view.Seal(nil)
	if err := path.Switch(); err != nil {
		path.Close()
		return fmt.Errorf("switch QUIC to another path: %w", err)
	}
	if u.inUse != nil {
		u.inUse.Close()
	}
	u.inUse, u.next = path, 1-u.next
	return nil
}

// probe asks the peer's QUIC for an answer, a few times.
func (u *upgrader) probe(path *quic.Path) error {
	wait := max(3*u.way.path().RTT, firstProbe)
	for range mostProbes {
		ctx, cancel := context.WithTimeout(u.pair.conn.Context(), min(wait, longestProbe))
		err := path.Probe(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if u.pair.conn.Context().Err() != nil || !u.way.lags() {
			return fmt.Errorf("probe another path for QUIC: %w", err)
		}
		wait *= 2
	}
	return fmt.Errorf("the peer's QUIC did not answer %d probes", mostProbes)
}

// close ends the transports, after the connection.
func (u *upgrader) close() {
	for _, d := range u.doors {
		if d.transport != nil {
			d.transport.Close()
		}
	}
}

// connected is called when QUIC's client has a connection to the peer.
func (w *way) connected() {
	w.mu.Lock()
	w.stale = w.state.Proven && w.state.Relayed
	w.quicLag = nil
	w.mu.Unlock()
}

// noteKind keeps whether what QUIC measured is of a relay. w.mu is held.
func (w *way) noteKind(s natpunch.PathState) {
	switch {
	case !s.Proven:
	case s.Relayed:
		if w.relaying.IsZero() {
			w.relaying = time.Now()
		}
	default:
		w.stale = w.stale || !w.relaying.IsZero() && time.Since(w.relaying) >= longOutage
		w.relaying = time.Time{}
		select {
		case w.direct <- struct{}{}:
		default:
		}
	}
}

// lags tells whether QUIC should notice the path in use.
func (w *way) lags() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stale && w.quicLag == nil && w.state.Proven && !w.state.Relayed
}

// moved tells that QUIC noticed, or why it never will.
func (w *way) moved(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quicLag = err
	if err == nil {
		w.stale = false
	}
}

// probe begins an attempt of QUIC's client to move: it returns what seals the probes.
func (w *way) probe() func([]byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moves++
	move := w.moves
	return func(p []byte) []byte { return w.probes.seal(move, p) }
}

// probed takes a probe of the peer, which is QUIC's client. From the first one of an attempt on, all its packets come from another
// address as far as our QUIC can tell, which validates the path, and then measures it afresh: those that still come over a relay are
// older than what came directly, and change nothing.
func (w *way) probed(b []byte) {
	if w.m.cfg.Self < w.peer.Seat || w.m.cfg.HideMoves {
		return
	}
	move, packet, ok := w.probes.open(b)
	if !ok {
		return
	}
	w.mu.Lock()
	now := time.Now()
	switch {
	case move == w.moves && move != 0:
	case move > w.moves && now.Sub(w.lastMove) >= moveEvery:
		w.moves, w.lastMove = move, now
		w.quic.Readdress()
	default: // of an earlier attempt, or too soon
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	w.quic.Deliver(packet)
}
