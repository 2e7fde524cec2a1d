package channel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

const (
	window  = 1 << 20 // bytes that a peer may send ahead on one label, but for its last message
	msgCost = 64      // bytes of the window that a message takes beyond its own
)

// The frames of a Mux are messages of its Channel:
//
//	payload || label || one byte kind<<6 | len(label)
//
// The payload is that of the sub-channel's message, LE32 of a number of bytes for a credit, and empty for an end.
const (
	frameData   = 0
	frameCredit = 1 // the receiver took that many bytes out of its window
	frameEnd    = 2 // the sender closed its sub-channel
)

type frame struct {
	kind    byte
	label   string
	payload []byte
}

func trailerSize(label string) int { return len(label) + 1 }

// encode copies the payload: what lies behind it in memory is not the sub-channel's to overwrite.
func (f frame) encode() []byte {
	b := make([]byte, 0, len(f.payload)+trailerSize(f.label))
	b = append(append(b, f.payload...), f.label...)
	return append(b, f.kind<<6|byte(len(f.label)))
}

var errFrame = errors.New("malformed multiplexed message")

func decodeFrame(b []byte) (frame, error) {
	if len(b) == 0 {
		return frame{}, errFrame
	}
	kind, n := b[len(b)-1]>>6, int(b[len(b)-1]&63)
	b = b[:len(b)-1]
	if n == 0 || n > maxLabel || n > len(b) {
		return frame{}, errFrame
	}
	f := frame{kind: kind, label: string(b[len(b)-n:]), payload: b[: len(b)-n : len(b)-n]}
	switch {
	case kind > frameEnd, kind == frameCredit && len(f.payload) != 4, kind == frameEnd && len(f.payload) != 0:
		return frame{}, errFrame
	}
	return f, nil
}

// A muxLink is what a Mux has with one peer.
type muxLink struct {
	ch   Channel
	peer Party
	due  chan struct{} // holds an element when write has something to look for

	mu    sync.Mutex
	boxes map[string]*box
	err   error // why the link ended
}

func newMuxLink(ch Channel, peer Party) *muxLink {
	return &muxLink{ch: ch, peer: peer, due: make(chan struct{}, 1), boxes: make(map[string]*box)}
}

// open returns the box of a label.
func (l *muxLink) open(label string) *box {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.box(label)
}

func (l *muxLink) box(label string) *box {
	b := l.boxes[label]
	if b == nil {
		b = &box{link: l, credit: window, err: l.err, changed: make(chan struct{})}
		l.boxes[label] = b
	}
	return b
}

// read distributes what the peer sends until the link ends. It never waits for a sub-channel.
func (l *muxLink) read(ctx context.Context) {
	for {
		msg, err := l.ch.RecvFrom(ctx, l.peer)
		if err == nil {
			err = l.handle(msg)
		}
		if err != nil {
			l.fail(err)
			return
		}
	}
}

func (l *muxLink) handle(msg []byte) error {
	f, err := decodeFrame(msg)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.boxes[f.label] == nil && len(l.boxes) >= 2*maxLabels {
		return fmt.Errorf("multiplexed messages with more than %d labels", 2*maxLabels)
	}
	b := l.box(f.label)
	defer b.broadcast()
	switch f.kind {
	case frameData:
		return b.push(f.payload)
	case frameCredit:
		return b.addCredit(int(binary.LittleEndian.Uint32(f.payload)))
	default:
		b.end(errLeft)
		return nil
	}
}

// fail ends all boxes: what arrived can still be received.
func (l *muxLink) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	for _, b := range l.boxes {
		b.end(err)
		b.broadcast()
	}
}

// write sends the credits and ends that are due. Senders of data do not depend on it, nor does read.
func (l *muxLink) write(ctx context.Context) {
	for {
		select {
		case <-l.due:
		case <-ctx.Done():
			return
		}
		for _, msg := range l.collect() {
			if err := l.ch.SendTo(ctx, l.peer, msg); err != nil {
				l.fail(err)
				return
			}
		}
	}
}

func (l *muxLink) collect() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var msgs [][]byte
	for label, b := range l.boxes {
		if b.popped >= window/2 && b.err == nil && !b.left {
			n := binary.LittleEndian.AppendUint32(nil, uint32(b.popped))
			msgs = append(msgs, frame{kind: frameCredit, label: label, payload: n}.encode())
			b.ahead -= b.popped
			b.popped = 0
		}
		if b.left && !b.told {
			msgs = append(msgs, frame{kind: frameEnd, label: label}.encode())
			b.told = true
		}
	}
	return msgs
}

// wake makes write look for something to send.
func (l *muxLink) wake() {
	select {
	case l.due <- struct{}{}:
	default:
	}
}
