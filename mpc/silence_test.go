package mpc

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
)

// TestSilence is row 34: a party that falls silent, at any step, is named by those who wait for it, after their patience.
func TestSilence(t *testing.T) {
	c := chain(t, 3)
	for _, st := range []step{stepHello, stepIN1, stepOP1, stepGB1, stepOU1, stepOU2} {
		synctest.Test(t, func(t *testing.T) {
			p := attacked(c, true, 0, []int{1})
			p.mesh.Tamper = func(from, _ channel.Party, _ int, msg []byte) [][]byte {
				if from == 1 && (step(msg[0]) >= st || step(msg[0]) == stepAbort) {
					return nil
				}
				return [][]byte{msg}
			}
			// All patience ends at the same time, so one may hear from another that it timed out before it does so itself.
			r := p.run(t)
			named := false
			for _, i := range []int{0, 2} {
				var lost *LostError
				switch {
				case r[i].err == nil && (st == stepGB1 || st == stepOU1):
					t.Errorf("party %d finished without %v of party 1", i, st)
				case r[i].err == nil:
				case !errors.As(r[i].err, &lost) || lost.Phase != st.phase() && st != stepGB1:
					t.Errorf("party 1 silent from %v on: party %d: %v", st, i, r[i].err)
				default:
					named = named || lost.Party == 1 && errors.Is(lost, ErrSilent)
				}
			}
			if !named {
				t.Errorf("party 1 silent from %v on: %v, %v", st, r[0].err, r[2].err)
			}
		})
	}
}

// TestTimedOutTogether has a peer leave because it timed out: while we wait for another one as long, that one is who was silent.
func TestTimedOutTogether(t *testing.T) {
	for _, tt := range []struct {
		waited time.Duration
		want   channel.Party
		why    error
	}{{time.Minute - sameTime, 1, ErrSilent}, {time.Minute / 2, 2, ErrPeerTimedOut}} {
		synctest.Test(t, func(t *testing.T) {
			chs := memory.NewMesh(3, memory.Options{Buffer: 1 << 20}).Channels()
			s, ctx := newSession(t.Context(), chs[0], testPlan(t, 3, 1, true, false), &Config{Patience: time.Minute})
			go func() {
				time.Sleep(tt.waited) // virtual
				chs[2].SendTo(ctx, 0, closingFrame(&LostError{Party: 0, Err: ErrSilent}))
			}()
			_, err := s.receive(ctx, 1, stepHello, 0)
			var lost *LostError
			if !errors.As(err, &lost) || lost.Party != tt.want || !errors.Is(err, tt.why) {
				t.Errorf("after %v: %v", tt.waited, err)
			}
			s.close(ctx, err)
		})
	}
}

// TestNobodyReads has a peer that takes nothing: the sender gives up after its patience.
func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chs := memory.NewMesh(2, memory.Options{Buffer: 1}).Channels()
		s, ctx := newSession(t.Context(), chs[0], testPlan(t, 2, 1, true, false), &Config{Patience: time.Minute})
		for range outboxSize + 1 { // the writer holds one
			s.links[1].out <- make([]byte, 100)
		}
		start := time.Now()
		err := s.send(ctx, 1, stepHello, 0, make([]byte, 64))
		if !errors.Is(err, ErrSilent) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		s.close(ctx, err)
	})
}

// TestSlowIsNotSilent sends a message in two frames, each just within the patience of the receiver.
func TestSlowIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPlan(t, 2, 1, true, false)
		p.chunks[0].ands = 1 << 18 // GB1 has two frames
		chs := memory.NewMesh(2, memory.Options{Buffer: 64 << 20}).Channels()
		s, ctx := newSession(t.Context(), chs[0], p, &Config{Patience: time.Minute})
		go func() {
			for _, m := range names(p, 1, 0) {
				w := newFragmenter(m, p.length(m.step, m.batch, 1, 0))
				w.Write(make([]byte, w.left))
				for _, frame := range w.frames {
					time.Sleep(50 * time.Second) // virtual
					chs[1].SendTo(ctx, 0, frame)
				}
				if m.step == stepGB1 {
					return
				}
			}
		}()
		for _, m := range names(p, 1, 0) {
			if _, err := s.receive(ctx, 1, m.step, m.batch); err != nil {
				t.Errorf("%v: %v", m.step, err)
			}
			if m.step == stepGB1 {
				break
			}
		}
		s.close(ctx, errors.New("enough"))
	})
}
