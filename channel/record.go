package channel

import (
	"bytes"
	"context"
	"slices"
	"sync"
)

// A Recorder is a Channel that keeps a copy of every message that passes through another. It is for tests: it grows without
// bound, and the messages of a protocol may tell its secrets to whoever holds them next to the party's own.
type Recorder struct {
	Channel

	mu      sync.Mutex
	entries []Entry
}

// An Entry is one message of a Recorder.
type Entry struct {
	Peer Party
	Sent bool // to Peer, or else received from it
	Msg  []byte
}

// Record keeps what passes through ch.
func Record(ch Channel) *Recorder { return &Recorder{Channel: ch} }

// SendTo records messages that were accepted.
func (r *Recorder) SendTo(ctx context.Context, to Party, msg []byte) error {
	kept := bytes.Clone(msg)
	err := r.Channel.SendTo(ctx, to, msg)
	if err == nil {
		r.add(Entry{Peer: to, Sent: true, Msg: kept})
	}
	return err
}

// RecvFrom records messages that were returned.
func (r *Recorder) RecvFrom(ctx context.Context, from Party) ([]byte, error) {
	msg, err := r.Channel.RecvFrom(ctx, from)
	if err == nil {
		r.add(Entry{Peer: from, Msg: bytes.Clone(msg)})
	}
	return msg, err
}

func (r *Recorder) add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

// Entries returns what was recorded so far, for each peer and direction in order.
func (r *Recorder) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.entries)
}
