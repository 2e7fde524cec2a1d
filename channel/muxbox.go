package channel

import (
	"context"
	"errors"
)

// A box is one label at one peer. Its fields are guarded by link.mu.
type box struct {
	link    *muxLink
	changed chan struct{} // closed and replaced at every change

	queue  [][]byte // received
	ahead  int      // bytes that the peer sent and got no credit for
	popped int      // bytes of these that left the queue
	credit int      // bytes that may be sent, negative when the last message was larger
	err    error    // why nothing more comes and goes; what is queued can still be received
	left   bool     // the sub-channel was closed here
	told   bool     // the peer knows
}

var (
	errLeft   = errors.New("party closed its sub-channel")
	errWindow = errors.New("more multiplexed bytes than the window")
)

func (b *box) broadcast() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// push queues a message. link.mu is held, as in the other methods for read.
func (b *box) push(msg []byte) error {
	if b.left || b.err != nil {
		return nil // sent before the peer could know, or while it closed
	}
	if b.ahead >= window {
		return errWindow
	}
	b.ahead += len(msg) + msgCost
	b.queue = append(b.queue, msg)
	return nil
}

func (b *box) addCredit(n int) error {
	if n == 0 || b.credit+n > window {
		return errWindow
	}
	b.credit += n
	return nil
}

func (b *box) end(err error) {
	if b.err == nil {
		b.err = err
	}
}

// leave closes this end.
func (b *box) leave() {
	b.link.mu.Lock()
	defer b.link.mu.Unlock()
	b.left, b.queue = true, nil
	b.link.wake()
}

// takeCredit waits until a message may be sent.
func (b *box) takeCredit(ctx context.Context, n int) error {
	return b.wait(ctx, func() (bool, error) {
		if b.err != nil {
			return false, b.err
		}
		if b.credit <= 0 {
			return false, nil
		}
		b.credit -= n + msgCost
		return true, nil
	})
}

// pop waits for the next message.
func (b *box) pop(ctx context.Context) (msg []byte, err error) {
	err = b.wait(ctx, func() (bool, error) {
		if len(b.queue) == 0 {
			return false, b.err
		}
		msg = b.queue[0]
		b.queue[0] = nil
		b.queue = b.queue[1:]
		b.popped += len(msg) + msgCost
		if b.popped >= window/2 {
			b.link.wake()
		}
		return true, nil
	})
	return msg, err
}

// wait calls f under the lock at every change, until it is done or fails.
func (b *box) wait(ctx context.Context, f func() (done bool, err error)) error {
	for {
		b.link.mu.Lock()
		done, err := f()
		changed := b.changed
		b.link.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
