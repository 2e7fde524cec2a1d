// Package channeltest holds the conformance suite that any channel.Channel must pass.
package channeltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
)

// A Factory returns the connected channels of n parties, by party. What they need beyond themselves it ends in t.Cleanup,
// after the suite closed them.
type Factory func(t *testing.T, n int) []channel.Channel

// patience bounds every single test of the suite.
const patience = 30 * time.Second

// TestChannel checks all that the contract of channel.Channel states and a test can see; that a receiver too enforces the
// size limit is for TestReceiveLimit.
func TestChannel(t *testing.T, factory Factory) {
	tests := []struct {
		name    string
		parties int
		run     func(*testing.T, context.Context, []channel.Channel)
	}{
		{"Seats", 3, testSeats},
		{"OrderAndBoundaries", 3, testOrder},
		{"Ownership", 2, testOwnership},
		{"BothWaysAtOnce", 2, testBothWays},
		{"ConcurrentPeers", 4, testConcurrentPeers},
		{"ConcurrentSenders", 2, testConcurrentSenders},
		{"SilentPeerBlocksNobodyElse", 3, testSilentPeer},
		{"SizeLimit", 2, testSizeLimit},
		{"NoSuchParty", 2, testNoSuchParty},
		{"BoundedInFlight", 2, testBounded},
		{"CancelledReceiveLosesNothing", 2, testCancelledReceive},
		{"CancelledContext", 2, testCancelledContext},
		{"CloseDelivers", 3, testCloseDelivers},
		{"CloseUnblocks", 3, testCloseUnblocks},
		{"CloseTwice", 2, testCloseTwice},
		{"PeerCloses", 3, testPeerCloses},
	}
	for _, test := range tests {
		before := runtime.NumGoroutine()
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			chs := factory(t, test.parties)
			defer closeAll(t, chs)
			test.run(t, ctx, chs)
		})
		checkGoroutines(t, test.name, before)
	}
}

// TestReceiveLimit checks that small, whose MaxMessage is below that of big at the other end, refuses what is too large.
func TestReceiveLimit(t *testing.T, big, small channel.Channel) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if big.MaxMessage() <= small.MaxMessage() {
		t.Fatalf("limits are %d and %d bytes", big.MaxMessage(), small.MaxMessage())
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		// The error is the receiver's to have: the sender may be done before, or see the connection end.
		_ = big.SendTo(ctx, small.Self(), make([]byte, small.MaxMessage()+1))
	}()
	_, err := small.RecvFrom(ctx, big.Self())
	if !errors.Is(err, channel.ErrTooLarge) {
		t.Errorf("received a message above the limit: %v", err)
	}
	checkPeerError(t, err, "recv", big.Self())
	<-sent
}

func closeAll(t *testing.T, chs []channel.Channel) {
	var group errgroup.Group
	for _, ch := range chs {
		group.Go(ch.Close)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// checkGoroutines waits until no goroutine is left of a test: one that has told its end may still be on its way out.
func checkGoroutines(t *testing.T, name string, before int) {
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Errorf("%s left %d goroutines:\n%s", name, runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}

func checkPeerError(t *testing.T, err error, op string, peer channel.Party) {
	t.Helper()
	var pe *channel.PeerError
	if !errors.As(err, &pe) {
		t.Errorf("error is %T (%v), not *PeerError", err, err)
		return
	}
	if pe.Op != op || pe.Peer != peer {
		t.Errorf("error says %q of party %d, want %q of %d", pe.Op, pe.Peer, op, peer)
	}
}

// message is number i on the way from one party to another: sizes vary, every fourth is empty.
func message(from, to channel.Party, i int) []byte {
	if i%4 == 1 {
		return []byte{}
	}
	head := fmt.Appendf(nil, "%d>%d #%d ", from, to, i)
	return append(head, bytes.Repeat([]byte{byte(i)}, i*i*7%5000)...)
}

func sendAll(ctx context.Context, ch channel.Channel, to channel.Party, n int) error {
	for i := range n {
		if err := ch.SendTo(ctx, to, message(ch.Self(), to, i)); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

func recvAll(ctx context.Context, ch channel.Channel, from channel.Party, n int) error {
	for i := range n {
		msg, err := ch.RecvFrom(ctx, from)
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if want := message(from, ch.Self(), i); !bytes.Equal(msg, want) {
			return fmt.Errorf("message %d from %d to %d: %d bytes %.20q, want %d bytes %.20q", i, from, ch.Self(), len(msg), msg, len(want), want)
		}
	}
	return nil
}

// wait reports the error of a group.
func wait(t *testing.T, group *errgroup.Group) {
	t.Helper()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func number(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
