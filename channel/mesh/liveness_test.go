package mesh

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// lost waits for the end of a pair and wants it to be a *LostError.
func lost(t *testing.T, m *Mesh, peer channel.Party) *LostError {
	t.Helper()
	_, err := m.RecvFrom(context.Background(), peer)
	var pe *channel.PeerError
	var le *LostError
	if !errors.As(err, &pe) || pe.Peer != peer || !errors.As(err, &le) {
		t.Fatalf("receive from a lost peer: %v", err)
	}
	return le
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulate(t, 2, time.Millisecond)
		meshes := sim.joinTwo(t, Config{Patience: 30 * time.Second})
		time.Sleep(10 * time.Minute) // idle, and yet connected
		sim.cut.Store(true)
		cut := time.Now()
		for i, m := range meshes {
			e := lost(t, m, channel.Party(1-i))
			if d := time.Since(cut); d < 25*time.Second || d > 35*time.Second {
				t.Errorf("party %d lost the other after %s of silence, patience is 30s", i, d)
			}
			if d := cut.Sub(e.Since); d < -checkEvery || d > keepAlive {
				t.Errorf("last heard of %s before the cut", d)
			}
			if err := m.SendTo(t.Context(), channel.Party(1-i), nil); !errors.As(err, &e) {
				t.Errorf("send to a lost peer: %v", err)
			}
		}
	})
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var kinds []EventKind
		sim := simulate(t, 2, time.Millisecond)
		meshes := sim.joinTwo(t, Config{Events: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			kinds = append(kinds, e.Kind)
		}})
		sim.cut.Store(true)
		if err := meshes[0].SendTo(t.Context(), 1, []byte("after the outage")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		sim.cut.Store(false)
		msg, err := meshes[1].RecvFrom(t.Context(), 0)
		if err != nil || string(msg) != "after the outage" {
			t.Fatalf("%q, %v", msg, err)
		}
		time.Sleep(2 * checkEvery)
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(kinds)
		if want := []EventKind{Connected, Connected, Quiet, Quiet, Heard, Heard}; !slices.Equal(kinds, want) {
			t.Errorf("events %v, want %v", kinds, want)
		}
	})
}

func TestPeerGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulate(t, 2, time.Millisecond)
		meshes := sim.joinTwo(t, Config{})
		meshes[0].PeerGone(1, "a false rumour")
		meshes[0].PeerGone(7, "nobody") // no effect
		time.Sleep(time.Minute)
		if err := meshes[0].SendTo(t.Context(), 1, []byte("alive")); err != nil {
			t.Fatal(err)
		}
		if _, err := meshes[1].RecvFrom(t.Context(), 0); err != nil {
			t.Fatalf("a living peer was given up: %v", err)
		}
		if err := meshes[1].SendTo(t.Context(), 0, []byte("last words")); err != nil {
			t.Fatal(err)
		}
		if _, err := meshes[0].RecvFrom(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		sim.cut.Store(true)
		cut := time.Now()
		meshes[0].PeerGone(1, "killed by signal 9")
		e := lost(t, meshes[0], 1)
		if e.Why != "killed by signal 9" {
			t.Errorf("lost: %v", e)
		}
		if d := time.Since(cut); d > 15*time.Second {
			t.Errorf("a death that was told took %s to be believed", d)
		}
	})
}

// TestForgotten has a party leave unheard: the next message of the other is answered with a stateless reset.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulate(t, 2, time.Millisecond)
		meshes := sim.joinTwo(t, Config{})
		sim.cut.Store(true)
		meshes[1].Leave(Interrupted, "unheard")
		time.Sleep(10 * time.Second) // until the connection is forgotten
		sim.cut.Store(false)
		start := time.Now()
		if err := meshes[0].SendTo(t.Context(), 1, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if e := lost(t, meshes[0], 1); e.Why != "it does not know the connection any more" {
			t.Errorf("lost: %v", e)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("noticed after %s", d)
		}
	})
}

// TestKilled ends a party as the kernel ends a killed process: its port is closed and it says nothing.
func TestKilled(t *testing.T) {
	t.Parallel()
	all := parties(t, 3)
	meshes := join(t, all)
	start := time.Now()
	all[1].sock.Close()
	for _, m := range []*Mesh{meshes[0], meshes[2]} {
		e := lost(t, m, 1)
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("noticed after %s: %v", d, e)
		}
	}
	e := lost(t, meshes[1], 0)
	if e.Why != "our socket was closed" {
		t.Errorf("at the party itself: %v", e)
	}
	if err := meshes[0].SendTo(t.Context(), 2, []byte("we go on")); err != nil {
		t.Fatal(err)
	}
	if _, err := meshes[2].RecvFrom(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func TestRefuses(t *testing.T) {
	sock := parties(t, 1)[0].sock
	addr := sock.LocalAddr()
	if refuses(t.Context(), addr) {
		t.Error("a bound port refuses")
	}
	sock.Close()
	if !refuses(t.Context(), addr) {
		t.Error("a closed port does not refuse")
	}
	if refuses(t.Context(), netip.MustParseAddrPort("203.0.113.1:9")) {
		t.Error("a distant address was believed")
	}
}
