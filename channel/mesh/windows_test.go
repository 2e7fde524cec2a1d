package mesh

import (
	"testing"

	"github.com/quic-go/quic-go"
)

// TestShares checks that all peers together stay within the budget, from two parties to the most.
func TestShares(t *testing.T) {
	for peers := 1; peers < mostSeats; peers++ {
		window, queue := share(defaultBudget, peers)
		if total := peers * (connWindow + int(window) + 2*queue); total > defaultBudget {
			t.Errorf("%d peers may hold %d bytes of %d", peers, total, defaultBudget)
		}
		if window > maxConnWindow-connWindow || queue > maxQueue || queue < minQueue {
			t.Errorf("%d peers: window %d, queue %d", peers, window, queue)
		}
	}
}

func TestWindows(t *testing.T) {
	var w windows
	a, b := new(quic.Conn), new(quic.Conn)
	if w.allow(a, 1) {
		t.Error("growth before a share is set")
	}
	w.setShare(10)
	if !w.allow(a, 6) || w.allow(a, 5) || !w.allow(a, 4) || w.allow(a, 1) {
		t.Error("a share of 10 is not 6 and 4")
	}
	if !w.allow(b, 10) {
		t.Error("one connection used the share of another")
	}
	w.forget(a)
	if !w.allow(a, 10) {
		t.Error("a forgotten connection still counts")
	}
}
