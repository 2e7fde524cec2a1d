package mesh

import (
	"fmt"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// liveness is what is known about whether a peer still lives. A lost path may come back until patience is over; a proof of death
// is believed earlier, but only when the peer has been silent for quietAfter: a living peer is heard from every keepAlive.
type liveness struct {
	packets uint64    // received, at the last look
	heard   time.Time // when that number last changed
	quiet   bool
	refused int // looks in a row at which the peer's host said that nobody has the port

	accused   string // PeerGone's reason
	accusedAt time.Time
}

// refusals is how many in a row prove a process gone.
const refusals = 2

// lastHeard is when the peer was last heard from.
func (p *pair) lastHeard() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive.heard
}

// PeerGone says that a party is dead as far as somebody else knows, for example the coordinator, and why. Its connection ends
// with a *LostError unless the party is heard from.
func (m *Mesh) PeerGone(seat channel.Party, why string) {
	p, err := m.pair("", seat)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive.accused, p.alive.accusedAt = why, time.Now()
}

// watch looks at every pair, every checkEvery, until the Mesh is closed.
func (m *Mesh) watch() {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	var probes sync.WaitGroup
	defer probes.Wait()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-tick.C:
		}
		m.mu.Lock()
		pairs := append([]*pair(nil), m.pairs...)
		m.mu.Unlock()
		for _, p := range pairs {
			if p != nil && p.end() == nil {
				m.ways[p.peer].look()
				m.look(p, &probes)
			}
		}
	}
}

// look judges one pair.
func (m *Mesh) look(p *pair, probes *sync.WaitGroup) {
	now := time.Now()
	packets := p.conn.ConnectionStats().PacketsReceived
	p.mu.Lock()
	a := &p.alive
	before := *a
	if packets != a.packets {
		a.packets, a.heard, a.refused = packets, now, 0
		if now.Sub(a.accusedAt) > 2*checkEvery { // else it may have been before the accusation
			a.accused = ""
		}
	}
	silence := now.Sub(a.heard)
	a.quiet = silence >= quietAfter
	after := *a
	p.mu.Unlock()

	switch {
	case before.quiet && !after.quiet:
		m.tell(Event{Kind: Heard, Peer: p.peer, For: now.Sub(before.heard)})
	case !before.quiet && after.quiet:
		m.tell(Event{Kind: Quiet, Peer: p.peer, For: silence})
	}
	lost := func(why string) { p.fail(&LostError{Why: why, Since: after.heard}, codeGivenUp, "") }
	switch {
	case silence >= m.cfg.Patience:
		lost(fmt.Sprintf("nothing heard from it for %s", m.cfg.Patience))
	case !after.quiet:
	case after.accused != "":
		lost(after.accused)
	case after.refused >= refusals:
		lost("its machine says that the program is gone")
	default:
		probes.Go(func() {
			gone := m.sock.refuses(m.ctx, m.ways[p.peer].home())
			p.mu.Lock()
			defer p.mu.Unlock()
			if gone {
				p.alive.refused++
			} else {
				p.alive.refused = 0
			}
		})
	}
}
