package mesh

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/internal/pathconn"
)

// bothWays plays a test with bulk from the first party, QUIC's client, and from the second.
func bothWays(t *testing.T, play func(t *testing.T, from int)) {
	for from, name := range []string{"client sends", "server sends"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, from) })
		})
	}
}

// TestUpgrade takes a pair from a slow relay to a fast direct path, which dies and comes back time and again, while one party sends.
func TestUpgrade(t *testing.T) {
	bothWays(t, func(t *testing.T, from int) {
		n := newTwoPaths(t, 1, 60*time.Millisecond, 8, 10*time.Millisecond)
		n.join()
		f := n.flow(from)
		time.Sleep(time.Second)
		if k := n.meshes[0].Paths()[0].Kind; k != Relay {
			t.Fatalf("the pair began %s", k)
		}
		seen := map[string]bool{n.serverSees(): true}
		for i := range 5 { // more often than QUIC has connection IDs to begin with
			n.set(true)
			n.settle()
			moves, path := n.told(0, Upgraded)
			if moves != i+1 || path.Kind != Direct || path.RTT < 10*time.Millisecond || path.RTT > 55*time.Millisecond {
				t.Fatalf("%d moves, the last to %+v; want %d", moves, path, i+1)
			}
			at := n.serverSees()
			if seen[at] || at != n.meshes[1].ways[0].quic.Addr().String() {
				t.Fatalf("after move %d the server's QUIC sees its client at %s, not for the first time or not where it is", moves, at)
			}
			seen[at] = true
			if r := f.rate(time.Second); r < 5.5 {
				t.Errorf("%.1f of 8 Mbit/s after move %d", r, moves)
			}

			n.set(false)
			time.Sleep(3 * time.Second)
			if r := f.rate(time.Second); r < 0.2 {
				t.Errorf("%.1f of 1 Mbit/s over the relay", r)
			}
			if now := n.serverSees(); now != at {
				t.Errorf("the way back to the relay is not hidden: from %s to %s", at, now)
			}
			if k := n.meshes[1].Paths()[0].Kind; k != Relay {
				t.Errorf("the path is %s", k)
			}
		}
		f.end()
	})
}

// TestShortOutage has a relay carry a pair for less than it takes to measure that.
func TestShortOutage(t *testing.T) {
	bothWays(t, func(t *testing.T, from int) {
		n := newTwoPaths(t, 1, 60*time.Millisecond, 8, 10*time.Millisecond)
		n.set(true)
		n.join()
		f := n.flow(from)
		time.Sleep(time.Second)
		if k := n.meshes[0].Paths()[0].Kind; k != Direct {
			t.Fatalf("the path is %s", k)
		}
		before := n.serverSees()
		n.set(false)
		for n.meshes[0].Paths()[0].Kind == Direct {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond)
		n.set(true)
		n.settle()
		if moves, _ := n.told(0, Upgraded); moves != 0 || n.serverSees() != before {
			t.Errorf("%d moves, the server's QUIC went from %s to %s", moves, before, n.serverSees())
		}
		f.end()
	})
}

// TestHiddenMoves is the upgrade switched off at either party, or impossible: the direct path is used all the same.
func TestHiddenMoves(t *testing.T) {
	noProbes := func(n *twoPaths) { n.direct[0].lossy = isProbe }
	for name, prepare := range map[string]func(n *twoPaths){
		"off at the client": func(n *twoPaths) { n.cfg[0].HideMoves = true },
		"off at the server": func(n *twoPaths) { n.cfg[1].HideMoves = true },
		"probes are lost":   noProbes,
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, from int) {
				n := newTwoPaths(t, 0.5, 60*time.Millisecond, 3, 10*time.Millisecond)
				prepare(n)
				n.join()
				f := n.flow(from)
				time.Sleep(time.Second)
				before := n.serverSees()
				n.set(true)
				time.Sleep(4 * time.Second)
				f.end()
				time.Sleep(40 * time.Second) // all attempts are made
				f = n.flow(from)
				time.Sleep(time.Second)
				if moves, _ := n.told(0, Upgraded); moves != 0 || n.serverSees() != before {
					t.Errorf("%d moves, the server's QUIC went from %s to %s", moves, before, n.serverSees())
				}
				path := n.meshes[0].Paths()[0]
				if path.Kind != Direct || (path.Why == "") != n.cfg[0].HideMoves || path.Why != "" && !strings.Contains(path.Why, "probes") {
					t.Errorf("path %+v", path)
				}
				if r := f.rate(time.Second); r < 2 {
					t.Errorf("%.1f of 3 Mbit/s", r)
				}
				f.end()
			})
		})
	}
}

