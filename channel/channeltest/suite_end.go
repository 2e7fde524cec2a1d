package channeltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
)

// blocked is how long a SendTo lasts that waits for room. On a busy machine any other may take a second.
const blocked = 3 * time.Second

// testBounded sends to a peer that does not receive: SendTo must block before memory grows without bound, and what it
// accepted before arrives.
func testBounded(t *testing.T, ctx context.Context, chs []channel.Channel) {
	size := min(chs[0].MaxMessage(), 1<<20)
	bound := 2*chs[0].MaxMessage() + 64<<20
	accepted := 0
	for ; ; accepted++ {
		if accepted*size > bound {
			t.Fatalf("%d bytes are in flight", accepted*size)
		}
		moment, cancel := context.WithTimeout(ctx, blocked)
		err := chs[0].SendTo(moment, 1, append(number(accepted), make([]byte, size-4)...))
		cancel()
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			checkPeerError(t, err, "send", 1)
			break
		}
	}
	for i := range accepted {
		msg, err := chs[1].RecvFrom(ctx, 0)
		if err != nil || len(msg) != size || string(msg[:4]) != string(number(i)) {
			t.Fatalf("message %d of %d: %d bytes, %v", i, accepted, len(msg), err)
		}
	}
}

func testCancelledReceive(t *testing.T, ctx context.Context, chs []channel.Channel) {
	for i := range 20 {
		short, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		var early []byte
		go func() {
			var err error
			early, err = chs[1].RecvFrom(short, 0)
			done <- err
		}()
		// Cancel sometimes before, sometimes during and sometimes after the message arrives.
		if i%2 == 0 {
			cancel()
		}
		if err := chs[0].SendTo(ctx, 1, number(i)); err != nil {
			t.Fatal(err)
		}
		cancel()
		err := <-done
		msg := early
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled receive: %v", err)
			}
			checkPeerError(t, err, "recv", 0)
			if msg, err = chs[1].RecvFrom(ctx, 0); err != nil {
				t.Fatal(err)
			}
		}
		if string(msg) != string(number(i)) {
			t.Fatalf("message %d is %x", i, msg)
		}
	}
}

func testCancelledContext(t *testing.T, ctx context.Context, chs []channel.Channel) {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := chs[0].RecvFrom(gone, 1)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("receive under a cancelled context: %v", err)
	}
	checkPeerError(t, err, "recv", 1)
}

// testCloseDelivers closes at once after sending: the others still receive everything.
func testCloseDelivers(t *testing.T, ctx context.Context, chs []channel.Channel) {
	var group errgroup.Group
	group.Go(func() error {
		defer chs[0].Close()
		var group errgroup.Group
		for _, p := range channel.Others(chs[0]) {
			group.Go(func() error { return sendAll(ctx, chs[0], p, 40) })
		}
		return group.Wait()
	})
	for _, p := range channel.Others(chs[0]) {
		group.Go(func() error { return recvAll(ctx, chs[p], 0, 40) })
	}
	wait(t, &group)
}

// testCloseUnblocks closes a channel under calls that wait.
func testCloseUnblocks(t *testing.T, ctx context.Context, chs []channel.Channel) {
	calls := make(chan error)
	started := make(chan struct{})
	for p := channel.Party(1); p < 3; p++ {
		go func() {
			started <- struct{}{}
			_, err := chs[0].RecvFrom(ctx, p)
			calls <- err
		}()
		go func() {
			started <- struct{}{}
			for {
				if err := chs[0].SendTo(ctx, p, make([]byte, min(chs[0].MaxMessage(), 1<<18))); err != nil {
					calls <- err
					return
				}
			}
		}()
	}
	for range 4 {
		<-started
	}
	closed := make(chan error)
	go func() { closed <- chs[0].Close() }()
	for range 4 {
		if err := <-calls; !errors.Is(err, channel.ErrClosed) {
			t.Errorf("call under Close: %v", err)
		}
	}
	closeAll(t, chs[1:]) // who no longer listens need not be delivered to
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func testCloseTwice(t *testing.T, ctx context.Context, chs []channel.Channel) {
	var group errgroup.Group
	for range 3 {
		group.Go(chs[0].Close)
	}
	wait(t, &group)
	if err := chs[0].Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if err := chs[0].SendTo(ctx, 1, nil); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("send after Close: %v", err)
	}
	if _, err := chs[0].RecvFrom(ctx, 1); !errors.Is(err, channel.ErrClosed) {
		t.Errorf("receive after Close: %v", err)
	}
}

// testPeerCloses waits for a party that leaves: a typed error names it, and the others go on.
func testPeerCloses(t *testing.T, ctx context.Context, chs []channel.Channel) {
	var group errgroup.Group
	group.Go(chs[2].Close)
	_, err := chs[0].RecvFrom(ctx, 2)
	checkPeerError(t, err, "recv", 2)
	for err = nil; err == nil; { // sends may be accepted before the news arrives, but not for ever
		err = chs[0].SendTo(ctx, 2, make([]byte, 1000))
	}
	checkPeerError(t, err, "send", 2)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("sending to a party that left blocks for ever")
	}
	wait(t, &group)
	group.Go(func() error { return sendAll(ctx, chs[0], 1, 20) })
	group.Go(func() error { return recvAll(ctx, chs[1], 0, 20) })
	wait(t, &group)
}
