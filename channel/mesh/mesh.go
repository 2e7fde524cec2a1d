package mesh

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
)

// A Mesh is a channel.Channel to every other party of a session, each over its own QUIC connection.
type Mesh struct {
	cfg     Config
	sock    *Socket
	seats   map[identity.ID]Peer // everyone else
	session [sha256.Size]byte
	queue   int // bytes of each queue of a pair

	ctx     context.Context // until the Mesh is closed
	cancel  context.CancelFunc
	running sync.WaitGroup
	changed chan struct{} // capacity 1: a pair was connected or ended; Join waits on it

	mu         sync.Mutex
	joined     bool
	closed     bool
	pairs      []*pair                  // by seat, nil at our own; fixed once joined
	ways       []*way                   // by seat, nil at our own; fixed before anything runs
	turnedDown map[channel.Party]string // by seat that dialed us: why we turned it down last

	telling   sync.Mutex // serialises Events
	closeWays sync.Once
}

var _ channel.Channel = (*Mesh)(nil)

// Self is our seat.
func (m *Mesh) Self() channel.Party { return m.cfg.Self }

// N is the number of parties.
func (m *Mesh) N() int { return len(m.pairs) }

// MaxMessage is the size in bytes of the largest message sent or received.
func (m *Mesh) MaxMessage() int { return m.cfg.MaxMessage }

// SendTo queues msg for another party and takes ownership of it. It waits while the queue to that party is full. If ctx ends
// first, nothing of msg is sent.
func (m *Mesh) SendTo(ctx context.Context, to channel.Party, msg []byte) error {
	const op = "send"
	p, err := m.pair(op, to)
	if err != nil {
		return err
	}
	if len(msg) > m.cfg.MaxMessage {
		return &channel.PeerError{Peer: to, Op: op, Err: fmt.Errorf("%w: %d bytes, limit %d", channel.ErrTooLarge, len(msg), m.cfg.MaxMessage)}
	}
	return m.blame(op, to, p.out.push(ctx, msg))
}

// RecvFrom returns the next message of a party. Messages that arrived before the party left or was lost are returned before
// the error is.
func (m *Mesh) RecvFrom(ctx context.Context, from channel.Party) ([]byte, error) {
	const op = "recv"
	p, err := m.pair(op, from)
	if err != nil {
		return nil, err
	}
	msg, err := p.in.pop(ctx)
	return msg, m.blame(op, from, err)
}

// pair finds the connection to a party.
func (m *Mesh) pair(op string, peer channel.Party) (*pair, error) {
	if peer < 0 || int(peer) >= len(m.pairs) || peer == m.cfg.Self {
		return nil, &channel.PeerError{Peer: peer, Op: op, Err: fmt.Errorf("not another seat of %d", len(m.pairs))}
	}
	return m.pairs[peer], nil
}

// blame wraps an error about a peer as the Channel contract wants it.
func (m *Mesh) blame(op string, peer channel.Party, err error) error {
	if err == nil || err == channel.ErrClosed {
		return err
	}
	return &channel.PeerError{Peer: peer, Op: op, Err: err}
}

// Close ends the Mesh in good order: peers get everything that was sent, as far as they take it within Config.Linger, then learn
// that we are done. An error names the peers that did not take all. The Socket stays open.
func (m *Mesh) Close() error {
	return m.end(func(p *pair) bool { return p.close(m.cfg.Linger) })
}

// Leave ends the Mesh at once: messages still on the way are lost, and every peer is told why. Text goes to them too, up to
// 200 bytes: it must hold no secret. It cuts a Close short that is still waiting; after Leave, Close does nothing.
func (m *Mesh) Leave(why Reason, text string) {
	m.end(func(p *pair) bool { p.leave(why, text[:min(len(text), maxReasonText)]); return true })
}

// end takes leave of every peer and waits for all goroutines. It may be called again and meanwhile.
func (m *Mesh) end(leave func(*pair) bool) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	errs := make([]error, len(m.pairs))
	var leaving sync.WaitGroup
	for i, p := range m.pairs {
		if p == nil {
			continue
		}
		leaving.Go(func() {
			if !leave(p) {
				errs[i] = &channel.PeerError{Peer: p.peer, Op: "close", Err: fmt.Errorf("it did not take all messages within %s", m.cfg.Linger)}
			}
		})
	}
	leaving.Wait()
	m.running.Wait()
	m.closeWays.Do(func() {
		for _, w := range m.ways {
			if w != nil {
				w.close()
			}
		}
		if m.sock.detach(m) {
			m.sock.conn.Restrict(false)
		}
	})
	return errors.Join(errs...)
}

// tell reports an event.
func (m *Mesh) tell(e Event) {
	if m.cfg.Events == nil {
		return
	}
	m.telling.Lock()
	defer m.telling.Unlock()
	m.cfg.Events(e)
}

// pairEnded is called once by each pair.
func (m *Mesh) pairEnded(p *pair) {
	m.sock.windows.forget(p.conn)
	m.mu.Lock()
	silent := m.closed
	m.mu.Unlock()
	m.signal()
	if err := p.end(); !silent && !refused(err) {
		m.tell(Event{Kind: Gone, Peer: p.peer, Err: err})
	}
}
