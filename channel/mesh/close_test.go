package mesh

import (
	"bytes"
	"errors"
	"log"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// TestCloseDelivers sends much and closes at once: over a slow link, to a receiver that has not begun, everything arrives.
func TestCloseDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meshes := simulate(t, 2, 100*time.Millisecond).joinTwo(t, Config{})
		sizes := []int{1 << 20, 0, 1, 2 << 20, 100}
		for _, size := range sizes {
			if err := meshes[0].SendTo(t.Context(), 1, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		if err := meshes[0].Close(); err != nil {
			t.Fatal(err)
		}
		for i, size := range sizes {
			if msg, err := meshes[1].RecvFrom(t.Context(), 0); err != nil || len(msg) != size {
				t.Fatalf("message %d: %d bytes of %d, %v", i, len(msg), size, err)
			}
		}
		var left *LeftError
		if _, err := meshes[1].RecvFrom(t.Context(), 0); !errors.As(err, &left) || left.Reason != Done {
			t.Errorf("after the last message: %v", err)
		}
		if err := meshes[1].SendTo(t.Context(), 0, nil); !errors.As(err, &left) || left.Reason != Done {
			t.Errorf("send to a party that is done: %v", err)
		}
	})
}

// TestCloseLinger closes with messages for a peer that takes none: Close says so, in time.
func TestCloseLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meshes := simulate(t, 2, time.Millisecond).joinTwo(t, Config{Budget: 1, Linger: 5 * time.Second})
		for range 3 {
			if err := meshes[0].SendTo(t.Context(), 1, make([]byte, 4<<20)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		err := meshes[0].Close()
		var pe *channel.PeerError
		if !errors.As(err, &pe) || pe.Peer != 1 || pe.Op != "close" {
			t.Errorf("close: %v", err)
		}
		if d := time.Since(start); d < 5*time.Second || d > 6*time.Second {
			t.Errorf("close took %s", d)
		}
	})
}

// TestLeaveCutsClose leaves while Close still waits for a peer.
func TestLeaveCutsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meshes := simulate(t, 2, time.Millisecond).joinTwo(t, Config{Budget: 1, Linger: time.Hour})
		for range 3 {
			if err := meshes[0].SendTo(t.Context(), 1, make([]byte, 4<<20)); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan struct{})
		go func() {
			meshes[0].Close()
			close(closed)
		}()
		time.Sleep(time.Minute)
		start := time.Now()
		meshes[0].Leave(Interrupted, "")
		<-closed
		if d := time.Since(start); d > time.Second {
			t.Errorf("leaving took %s", d)
		}
	})
}

// TestBothClose closes both sides at once with messages under way.
func TestBothClose(t *testing.T) {
	meshes := join(t, parties(t, 2))
	closed := make(chan error)
	for i, m := range meshes {
		go func() {
			err := m.SendTo(t.Context(), channel.Party(1-i), make([]byte, 100_000))
			closed <- errors.Join(err, m.Close())
		}()
	}
	for range meshes {
		if err := <-closed; err != nil && !errors.As(err, new(*LeftError)) {
			t.Error(err)
		}
	}
}

func TestLeave(t *testing.T) {
	events := make(chan Event, 10)
	all := parties(t, 3)
	all[0].cfg.Events = func(e Event) { events <- e }
	meshes := join(t, all)
	meshes[2].Leave(Interrupted, "stopped by its user\n\x1b[31m\xff"+strings.Repeat("x", 1000))
	want := "stopped by its user  [31m " + strings.Repeat("x", maxReasonText-26)
	for _, m := range meshes[:2] {
		var left *LeftError
		if _, err := m.RecvFrom(t.Context(), 2); !errors.As(err, &left) || left.Reason != Interrupted || left.Text != want {
			t.Errorf("left with %v, want text %q", err, want)
		}
	}
	for e := range events {
		if e.Kind == Gone {
			if e.Peer != 2 || !errors.As(e.Err, new(*LeftError)) {
				t.Errorf("event %+v", e)
			}
			break
		}
	}
	if _, err := meshes[2].RecvFrom(t.Context(), 0); err != channel.ErrClosed {
		t.Errorf("receive after Leave: %v", err)
	}
	if err := meshes[2].Close(); err != nil {
		t.Errorf("close after Leave: %v", err)
	}
}

// TestReceiverTellsTooLarge has the sender learn that the receiver's limit is lower than its own.
func TestReceiverTellsTooLarge(t *testing.T) {
	all := parties(t, 2)
	all[1].cfg.MaxMessage = 1000
	meshes := join(t, all)
	err := meshes[0].SendTo(t.Context(), 1, make([]byte, 1001))
	for err == nil {
		err = meshes[0].SendTo(t.Context(), 1, nil)
	}
	var pe *channel.PeerError
	if !errors.Is(err, channel.ErrTooLarge) || !errors.As(err, &pe) || pe.Peer != 1 {
		t.Errorf("send: %v", err)
	}
}

// TestSocketIsQuiet opens a socket while watching the standard logger, which quic-go warns on by itself.
func TestSocketIsQuiet(t *testing.T) {
	var printed bytes.Buffer
	defer log.SetOutput(log.Writer())
	log.SetOutput(&printed)
	conn := &packetConn{buffers: [2]buffer{{want: 7 << 20, got: 416 << 10}, {want: 7 << 20, got: 7 << 20}}}
	if w := conn.warnings(); len(w) != 1 || w[0].Error() != "UDP receive buffer is 416 KiB, want 7168 KiB" {
		t.Errorf("warnings: %v", w)
	}
	sock := parties(t, 1)[0].sock
	if printed.Len() > 0 {
		t.Errorf("printed %q", printed.String())
	}
	for _, w := range sock.Warnings() {
		if bw := new(BufferWarning); !errors.As(w, &bw) || bw.Got >= bw.Want || bw.Got <= 0 {
			t.Errorf("warning %v", w)
		}
	}
}
