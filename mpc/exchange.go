package mpc

import (
	"context"
	"fmt"
	"time"

	"github.com/tacit-mpc/tacit/internal/block"
)

// send sends one message, given in parts, after checking that it is the next of its lane, that its send conditions are met
// (protocol 22) and that its length is right. It may return before the message has left.
func (s *session) send(ctx context.Context, to int, st step, batch uint32, parts ...[]byte) error {
	return s.stream(ctx, to, st, batch, func(w *fragmenter) error {
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// stream is send for a message that fill writes piece by piece.
func (s *session) stream(ctx context.Context, to int, st step, batch uint32, fill func(*fragmenter) error) error {
	m := name{st, batch}
	if !s.plan.sends(st, batch, s.self, to) {
		return &orderError{m, to, "there is no such message"}
	}
	w := newFragmenter(m, s.plan.length(st, batch, s.self, to))
	if err := fill(w); err != nil {
		return err
	}
	if w.left != 0 {
		return &orderError{m, to, "message shorter than announced"}
	}
	l := s.links[to]
	l.send.Lock()
	defer l.send.Unlock()
	order := &l.order[st.lane()]
	if next, ok := order.peek(); !ok || next != m {
		return &orderError{m, to, "not the next message of its lane"}
	}
	if err := s.ledger.allowed(m, to); err != nil {
		return err
	}
	order.advance()
	for _, frame := range w.frames {
		if err := s.queue(ctx, l, frame); err != nil {
			return err
		}
	}
	s.ledger.mark(m, to, sent)
	return nil
}

// queue gives a frame to the writer of a link. The peer must take something within our patience.
func (s *session) queue(ctx context.Context, l *link, frame []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case l.out <- frame:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return s.lost(l.peer, fmt.Errorf("takes no data: %w", ErrSilent))
	}
}

// broadcast sends the same message to every party that expects it.
func (s *session) broadcast(ctx context.Context, st step, batch uint32, parts ...[]byte) error {
	for _, j := range s.plan.peers(s.self) {
		if !s.plan.sends(st, batch, s.self, j) {
			continue
		}
		if err := s.send(ctx, j, st, batch, parts...); err != nil {
			return err
		}
	}
	return nil
}

// receive waits for the next message of a lane of one peer, which must be the named one. Its length is already checked. The peer
// may take its time, but not be silent for longer than our patience.
func (s *session) receive(ctx context.Context, from int, st step, batch uint32) ([]byte, error) {
	s.where.enter(st.phase())
	l := s.links[from]
	in := &l.in[st.lane()]
	start := time.Now()
	in.wanted.Store(start.UnixNano())
	defer in.wanted.Store(0)
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	for {
		select {
		case m := <-in.queue:
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if m.name != (name{st, batch}) {
				return nil, fmt.Errorf("internal error: receiving %v but %v is next", st, m.step)
			}
			in.taken.Store(batch)
			s.ledger.mark(m.name, from, received)
			return m.body, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timer.C:
			quiet := l.quiet(start)
			if quiet >= s.patience {
				err := s.lost(from, ErrSilent)
				s.end(err) // before others tell that they timed out too
				return nil, err
			}
			timer.Reset(s.patience - quiet)
		}
	}
}

// timedOut is the error of a run that a peer left because somebody was silent. Patience ends everywhere at about the same time: if
// ours with another peer is over too, it is that one whom all wait for.
func (s *session) timedOut(peer int) error {
	for _, j := range s.plan.peers(s.self) {
		for lane := range s.links[j].in {
			since := s.links[j].in[lane].wanted.Load()
			if j != peer && since != 0 && s.links[j].quiet(time.Unix(0, since)) >= s.patience-sameTime {
				return s.lost(j, ErrSilent)
			}
		}
	}
	return s.lost(peer, ErrPeerTimedOut)
}

// gather receives a message from every party that sends it; the result is indexed by party.
func (s *session) gather(ctx context.Context, st step, batch uint32) ([][]byte, error) {
	msgs := make([][]byte, s.plan.n)
	for _, j := range s.plan.peers(s.self) {
		if !s.plan.sends(st, batch, j, s.self) {
			continue
		}
		var err error
		if msgs[j], err = s.receive(ctx, j, st, batch); err != nil {
			return nil, err
		}
	}
	return msgs, nil
}

// verify runs a check on the message of every sender of a step. All checks run before the first failure aborts, so that the
// time of the abort does not tell which one it was. Nil checks accept.
func (s *session) verify(st step, batch uint32, check func(from int) error) error {
	var failed error
	for _, j := range s.plan.peers(s.self) {
		if check == nil || !s.plan.sends(st, batch, j, s.self) {
			continue
		}
		if err := check(j); err != nil && failed == nil {
			failed = s.abort(st, j, err.Error())
		}
	}
	if failed != nil {
		return failed
	}
	for _, j := range s.plan.peers(s.self) {
		if s.plan.sends(st, batch, j, s.self) {
			s.ledger.mark(name{st, batch}, j, verified)
		}
	}
	return nil
}

// echo makes sure that all parties received the same broadcast fields (protocol 5.2): fields[i] is what party i sent, our own
// included. With two parties there is nothing to compare.
func (s *session) echo(ctx context.Context, st step, batch uint32, fields [][]byte) error {
	digest, err := s.sendEcho(ctx, st, batch, fields)
	if err != nil {
		return err
	}
	return s.checkEcho(ctx, st, batch, digest)
}

// sendEcho is the first half of echo: it sends our digest and returns it.
func (s *session) sendEcho(ctx context.Context, st step, batch uint32, fields [][]byte) ([]byte, error) {
	digest := block.RO("echo", append([][]byte{s.sid, block.LE32(batch), []byte(st.String())}, fields...)...)
	return digest[:], s.broadcast(ctx, st, batch, digest[:])
}

// checkEcho is the second half of echo: it compares the digests of the peers with ours.
func (s *session) checkEcho(ctx context.Context, st step, batch uint32, digest []byte) error {
	msgs, err := s.gather(ctx, st, batch)
	if err != nil {
		return err
	}
	equal := true
	for _, m := range msgs {
		equal = equal && (m == nil || constantTimeEqual(m, digest))
	}
	if !equal {
		return s.abort(st, -1, "the parties received different broadcasts")
	}
	return s.verify(st, batch, nil)
}
