package channel_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
)

func TestOthers(t *testing.T) {
	chs := memory.NewMesh(4, memory.Options{}).Channels()
	for self, want := range [][]channel.Party{{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}} {
		if got := channel.Others(chs[self]); !slices.Equal(got, want) {
			t.Errorf("Others of %d = %v", self, got)
		}
	}
	if got := channel.Others(memory.NewMesh(1, memory.Options{}).Channels()[0]); len(got) != 0 {
		t.Errorf("Others of one party = %v", got)
	}
}

// TestExchange exchanges messages far larger than the buffers, where sending before receiving would block for ever.
func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5
		chs := memory.NewMesh(n, memory.Options{Buffer: 4096, Latency: time.Millisecond}).Channels()
		message := func(from, to int) []byte { return bytes.Repeat([]byte{byte(from*n + to)}, from*to*3000) }
		var group errgroup.Group
		for self, ch := range chs {
			group.Go(func() error {
				for range 3 {
					msgs := make([][]byte, n)
					for to := range n {
						msgs[to] = message(self, to)
					}
					got, err := channel.Exchange(t.Context(), ch, msgs)
					if err != nil {
						return err
					}
					for from, msg := range got {
						if from == self && msg != nil || from != self && !bytes.Equal(msg, message(from, self)) {
							t.Errorf("party %d got %d bytes from %d", self, len(msg), from)
						}
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
}

func TestExchangeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mesh := memory.NewMesh(3, memory.Options{})
		chs := mesh.Channels()
		if _, err := channel.Exchange(t.Context(), chs[0], make([][]byte, 2)); err == nil {
			t.Error("exchanged too few messages")
		}
		done := make(chan error)
		go func() {
			_, err := channel.Exchange(t.Context(), chs[0], make([][]byte, 3))
			done <- err
		}()
		synctest.Wait()
		mesh.Kill(2)
		var pe *channel.PeerError
		if err := <-done; !errors.As(err, &pe) || pe.Peer != 2 {
			t.Errorf("lost party 2: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := channel.Exchange(ctx, chs[1], make([][]byte, 3)); err == nil {
			t.Error("exchanged under a cancelled context")
		}
	})
}

func TestMeter(t *testing.T) {
	chs := memory.NewMesh(3, memory.Options{MaxMessage: 100}).Channels()
	meter := channel.NewMeter(chs[0])
	send := func(ch channel.Channel, to channel.Party, msg string) {
		if err := ch.SendTo(t.Context(), to, []byte(msg)); err != nil {
			t.Fatal(err)
		}
	}
	send(meter, 1, "one")
	send(meter, 1, "")
	send(meter, 2, "second")
	send(chs[2], 0, "back")
	if err := meter.SendTo(t.Context(), 1, make([]byte, 101)); !errors.Is(err, channel.ErrTooLarge) {
		t.Errorf("oversized: %v", err)
	}
	if msg, err := meter.RecvFrom(t.Context(), 2); err != nil || string(msg) != "back" {
		t.Fatalf("received %q, %v", msg, err)
	}
	if got := meter.Sent(1); got != (channel.Count{Bytes: 3, Messages: 2}) {
		t.Errorf("sent to 1: %+v", got)
	}
	if got := meter.Received(2); got != (channel.Count{Bytes: 4, Messages: 1}) {
		t.Errorf("received from 2: %+v", got)
	}
	if sent, received := meter.Total(); sent != (channel.Count{Bytes: 9, Messages: 3}) || received != (channel.Count{Bytes: 4, Messages: 1}) {
		t.Errorf("total %+v, %+v", sent, received)
	}
}
