package natpunch

import (
	"encoding/binary"
	"sync"
)

// maxSeen is how many transactions are remembered one by one; older ones are refused altogether.
const maxSeen = 512

// A replayGuard lets every transaction of a peer pass once. Transactions begin with a number that grows, so that what is too old
// to be remembered is known to be old.
type replayGuard struct {
	mu    sync.Mutex
	seen  map[transaction]struct{}
	ring  []transaction // in the order of arrival
	floor uint64        // numbers up to this are refused
}

// fresh tells whether x has not been seen, and remembers it.
func (g *replayGuard) fresh(x transaction) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.seen[x]; ok || x.number() <= g.floor {
		return false
	}
	if g.seen == nil {
		g.seen = map[transaction]struct{}{}
	}
	if len(g.ring) >= maxSeen {
		g.floor = max(g.floor, g.ring[0].number())
		delete(g.seen, g.ring[0])
		g.ring = g.ring[1:]
	}
	g.seen[x] = struct{}{}
	g.ring = append(g.ring, x)
	return true
}

func (x transaction) number() uint64 { return binary.BigEndian.Uint64(x[:8]) }
