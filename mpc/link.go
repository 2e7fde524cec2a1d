package mpc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

const (
	maxAhead   = 2               // batches a peer may be ahead of what we have taken from it
	inboxSize  = 64              // messages of one lane that wait; maxAhead batches are fewer
	outboxSize = 4               // frames that wait for a link
	sendGrace  = 2 * time.Second // how long a failed send waits for the peer's own last word
	sameTime   = time.Second     // parties whose patience ends within it lost patience together
)

// A message is one logical message as it arrived.
type message struct {
	name
	body []byte
}

// A link is this party's end of the connection to one peer. One reader and one writer goroutine own it.
type link struct {
	peer  int
	in    [numLanes]inbox
	out   chan []byte
	send  sync.Mutex // held while the frames of one logical message go out
	order [numLanes]cursor
	heard atomic.Int64 // when the last frame came, in nanoseconds of the clock
}

// An inbox holds the messages of one lane that arrived before they were asked for.
type inbox struct {
	queue  chan message
	taken  atomic.Uint32 // batch of the last message taken out
	wanted atomic.Int64  // since when its next message is waited for, in nanoseconds of the clock; 0 if it is not
}

func newLink(p *plan, self, peer int) *link {
	l := &link{peer: peer, out: make(chan []byte, outboxSize)}
	l.heard.Store(time.Now().UnixNano())
	for i := range l.in {
		l.in[i].queue = make(chan message, inboxSize)
		l.order[i] = cursor{plan: p, lane: lane(i), from: self, to: peer}
	}
	return l
}

// quiet is how long the peer has been silent while we waited for it.
func (l *link) quiet(since time.Time) time.Duration {
	return min(time.Since(since), time.Since(time.Unix(0, l.heard.Load())))
}

var (
	errOutOfOrder = errors.New("message unknown, repeated or out of order")
	errTooEarly   = errors.New("message too far ahead")
)

// read receives the frames of the peer until the run ends. Everything but the exact next message of a lane ends the run.
func (l *link) read(ctx context.Context, s *session) {
	var order [numLanes]cursor
	for i := range order {
		order[i] = cursor{plan: s.plan, lane: lane(i), from: l.peer, to: s.self}
	}
	var open *assembler
	for {
		p, err := s.ch.RecvFrom(ctx, party(l.peer))
		if err != nil {
			if errors.Is(err, channel.ErrTooLarge) {
				s.end(s.malformed(l.peer, stepAbort, err))
			} else if open != nil || !exhausted(&order) {
				s.end(s.linkFailed(l.peer, err))
			}
			return
		}
		l.heard.Store(time.Now().UnixNano())
		f, err := parseFrame(p)
		switch {
		case err != nil:
			s.end(s.malformed(l.peer, stepAbort, err))
			return
		case f.step == stepAbort:
			s.end(&AbortError{s.where.phase(), "it aborted the run", party(l.peer)})
			return
		case f.step == stepLeave:
			if reason := leaveError(f.payload[0]); reason == ErrPeerTimedOut {
				s.end(s.timedOut(l.peer))
			} else if reason != nil {
				s.end(s.lost(l.peer, reason))
			} else {
				s.end(s.malformed(l.peer, stepLeave, errFrame))
			}
			return
		}
		if open == nil {
			if open, err = l.begin(s, &order[f.step.lane()], f); err != nil {
				s.end(s.malformed(l.peer, f.step, err))
				return
			}
		}
		done, err := open.add(f)
		if err != nil {
			s.end(s.malformed(l.peer, f.step, err))
			return
		}
		if done {
			select {
			case l.in[f.step.lane()].queue <- message{open.name, open.buf}:
			case <-ctx.Done():
				return
			}
			open = nil
		}
	}
}

// begin checks that f opens the next message of its lane, and not too early.
func (l *link) begin(s *session, order *cursor, f frame) (*assembler, error) {
	m, ok := order.peek()
	if !ok || m.step != f.step || m.batch != f.batch {
		return nil, errOutOfOrder
	}
	// Masked values of several chunks (EV1, order=two) are small; there the queue holds the sender back.
	if m.step != stepEV1 && int64(m.batch) > int64(l.in[order.lane].taken.Load())+maxAhead {
		return nil, errTooEarly
	}
	order.advance()
	return newAssembler(m, s.plan.length(m.step, m.batch, l.peer, s.self)), nil
}

func exhausted(order *[numLanes]cursor) bool {
	for i := range order {
		if _, more := order[i].peek(); more {
			return false
		}
	}
	return true
}

// write sends the frames of the outbox until it is closed or the run ends.
func (l *link) write(ctx context.Context, s *session) {
	for {
		select {
		case <-ctx.Done():
			return
		case p, ok := <-l.out:
			if !ok || ctx.Err() != nil {
				return
			}
			if err := s.ch.SendTo(ctx, party(l.peer), p); err != nil {
				// The peer may have told why it closed: the reader then knows better.
				select {
				case <-ctx.Done():
				case <-time.After(sendGrace):
					s.end(s.linkFailed(l.peer, err))
				}
				return
			}
		}
	}
}
