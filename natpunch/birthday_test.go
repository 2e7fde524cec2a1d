package natpunch

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestBirthdaysInTurn has twelve parties, four of them behind NATs that pick a new port for every peer: all pairs that can become
// direct do, a few at a time, within a bounded number of sockets and packets.
func TestBirthdaysInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parties, hard = 12, 4
		n := newSimnet(t, 20*time.Millisecond)
		var mains [parties]*simOutlet
		var punchers [parties]*Puncher
		var public [parties]Candidate
		var behaviours [parties]Behaviour
		for i := range parties {
			m := mapEIM
			if i < hard {
				m = mapAPDM
			}
			r := n.router(fmt.Sprintf("198.51.100.%d", 1+i), m, filterAPDF)
			e := &end{main: r.socket(5000)}
			mains[i] = e.main
			port := uint16(20000)
			punchers[i] = NewPuncher(PunchConfig{Main: e.main, Open: func() (Outlet, error) {
				n.mu.Lock()
				port++
				at := port
				n.mu.Unlock()
				o := r.socket(at)
				o.puncher = punchers[i]
				return o, nil
			}})
			e.main.puncher = punchers[i]
			public[i], behaviours[i] = e.reflexiveOf()
		}
		var pairs [parties][parties]*Pair
		for i := range parties {
			for j := range parties {
				if i != j {
					secret := [32]byte{byte(min(i, j)), byte(max(i, j))}
					pairs[i][j] = punchers[i].Pair(PairConfig{Secret: secret, Lower: i < j})
					defer pairs[i][j].Close()
				}
			}
		}
		for i := range parties {
			for j := range parties {
				if i != j {
					pairs[i][j].SetBehaviour(behaviours[i], behaviours[j])
					pairs[i][j].AddRemote(public[j])
					pairs[i][j].Go(0)
				}
			}
		}
		direct := func() (count int) {
			for i := range parties {
				for j := range parties {
					if i != j && pairs[i][j].Path().Proven {
						count++
					}
				}
			}
			return count
		}
		const easyPairs = (parties - hard) * (parties - hard - 1)
		const all = parties*(parties-1) - hard*(hard-1)
		time.Sleep(400 * time.Millisecond)
		if got := direct(); got != easyPairs {
			t.Errorf("%d ends are direct at once, want %d", got, easyPairs)
		}
		mostSockets, before := 0, n.sent()
		mostPackets := 0
		for range 200 {
			time.Sleep(50 * time.Millisecond)
			n.mu.Lock()
			for _, m := range mains {
				mostSockets = max(mostSockets, len(m.r.sockets))
			}
			n.mu.Unlock()
			mostPackets = max(mostPackets, n.sent()-before)
			before = n.sent()
		}
		for range 3 { // what had no luck has it a minute later
			if direct() == all {
				break
			}
			time.Sleep(birthdayEvery + punchFor)
		}
		if got := direct(); got != all {
			t.Errorf("%d ends are direct, want %d", got, all)
		}
		if mostSockets > maxAtATime*birthdaySockets+1 {
			t.Errorf("%d sockets at one party", mostSockets)
		}
		t.Logf("most sockets %d, most packets in 50 ms %d", mostSockets, mostPackets)
		time.Sleep(30 * time.Second)
		n.mu.Lock()
		defer n.mu.Unlock()
		for i, m := range mains {
			if len(m.r.sockets) > 1+2*parties {
				t.Errorf("party %d keeps %d sockets", i, len(m.r.sockets))
			}
		}
	})
}
