package channel

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

const (
	maxLabel  = 32  // bytes
	maxLabels = 256 // of one Mux
)

// A Mux owns a Channel and hands out sub-channels for sub-protocols that run in parallel. All parties use one label for one
// sub-protocol; messages of different labels never mix, and have no order among each other. A sub-channel whose messages
// nobody receives does not hold up the others: for each label and peer at most 1 MiB plus one message waits here, then the
// peer's SendTo blocks. (A send that its context ended may use up a part of that for good.)
type Mux struct {
	ch    Channel
	links []*muxLink      // by party; nil at Self
	ctx   context.Context // of the Mux and everything in it; ends with Close
	end   context.CancelFunc
	run   sync.WaitGroup
	once  sync.Once
	err   error // of Close

	mu    sync.Mutex
	taken map[string]bool // labels handed out
}

// NewMux takes over ch. Nobody else may use it any more; Close closes it.
func NewMux(ch Channel) *Mux {
	m := &Mux{ch: ch, links: make([]*muxLink, ch.N()), taken: make(map[string]bool)}
	m.ctx, m.end = context.WithCancel(context.Background())
	for _, p := range Others(ch) {
		l := newMuxLink(ch, p)
		m.links[p] = l
		m.run.Go(func() { l.read(m.ctx) })
		m.run.Go(func() { l.write(m.ctx) })
	}
	return m
}

// Sub returns the sub-channel of a label, which has 1 to 32 bytes and is used once in the life of the Mux. Messages that
// peers sent before are waiting in it. Closing it does not close the Mux, but closing the Mux closes it.
func (m *Mux) Sub(label string) (Channel, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.ctx.Err() != nil:
		return nil, ErrClosed
	case label == "" || len(label) > maxLabel:
		return nil, fmt.Errorf("label %q has not 1 to %d bytes", label, maxLabel)
	case m.taken[label]:
		return nil, fmt.Errorf("label %q is in use or was before", label)
	case len(m.taken) == maxLabels:
		return nil, fmt.Errorf("more than %d labels", maxLabels)
	}
	m.taken[label] = true
	s := &sub{ch: m.ch, label: label, boxes: make([]*box, len(m.links))}
	s.ctx, s.end = context.WithCancel(m.ctx)
	for _, p := range Others(m.ch) {
		s.boxes[p] = m.links[p].open(label)
	}
	return s, nil
}

// Close ends all sub-channels and closes the Channel, which delivers what was sent on them.
func (m *Mux) Close() error {
	m.once.Do(func() {
		m.end()
		m.err = m.ch.Close()
		m.run.Wait()
	})
	return m.err
}

// A sub is a sub-channel.
type sub struct {
	ch    Channel
	label string
	boxes []*box          // by party; nil at Self
	ctx   context.Context // ends with Close of the sub-channel or the Mux
	end   context.CancelFunc
	once  sync.Once
}

func (s *sub) Self() Party { return s.ch.Self() }
func (s *sub) N() int      { return s.ch.N() }

// MaxMessage leaves room for the label.
func (s *sub) MaxMessage() int { return s.ch.MaxMessage() - trailerSize(s.label) }

func (s *sub) SendTo(ctx context.Context, to Party, msg []byte) error {
	return s.do(ctx, "send", to, func(ctx context.Context, b *box) error {
		if len(msg) > s.MaxMessage() {
			return ErrTooLarge
		}
		if err := b.takeCredit(ctx, len(msg)); err != nil {
			return err
		}
		return s.ch.SendTo(ctx, to, frame{kind: frameData, label: s.label, payload: msg}.encode())
	})
}

func (s *sub) RecvFrom(ctx context.Context, from Party) ([]byte, error) {
	var msg []byte
	err := s.do(ctx, "recv", from, func(ctx context.Context, b *box) (err error) {
		msg, err = b.pop(ctx)
		return err
	})
	return msg, err
}

var errNoParty = errors.New("no such other party")

// do runs f under a context that also ends with the sub-channel, and makes its error one of the contract.
func (s *sub) do(ctx context.Context, op string, peer Party, f func(context.Context, *box) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	var err error
	switch {
	case s.ctx.Err() != nil:
		return ErrClosed
	case peer < 0 || int(peer) >= s.N() || peer == s.Self():
		err = errNoParty
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = f(ctx, s.boxes[peer])
	}
	if err == nil {
		return nil
	}
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	if pe := (*PeerError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return &PeerError{Peer: peer, Op: op, Err: err}
}

// Close tells the peers, who still receive what was sent before.
func (s *sub) Close() error {
	s.once.Do(func() {
		s.end()
		for _, p := range Others(s.ch) {
			s.boxes[p].leave()
		}
	})
	return nil
}
