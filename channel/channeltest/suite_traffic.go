package channeltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
)

func testSeats(t *testing.T, ctx context.Context, chs []channel.Channel) {
	for p, ch := range chs {
		if ch.Self() != channel.Party(p) || ch.N() != len(chs) || ch.MaxMessage() < 1 {
			t.Errorf("party %d: Self %d, N %d, MaxMessage %d", p, ch.Self(), ch.N(), ch.MaxMessage())
		}
	}
}

func testOrder(t *testing.T, ctx context.Context, chs []channel.Channel) {
	for _, from := range chs {
		for _, to := range channel.Others(from) {
			var group errgroup.Group
			group.Go(func() error { return sendAll(ctx, from, to, 60) })
			group.Go(func() error { return recvAll(ctx, chs[to], from.Self(), 60) })
			wait(t, &group)
		}
	}
}

// testOwnership changes every received message and appends to it: no other message may change.
func testOwnership(t *testing.T, ctx context.Context, chs []channel.Channel) {
	const n = 20
	var group errgroup.Group
	group.Go(func() error {
		for i := range n {
			if err := chs[0].SendTo(ctx, 1, bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
				return err
			}
		}
		return nil
	})
	var got [][]byte
	for range n {
		msg, err := chs[1].RecvFrom(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, msg)
		_ = append(msg, "overwritten"...)
		clear(msg[:50])
	}
	wait(t, &group)
	for i, msg := range got {
		if want := append(make([]byte, 50), bytes.Repeat([]byte{byte(i)}, 50)...); !bytes.Equal(msg, want) {
			t.Errorf("message %d became %x", i, msg)
		}
	}
}

// testBothWays has all goroutines of both parties send and receive large messages at once.
func testBothWays(t *testing.T, ctx context.Context, chs []channel.Channel) {
	size := min(chs[0].MaxMessage(), 2<<20)
	var group errgroup.Group
	for p, ch := range chs {
		peer := channel.Party(1 - p)
		group.Go(func() error {
			for i := range 3 {
				if err := ch.SendTo(ctx, peer, bytes.Repeat([]byte{byte(i)}, size)); err != nil {
					return err
				}
			}
			return nil
		})
		group.Go(func() error {
			for i := range 3 {
				msg, err := ch.RecvFrom(ctx, peer)
				if err != nil {
					return err
				}
				if !bytes.Equal(msg, bytes.Repeat([]byte{byte(i)}, size)) {
					t.Errorf("party %d: message %d of %d bytes is damaged", p, i, size)
				}
			}
			return nil
		})
	}
	wait(t, &group)
}

func testConcurrentPeers(t *testing.T, ctx context.Context, chs []channel.Channel) {
	var group errgroup.Group
	for _, ch := range chs {
		for _, peer := range channel.Others(ch) {
			group.Go(func() error { return sendAll(ctx, ch, peer, 100) })
			group.Go(func() error { return recvAll(ctx, ch, peer, 100) })
		}
	}
	wait(t, &group)
}

// testConcurrentSenders sends to one peer from several goroutines: every message arrives once, whole.
func testConcurrentSenders(t *testing.T, ctx context.Context, chs []channel.Channel) {
	const senders, each = 4, 50
	var group errgroup.Group
	for s := range senders {
		group.Go(func() error {
			for i := range each {
				n := s*each + i
				if err := chs[0].SendTo(ctx, 1, bytes.Repeat(number(n), 1+rand.IntN(100))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	seen := make(map[int]bool)
	for range senders * each {
		msg, err := chs[1].RecvFrom(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := int(binary.BigEndian.Uint32(msg))
		if !bytes.Equal(msg, bytes.Repeat(number(n), len(msg)/4)) || seen[n] || n >= senders*each {
			t.Errorf("message %d is damaged or came twice", n)
		}
		seen[n] = true
	}
	wait(t, &group)
}

// testSilentPeer fills the way to a party that does not receive: the other ways stay open.
func testSilentPeer(t *testing.T, ctx context.Context, chs []channel.Channel) {
	full, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error {
		for full.Err() == nil {
			if err := chs[0].SendTo(full, 2, make([]byte, min(chs[0].MaxMessage(), 1<<18))); err != nil && full.Err() == nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		defer stop()
		var group errgroup.Group
		group.Go(func() error { return sendAll(ctx, chs[0], 1, 100) })
		group.Go(func() error { return recvAll(ctx, chs[1], 0, 100) })
		return group.Wait()
	})
	wait(t, &group)
}

func testSizeLimit(t *testing.T, ctx context.Context, chs []channel.Channel) {
	limit := chs[0].MaxMessage()
	if limit > 64<<20 {
		t.Skipf("the limit is %d bytes", limit)
	}
	err := chs[0].SendTo(ctx, 1, make([]byte, limit+1))
	if !errors.Is(err, channel.ErrTooLarge) {
		t.Errorf("sent one byte above the limit: %v", err)
	}
	checkPeerError(t, err, "send", 1)
	var group errgroup.Group
	group.Go(func() error { return chs[0].SendTo(ctx, 1, make([]byte, limit)) })
	msg, err := chs[1].RecvFrom(ctx, 0)
	if err != nil || len(msg) != limit {
		t.Errorf("received %d bytes of %d: %v", len(msg), limit, err)
	}
	wait(t, &group)
}

func testNoSuchParty(t *testing.T, ctx context.Context, chs []channel.Channel) {
	for _, p := range []channel.Party{-1, 0, 2, 1 << 30} {
		err := chs[0].SendTo(ctx, p, nil)
		checkPeerError(t, err, "send", p)
		_, err = chs[0].RecvFrom(ctx, p)
		checkPeerError(t, err, "recv", p)
	}
}