// TestLossyUpgrade loses the probes of the first attempts.
func TestLossyUpgrade(t *testing.T) {
	bothWays(t, func(t *testing.T, from int) {
		n := newTwoPaths(t, 1, 60*time.Millisecond, 8, 10*time.Millisecond)
		lost := 0
		n.direct[0].lossy = func(p []byte) bool {
			if !isProbe(p) || lost > mostProbes {
				return false
			}
			lost++
			return true
		}
		n.join()
		f := n.flow(from)
		time.Sleep(time.Second)
		before := n.serverSees()
		n.set(true)
		time.Sleep(4 * time.Second)
		if moves, path := n.told(0, Upgraded); moves != 1 || path.Why != "" || n.serverSees() == before {
			t.Errorf("%d moves, to %+v; the server's QUIC went from %s to %s", moves, path, before, n.serverSees())
		}
		f.end()
	})
}

// TestUpgradeFigures measures how long the capacity of a direct path goes unused (goal G6), with the change of path hidden from QUIC
// and with QUIC moving.
func TestUpgradeFigures(t *testing.T) {
	relay, direct := 10., 100. // Mbit/s
	if os.Getenv("TACIT_LAB") == "full" {
		relay, direct = 50, 500
	}
	for _, hide := range []bool{true, false} {
		bothWays(t, func(t *testing.T, from int) {
			n := newTwoPaths(t, relay, 60*time.Millisecond, direct, 10*time.Millisecond)
			n.cfg[0].HideMoves = hide
			n.cfg[0].Budget, n.cfg[1].Budget = 64<<20, 64<<20
			n.join()
			f := n.flow(from)
			time.Sleep(2 * time.Second)
			n.set(true)
			for k := 0; k == 0; k, _ = n.told(0, Rerouted) {
				time.Sleep(time.Millisecond)
			}
			took := f.reaches(0.8*direct, 10*time.Second)
			t.Logf("80 %% of a direct path (%v Mbit/s, 10 ms, after %v Mbit/s, 60 ms) %v after it was proven, hidden from QUIC: %v", direct, relay, took, hide)
			if !hide && took > 900*time.Millisecond {
				t.Errorf("80 %% of the direct path took %v, want 300ms", took)
			}
			f.end()
		})
	}
}

// TestProbes lets in what a peer may send and nothing else.
func TestProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTwoPaths(t, 1, 60*time.Millisecond, 8, 10*time.Millisecond)
		n.set(true)
		n.join()
		w := n.meshes[1].ways[0]
		packet := append([]byte{0x40}, make([]byte, 60)...)
		at := w.quic.Addr().String()
		try := func(name string, moves bool, p []byte) {
			t.Helper()
			n.socks[1].intercept(p, n.addrs[0])
			if now := w.quic.Addr().String(); (now != at) != moves {
				t.Errorf("%s: the peer went from %s to %s", name, at, now)
			} else {
				at = now
			}
			time.Sleep(2 * moveEvery)
		}
		other := probeKey{1}
		try("another key", false, other.seal(7, packet))
		forged := w.probes.seal(7, packet)
		forged[len(forged)-1] ^= 1
		try("a changed packet", false, forged)
		forged = w.probes.seal(7, packet)
		forged[5]++
		try("another number", false, forged)
		try("no packet", false, w.probes.seal(7, nil))
		try("a ping inside", false, w.probes.seal(7, []byte{pingLike, 1}))
		try("number zero", false, w.probes.seal(0, packet))
		try("authentic", true, w.probes.seal(7, packet))
		try("the same again", false, w.probes.seal(7, packet))
		try("an earlier one", false, w.probes.seal(6, packet))
		time.Sleep(time.Second)
		for i := range uint32(20) {
			n.socks[1].intercept(w.probes.seal(8+i, packet), n.addrs[0])
		}
		if w.moves != 8 {
			t.Errorf("%d of 20 moves at once were let in", w.moves-7)
		}
		n.socks[1].intercept(w.probes.seal(100, packet), netip.MustParseAddrPort("192.0.2.77:1"))
		client := n.meshes[0].ways[1]
		at = client.quic.Addr().String()
		n.socks[0].intercept(client.probes.seal(9, packet), n.addrs[1])
		if client.quic.Addr().String() != at || w.moves != 8 {
			t.Error("a stranger or a server was let in")
		}
	})
}

const pingLike = 0x2a

// TestForgottenAfterMove has a party leave unheard after QUIC moved: the other still learns of it by a stateless reset.
func TestForgottenAfterMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTwoPaths(t, 1, 60*time.Millisecond, 8, 10*time.Millisecond)
		n.join()
		n.set(true)
		n.settle()
		if moves, _ := n.told(0, Upgraded); moves != 1 {
			t.Fatalf("%d moves", moves)
		}
		n.set(false)
		for _, w := range n.relay {
			w.cut.Store(true)
		}
		n.meshes[1].Leave(Interrupted, "unheard")
		time.Sleep(10 * time.Second)
		// The party is gone, but its socket is not: it answers pings no more, and packets with a reset.
		owner := n.socks[1].conn.Peer()
		owner.Own(n.addrs[0])
		owner.SetRoute(pathconn.Route{To: n.addrs[0]})
		n.set(true)
		if err := n.meshes[0].SendTo(t.Context(), 1, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if e := lost(t, n.meshes[0], 1); e.Why != "it does not know the connection any more" {
			t.Errorf("lost: %v", e)
		}
	})
}
