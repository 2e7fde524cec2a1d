package mesh

import (
	"context"
	"sync"
)

// A queue holds messages in order, bounded in bytes. A message larger than the limit is let in when the queue is empty.
type queue struct {
	limit int

	mu    sync.Mutex
	moved sync.Cond // something was pushed, popped or ended
	msgs  [][]byte
	size  int
	end   error // if set, nothing more is pushed
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.moved.L = &q.mu
	return q
}

// push waits for room. It fails with ctx or with the queue's end.
func (q *queue) push(ctx context.Context, msg []byte) error {
	cost := len(msg) + messageOverhead
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.wait(ctx, func() bool { return q.end != nil || q.size == 0 || q.size+cost <= q.limit })
	if q.end != nil {
		return q.end
	}
	if err != nil {
		return err
	}
	q.msgs = append(q.msgs, msg)
	q.size += cost
	q.moved.Broadcast()
	return nil
}

// pop waits for a message. It fails with ctx, or with the queue's end when no message is left.
func (q *queue) pop(ctx context.Context) ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.wait(ctx, func() bool { return q.end != nil || len(q.msgs) > 0 })
	if len(q.msgs) == 0 && q.end != nil {
		return nil, q.end
	}
	if err != nil {
		return nil, err
	}
	msg := q.msgs[0]
	q.msgs[0] = nil
	q.msgs = q.msgs[1:]
	q.size -= len(msg) + messageOverhead
	q.moved.Broadcast()
	return msg, nil
}

// wait returns when ready holds, or with the error of ctx. The queue is locked.
func (q *queue) wait(ctx context.Context, ready func() bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ready() {
		return nil
	}
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.moved.Broadcast()
	})
	defer stop()
	for !ready() {
		if err := ctx.Err(); err != nil {
			return err
		}
		q.moved.Wait()
	}
	return nil
}

// finish lets nothing more in; what is queued can still be taken. Only the first end counts.
func (q *queue) finish(end error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = end
	}
	q.moved.Broadcast()
}

// drop empties the queue for good. It replaces an earlier end.
func (q *queue) drop(end error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end, q.msgs, q.size = end, nil, 0
	q.moved.Broadcast()
}
