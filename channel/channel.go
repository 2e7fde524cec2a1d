// Package channel is the interface every protocol of Tacit speaks: ordered, authenticated, confidential messages between a
// fixed set of parties. It holds no network code; channel/mesh carries it over QUIC, channel/memory within a process.
package channel

import (
	"context"
	"errors"
	"fmt"
)

// A Party is a seat number, 0 to N-1.
type Party int

// A Channel connects one party to all others. The contract, tested by channeltest.TestChannel:
//
//   - Reliable and ordered for each ordered pair of parties; message boundaries are kept, empty messages included.
//   - Authenticated and confidential: a message received from p was sent by p in this session, unread by anybody else.
//   - Methods may be called concurrently for different peers. Two concurrent sends to (or receives from) one peer are safe
//     but have no defined order.
//   - SendTo may return before delivery; the memory in flight to one peer is bounded, then SendTo blocks.
//   - A cancelled context or Close unblocks every call. Close is idempotent, first delivers what SendTo accepted where the
//     peer still listens, and returns after all goroutines of the Channel ended.
//   - Errors are *PeerError, or ErrClosed after Close.
type Channel interface {
	Self() Party
	N() int
	// SendTo sends msg to another party. It takes ownership of msg: the caller must not change it afterwards.
	SendTo(ctx context.Context, to Party, msg []byte) error
	// RecvFrom returns the next message of a party. The caller owns the result.
	RecvFrom(ctx context.Context, from Party) ([]byte, error)
	// MaxMessage is the size in bytes of the largest message; SendTo refuses more, and a larger one received is an error.
	MaxMessage() int
	Close() error
}

// ErrClosed is returned by every call on a Channel after Close.
var ErrClosed = errors.New("channel closed")

// ErrTooLarge is wrapped by errors about a message above MaxMessage, at the sender and at the receiver.
var ErrTooLarge = errors.New("message too large")

// A PeerError says which peer an operation failed with, and why.
type PeerError struct {
	Peer Party
	Op   string // "send", "recv" or what else was done
	Err  error
}

func (e *PeerError) Error() string { return fmt.Sprintf("%s party %d: %v", e.Op, e.Peer, e.Err) }

func (e *PeerError) Unwrap() error { return e.Err }
