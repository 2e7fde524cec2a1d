package channel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/channeltest"
	"github.com/tacit-mpc/tacit/channel/memory"
)

func muxes(t *testing.T, chs []channel.Channel) []*channel.Mux {
	var list []*channel.Mux
	for _, ch := range chs {
		m := channel.NewMux(ch)
		t.Cleanup(func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
		list = append(list, m)
	}
	return list
}

func subs(t *testing.T, muxes []*channel.Mux, label string) []channel.Channel {
	t.Helper()
	var list []channel.Channel
	for _, m := range muxes {
		s, err := m.Sub(label)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func TestMuxConforms(t *testing.T) {
	for _, buffer := range []int{4096, 1 << 20} {
		t.Run(fmt.Sprint(buffer), func(t *testing.T) {
			channeltest.TestChannel(t, func(t *testing.T, n int) []channel.Channel {
				opts := memory.Options{MaxMessage: 1 << 20, Buffer: buffer}
				return subs(t, muxes(t, memory.NewMesh(n, opts).Channels()), "only")
			})
		})
	}
}

// TestMuxLabels runs many labels at once, opened in another order by each party.
func TestMuxLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, labels = 3, 20
		ms := muxes(t, memory.NewMesh(n, memory.Options{Buffer: 4096, Latency: time.Millisecond}).Channels())
		var group errgroup.Group
		for p, m := range ms {
			for i := range labels {
				label := fmt.Sprintf("label %d", (i*7+p)%labels)
				group.Go(func() error {
					s, err := m.Sub(label)
					if err != nil {
						return err
					}
					defer s.Close()
					for round := range 5 {
						msgs := make([][]byte, n)
						for q := range n {
							msgs[q] = fmt.Appendf(nil, "%s %d>%d %d %s", label, p, q, round, strings.Repeat("x", round*1000))
						}
						got, err := channel.Exchange(t.Context(), s, msgs)
						if err != nil {
							return err
						}
						for q, msg := range got {
							if q != p && !bytes.HasPrefix(msg, fmt.Appendf(nil, "%s %d>%d %d ", label, q, p, round)) {
								return fmt.Errorf("party %d, %s: got %.40q from %d", p, label, msg, q)
							}
						}
					}
					return nil
				})
			}
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestMuxFullLabel fills labels in both directions that nobody receives from: others go on, and the memory is bounded.
func TestMuxFullLabel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := muxes(t, memory.NewMesh(2, memory.Options{Buffer: 4096}).Channels())
		full, live := subs(t, ms, "full"), subs(t, ms, "live")
		for p, s := range full {
			peer := channel.Party(1 - p)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			sent := 0
			for s.SendTo(ctx, peer, make([]byte, 100000)) == nil {
				sent += 100000
			}
			if sent < 1<<20 || sent > 1<<20+100000 {
				t.Errorf("party %d sent %d bytes ahead", p, sent)
			}
		}
		for range 30 {
			for p, s := range live {
				if err := s.SendTo(t.Context(), channel.Party(1-p), make([]byte, 200000)); err != nil {
					t.Fatal(err)
				}
			}
			for p, s := range live {
				if _, err := s.RecvFrom(t.Context(), channel.Party(1-p)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestMuxRefusesLabels(t *testing.T) {
	m := muxes(t, memory.NewMesh(2, memory.Options{}).Channels())[0]
	for _, label := range []string{"", strings.Repeat("x", 33)} {
		if _, err := m.Sub(label); err == nil {
			t.Errorf("label %q accepted", label)
		}
	}
	s, err := m.Sub("once")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := m.Sub("once"); err == nil {
		t.Error("a label was used twice")
	}
	for i := 1; i < 256; i++ {
		if _, err := m.Sub(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Sub("256"); err == nil {
		t.Error("257 labels")
	}
	m.Close()
	if _, err := m.Sub("late"); err != channel.ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if err := s.SendTo(t.Context(), 1, nil); err != channel.ErrClosed {
		t.Errorf("send after Close: %v", err)
	}
}

// TestMuxCloseUnblocks closes the Mux under calls on its sub-channels; the peer learns it on all labels, behind what was sent.
func TestMuxCloseUnblocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := muxes(t, memory.NewMesh(2, memory.Options{}).Channels())
		a, b := subs(t, ms, "a"), subs(t, ms, "b")
		if err := a[0].SendTo(t.Context(), 1, []byte("last")); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		for _, s := range []channel.Channel{a[0], b[0], a[1], b[1]} {
			go func() {
				_, err := s.RecvFrom(t.Context(), 1-s.Self())
				if err == nil {
					_, err = s.RecvFrom(t.Context(), 1-s.Self())
				}
				done <- err
			}()
		}
		synctest.Wait()
		ms[0].Close()
		closed, left := 0, 0
		for range 4 {
			var pe *channel.PeerError
			if err := <-done; err == channel.ErrClosed {
				closed++
			} else if errors.As(err, &pe) && pe.Peer == 0 {
				left++
			}
		}
		if closed != 2 || left != 2 {
			t.Errorf("%d calls saw Close, %d the peer leave", closed, left)
		}
	})
}

// TestMuxHostilePeer receives what no Mux sends.
func TestMuxHostilePeer(t *testing.T) {
	big := append(make([]byte, 1<<20), 'x', 1)
	var labels [][]byte
	for i := range 600 {
		labels = append(labels, fmt.Appendf(nil, "%03d\x03", i))
	}
	tests := map[string][][]byte{
		"empty":               {{}},
		"no label":            {{'x', 0}},
		"label too short":     {{'x', 2}},
		"label too long":      {append(bytes.Repeat([]byte{'x'}, 33), 33)},
		"unknown kind":        {{'x', 3<<6 | 1}},
		"short credit":        {{1, 0, 0, 'x', 1<<6 | 1}},
		"credit of nothing":   {{0, 0, 0, 0, 'x', 1<<6 | 1}},
		"unearned credit":     {{1, 0, 0, 0, 'x', 1<<6 | 1}},
		"end with payload":    {{0, 'x', 2<<6 | 1}},
		"beyond the window":   {big, big},
		"too many labels":     labels,
		"beyond the window 2": {bytes.Clone(big), {'x', 1}},
	}
	for name, msgs := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chs := memory.NewMesh(2, memory.Options{Buffer: 8 << 20}).Channels()
				s := subs(t, muxes(t, chs[:1]), "y")[0]
				for _, msg := range msgs {
					if err := chs[1].SendTo(t.Context(), 0, msg); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := s.RecvFrom(ctx, 1)
				var pe *channel.PeerError
				if !errors.As(err, &pe) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("receive: %v", err)
				}
				if err := s.SendTo(ctx, 1, nil); !errors.As(err, &pe) {
					t.Errorf("send: %v", err)
				}
			})
		})
	}
}
