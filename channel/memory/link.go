package memory

import (
	"context"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// A link is the way from one party to another.
type link struct {
	order sync.Mutex // held while a message is tampered with, so that indices and deliveries agree

	mu      sync.Mutex
	queue   []*item
	index   int           // messages sent
	pushed  int           // bytes ever queued, with overhead
	popped  int           // bytes ever received
	err     error         // why nothing more can be sent; what is queued can still be received
	changed chan struct{} // closed and replaced at every change
}

// An item is a message in flight.
type item struct {
	msg   []byte
	due   time.Time
	end   int // value of pushed behind it
	taken bool
}

func (l *link) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// fail ends the link; drop also forgets what is in flight. The first reason stands.
func (l *link) fail(reason error, drop bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = reason
	}
	if drop {
		l.queue = nil
	}
	l.broadcast()
}

// send queues msg, or what Tamper makes of it, and waits until the last of it fits into the buffer with all that is before
// it, or is received. A message that does not go out in time is withdrawn.
func (l *link) send(ctx context.Context, e *end, to channel.Party, msg []byte) error {
	last, err := l.push(e, to, msg)
	if err != nil || last == nil {
		return err
	}
	for {
		l.mu.Lock()
		sent := last.taken || last.end-l.popped <= e.mesh.opts.Buffer
		failed, changed := l.err, l.changed
		l.mu.Unlock()
		switch {
		case sent:
			return nil
		case failed != nil && !e.isClosed():
			return failed
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-e.closed:
			err = channel.ErrClosed
		}
		if l.withdraw(last) {
			return err
		}
		return nil
	}
}

// push queues what is to be delivered for msg and returns the last item, nil if there is none.
func (l *link) push(e *end, to channel.Party, msg []byte) (*item, error) {
	l.order.Lock()
	defer l.order.Unlock()
	l.mu.Lock()
	index, err := l.index, l.err
	l.index++
	l.mu.Unlock()
	if err != nil {
		if e.isClosed() {
			return nil, channel.ErrClosed
		}
		return nil, err
	}
	deliver := [][]byte{msg}
	if e.mesh.opts.Tamper != nil {
		deliver = e.mesh.opts.Tamper(e.self, to, index, msg)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var last *item
	for _, m := range deliver {
		l.pushed += len(m) + overhead
		last = &item{msg: m, due: time.Now().Add(e.mesh.opts.Latency), end: l.pushed}
		l.queue = append(l.queue, last)
	}
	l.broadcast()
	return last, nil
}

// withdraw removes an item that did not get into the buffer, unless it was received meanwhile.
func (l *link) withdraw(it *item) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, q := range l.queue {
		if q == it {
			l.queue = append(l.queue[:i:i], l.queue[i+1:]...)
			l.pushed -= len(it.msg) + overhead
			for _, later := range l.queue[i:] {
				later.end -= len(it.msg) + overhead
			}
			l.broadcast()
			return true
		}
	}
	return !it.taken
}

// recv waits for the first message in flight to be due.
func (l *link) recv(ctx context.Context, e *end) ([]byte, error) {
	for {
		l.mu.Lock()
		var wait time.Duration
		var first *item
		if len(l.queue) > 0 {
			first = l.queue[0]
			wait = time.Until(first.due)
		}
		if first != nil && wait <= 0 && !e.isClosed() {
			defer l.mu.Unlock()
			return l.take(e.mesh.opts.MaxMessage)
		}
		failed, changed := l.err, l.changed
		l.mu.Unlock()
		if e.isClosed() {
			return nil, channel.ErrClosed
		}
		if first == nil && failed != nil {
			return nil, failed
		}
		var due <-chan time.Time
		if first != nil {
			due = time.After(wait)
		}
		select {
		case <-changed:
		case <-due:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.closed:
			return nil, channel.ErrClosed
		}
	}
}

// take removes the first message. One above the limit ends the link.
func (l *link) take(limit int) ([]byte, error) {
	it := l.queue[0]
	defer l.broadcast()
	if len(it.msg) > limit {
		l.queue, l.err = nil, channel.ErrTooLarge
		return nil, l.err
	}
	it.taken = true
	l.popped = it.end
	l.queue[0] = nil
	l.queue = l.queue[1:]
	return it.msg, nil
}
