package mesh

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// Many small messages, read in order by a receiver that is slower than the sender.
const (
	manyMessages = 6000
	messageSize  = 1 << 10
)

// stalls sends the messages, each on its own stream, the way quic-go is used without this package's rules, except that incremental
// is as given and the peer may open many streams. It tells whether the reader waits for ever.
func stalls(t *testing.T, incremental bool) (read int64, stalled bool) {
	socks := simulate(t, 2, 5*time.Millisecond).socks
	conf := socks[0].windows.config(time.Hour, -1)
	conf.MaxIncomingUniStreams = 100_000
	socks[0].listener.Close()
	ln, err := socks[0].transport.Listen(socks[0].key.ServerTLS("test", accepting), conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // of virtual time: for ever
	defer cancel()
	out, err := socks[1].Dial(ctx, ln.Addr(), socks[1].key.ClientTLS("test", accepting), conf)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ln.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range manyMessages {
			s, err := out.OpenUniStreamSync(ctx)
			if err != nil {
				return
			}
			s.SetPriority(messageUrgency, incremental)
			if _, err := s.Write(append(appendPrefix(nil, messageSize), make([]byte, messageSize)...)); err != nil {
				return
			}
			s.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(0, "") })
	defer stop()
	for read < manyMessages {
		s, err := in.AcceptUniStream(ctx)
		if err == nil {
			_, err = readMessage(s, messageSize)
		}
		if err == nil {
			err = readEnd(s)
		}
		if err != nil {
			break
		}
		read++
	}
	stalled = ctx.Err() != nil
	out.CloseWithError(0, "")
	in.CloseWithError(0, "")
	<-done
	ln.Close()
	return read, stalled
}

func accepting(identity.ID) error { return nil }

// TestRoundRobinDeadlocks shows what the rules of limits.go are for. If it fails quic-go has changed, and they may go.
func TestRoundRobinDeadlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if read, stalled := stalls(t, true); !stalled {
			t.Errorf("round-robin streams did not stall: %d messages", read)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if read, stalled := stalls(t, false); stalled {
			t.Errorf("streams in order stalled after %d messages", read)
		}
	})
}

// TestManySmallMessages is the same traffic through a Mesh.
func TestManySmallMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meshes := simulate(t, 2, 5*time.Millisecond).joinTwo(t, Config{Budget: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var sent atomic.Int64
		go func() {
			for range manyMessages {
				if err := meshes[0].SendTo(ctx, 1, make([]byte, messageSize)); err != nil {
					return
				}
				sent.Add(1)
			}
		}()
		synctest.Wait()
		time.Sleep(time.Minute) // virtual: by now SendTo waits for the receiver
		if n := sent.Load(); n == manyMessages {
			t.Error("nobody receives, and yet everything was sent")
		}
		for i := range manyMessages {
			if msg, err := meshes[1].RecvFrom(ctx, 0); err != nil || len(msg) != messageSize {
				t.Fatalf("message %d: %d bytes, %v", i, len(msg), err)
			}
		}
	})
}

// TestLargeAmongSmall sends messages above the stream window between small ones: the tail of a large one must not wait for credit
// that later messages have used up.
func TestLargeAmongSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meshes := simulate(t, 2, 50*time.Millisecond).joinTwo(t, Config{Budget: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var sizes []int
		for range 3 {
			sizes = append(sizes, maxStreamWindow+100)
			for i := range 100 {
				sizes = append(sizes, i*400)
			}
		}
		sent := make(chan error, 1)
		go func() {
			for _, size := range sizes {
				if err := meshes[0].SendTo(ctx, 1, make([]byte, size)); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		time.Sleep(time.Minute) // virtual: everything that can arrive unread has arrived
		for i, size := range sizes {
			if msg, err := meshes[1].RecvFrom(ctx, 0); err != nil || len(msg) != size {
				t.Fatalf("message %d: %d bytes of %d, %v", i, len(msg), size, err)
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}
