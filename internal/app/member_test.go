package app

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/mpc"
)

func seated() *member {
	return newMember(&party{events: listener(nil)})
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

// While we connect too.
func TestRootConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := seated()
		left := &channel.PeerError{Peer: 0, Op: "connect to", Err: &mesh.LeftError{Reason: mesh.LostPeer}}
		go func() {
			time.Sleep(time.Second) // virtual
			m.hear(coord.Event{Seat: 1, State: coord.Lost, Cause: coord.Silent, Reason: "nothing was heard of it for 6s"})
		}()
		start := time.Now()
		var who *coord.PartyError
		if err := m.root(t.Context(), left); !errors.As(err, &who) || who.Seat != 1 || who.During != coord.Connecting || time.Since(start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

// A session that the coordinator ends because a party was lost ends with these words at the parties, which do not say that we
// were interrupted.
func TestSessionEndedTells(t *testing.T) {
	lost := &coord.PartyError{Seat: 1, During: coord.Connecting, Cause: coord.Silent, Reason: "nothing was heard of it for 6s"}
	var left *mesh.LeftError
	if !errors.As(endedBy(lost), &left) || left.Reason != mesh.LostPeer || left.Text != lost.Error() {
		t.Errorf("the parties are told %+v", left)
	}
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
