package memory

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chs := NewMesh(2, Options{Latency: 70 * time.Millisecond}).Channels()
		start := time.Now()
		for i := range 3 {
			if err := chs[0].SendTo(t.Context(), 1, []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("sending took %v", d)
		}
		chs[0].Close() // what is under way still arrives
		for i := range 3 {
			msg, err := chs[1].RecvFrom(t.Context(), 0)
			if err != nil || !bytes.Equal(msg, []byte{byte(i)}) {
				t.Fatalf("message %d: %v, %v", i, msg, err)
			}
		}
		if d := time.Since(start); d != 70*time.Millisecond {
			t.Errorf("three messages took %v, not one latency", d)
		}
	})
}

// TestTinyBuffer sends more than the buffer holds: SendTo waits for the receiver, exactly as long as needed.
func TestTinyBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chs := NewMesh(2, Options{Buffer: 4096}).Channels()
		var mu sync.Mutex
		sent := 0
		go func() {
			for i := range 10 {
				size := []int{2000, 2000, 100000, 0}[i%4]
				if err := chs[0].SendTo(t.Context(), 1, make([]byte, size)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				sent++
				mu.Unlock()
			}
		}()
		for i, want := range []int{2, 2, 2, 6, 6, 6, 6, 10, 10, 10} {
			synctest.Wait()
			mu.Lock()
			if sent != want {
				t.Errorf("%d messages received: %d sent, want %d", i, sent, want)
			}
			mu.Unlock()
			if _, err := chs[1].RecvFrom(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestCancelledSendIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chs := NewMesh(2, Options{Buffer: 100}).Channels()
		send := func(ctx context.Context, b byte, n int) error {
			return chs[0].SendTo(ctx, 1, bytes.Repeat([]byte{b}, n))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := send(t.Context(), 1, 60); err != nil {
			t.Fatal(err)
		}
		if err := send(short, 2, 60); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("send into a full buffer: %v", err)
		}
		done := make(chan error)
		go func() { done <- send(t.Context(), 3, 60) }()
		for _, want := range []byte{1, 3} {
			if msg, err := chs[1].RecvFrom(t.Context(), 0); err != nil || msg[0] != want {
				t.Errorf("received %v, %v; want %d", msg, err, want)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMesh(3, Options{})
		chs := m.Channels()
		if err := chs[2].SendTo(t.Context(), 0, []byte("lost with its sender")); err != nil {
			t.Fatal(err)
		}
		recv := make(chan error)
		go func() {
			_, err := chs[1].RecvFrom(t.Context(), 2)
			recv <- err
		}()
		synctest.Wait()
		m.Kill(2)
		var pe *channel.PeerError
		if err := <-recv; !errors.As(err, &pe) || pe.Peer != 2 || pe.Op != "recv" {
			t.Errorf("waiting receiver: %v", err)
		}
		if _, err := chs[0].RecvFrom(t.Context(), 2); !errors.As(err, &pe) {
			t.Errorf("later receiver: %v", err)
		}
		if err := chs[0].SendTo(t.Context(), 2, nil); !errors.As(err, &pe) || pe.Op != "send" {
			t.Errorf("send to the lost party: %v", err)
		}
		if err := chs[2].SendTo(t.Context(), 0, nil); err != channel.ErrClosed {
			t.Errorf("send of the lost party: %v", err)
		}
		if err := chs[0].SendTo(t.Context(), 1, nil); err != nil {
			t.Errorf("send between the others: %v", err)
		}
	})
}

func TestTamper(t *testing.T) {
	var held []byte
	hook := func(from, to channel.Party, index int, msg []byte) [][]byte {
		if from != 0 || to != 1 {
			return [][]byte{msg}
		}
		switch index {
		case 0: // change
			msg[0] ^= 0x80
		case 1: // withhold
			return nil
		case 2: // duplicate
			return [][]byte{msg, bytes.Clone(msg)}
		case 3: // reorder
			held = msg
			return nil
		case 4:
			return [][]byte{msg, held}
		case 5: // extend beyond the limit
			return [][]byte{append(msg, make([]byte, 100)...)}
		}
		return [][]byte{msg}
	}
	chs := NewMesh(3, Options{Tamper: hook, MaxMessage: 64}).Channels()
	for i := range 6 {
		for to := range channel.Party(2) {
			if err := chs[to].SendTo(t.Context(), 1+to, []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, want := range []byte{0x80, 2, 2, 4, 3} {
		if msg, err := chs[1].RecvFrom(t.Context(), 0); err != nil || msg[0] != want {
			t.Errorf("received %v, %v; want %d", msg, err, want)
		}
	}
	for range 2 {
		if _, err := chs[1].RecvFrom(t.Context(), 0); !errors.Is(err, channel.ErrTooLarge) {
			t.Errorf("oversized message: %v", err)
		}
	}
	for i := range 6 {
		if msg, err := chs[2].RecvFrom(t.Context(), 1); err != nil || msg[0] != byte(i) {
			t.Errorf("untouched link: %v, %v", msg, err)
		}
	}
}
