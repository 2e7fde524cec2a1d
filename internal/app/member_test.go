package app

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/mpc"
)

func seated() *member {
	return &member{party: &party{events: listener(nil)}, states: map[int]coord.Event{}, news: make(chan struct{}, 1)}
}

// A party that is left by one that lost another says who that was, as the coordinator tells it, not who left.
func TestRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := seated()
		left := &mpc.LostError{Party: 1, Phase: "triples", Err: mpc.ErrPeerLostParty}
		go func() {
			time.Sleep(time.Second) // virtual
			m.hear(coord.Event{Seat: 1, State: coord.Failed, Cause: coord.PeerLost, Reason: "lost party 2"})
			time.Sleep(time.Second)
			m.hear(coord.Event{Seat: 2, State: coord.Failed, Cause: coord.Interrupted, Reason: "it was interrupted"})
		}()
		var who *coord.PartyError
		if err := m.root(t.Context(), left); !errors.As(err, &who) || who.Seat != 2 || who.Reason != "it was interrupted" {
			t.Errorf("got %v", err)
		}
	})
}

// Without news from the coordinator, what is known is told; and who was lost directly is told at once.
func TestRootUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		direct := &mpc.LostError{Party: 1, Phase: "triples", Err: mpc.ErrPeerInterrupted}
		if err := seated().root(t.Context(), direct); err != direct || time.Since(start) != 0 {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		left := &mpc.LostError{Party: 1, Phase: "triples", Err: mpc.ErrPeerLostParty}
		if err := seated().root(t.Context(), left); err != left || time.Since(start) != rootWithin {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
