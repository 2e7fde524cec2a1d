package natpunch

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The schedule of design 3.9 and the bounds of a pair.
const (
	maxRemotes   = 32                      // addresses of the peer, learned ones included
	maxAtOnce    = 8                       // of them pinged in the first rounds
	firstPause   = 20 * time.Millisecond   // between rounds, growing by half
	longestPause = 400 * time.Millisecond  //
	punchFor     = 3 * time.Second         // one try
	settleFor    = 1500 * time.Millisecond // of a try that has a path: better ones may still answer
	retryNew     = 5 * time.Second         // before the next try if a candidate came since
	retryOld     = 60 * time.Second        // and if none did
	hysteresis   = 5 * time.Millisecond    // by which a path of equal rank must be faster to take over
	inbox        = 64
	maxSeen      = 512             // transactions remembered against replays
	spareEvery   = 8 * time.Second // pings on proven routes over relays that are not in use
)

// Liveness of the chosen path (design D14, goals G14 and G22).
const (
	pingBusy   = 350 * time.Millisecond // while traffic flows
	pingIdle   = 5 * time.Second
	busyFor    = 2 * time.Second // after the last Touch
	pongWithin = 350 * time.Millisecond
	maxMisses  = 3
	trustFor   = 25 * time.Second // how long an unused proven path counts as a spare
)

// A Pair is the search for a direct path to one peer, and the watch over it. One goroutine owns everything below inputs.
type Pair struct {
	puncher *Puncher
	changed func(PathState)
	heard   func(netip.AddrPort, Outlet)
	policy  Policy
	tag     tag
	out, in sealer
	running sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc

	// Inputs.
	arrived  chan arrival
	commands chan func()
	touched  atomic.Int64 // UnixNano of the last traffic

	mu      sync.Mutex
	current PathState // for Path
	report  PairReport

	// Owned by run.
	remotes  map[netip.AddrPort]*remote
	fresh    bool // a candidate came since the last try
	seen     map[transaction]struct{}
	seenRing []transaction
	ours     Behaviour
	theirs   Behaviour
	started  bool
	try      time.Time     // when the current try began; zero if none
	pause    time.Duration // between its rounds
	round    time.Time     // when the next round is due
	next     time.Time     // when the next try is due
	chosen   *route
	relays   []Outlet  // our relayed addresses
	spares   time.Time // when spare routes over relays are pinged next
	birthday birthday
}

// A remote is one address of the peer.
type remote struct {
	Candidate
	pings  int
	pongs  int
	routes map[Outlet]*route
}

// A route is one address of the peer through one of our sockets.
type route struct {
	remote  *remote
	out     Outlet
	rank    int // lower is better
	sent    map[transaction]time.Time
	rtt     time.Duration
	ponged  time.Time // last pong
	heard   bool      // the peer has pinged us over it, or says it has our pong
	misses  int
	pinged  time.Time
	waiting *transaction // the liveness ping that is out
	trigger time.Time    // last triggered check
}

type arrival struct {
	ping
	out  Outlet
	from netip.AddrPort
	at   time.Time
}

func newPair(p *Puncher, cfg PairConfig) *Pair {
	c := &Pair{puncher: p, changed: cfg.Changed, heard: cfg.Heard, policy: cfg.Policy, arrived: make(chan arrival, inbox), commands: make(chan func(), inbox),
		remotes: map[netip.AddrPort]*remote{}, seen: map[transaction]struct{}{}}
	c.tag, c.out, c.in = keysOf(cfg.Secret, cfg.Lower)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// do runs f on the pair's goroutine, some time soon.
func (c *Pair) do(f func()) {
	select {
	case c.commands <- f:
	case <-c.ctx.Done():
	}
}

// AddRemote adds candidates of the peer.
func (c *Pair) AddRemote(candidates ...Candidate) {
	c.do(func() {
		for _, r := range candidates {
			if addrs := Usable([]netip.AddrPort{r.Addr}); len(addrs) == 1 {
				c.add(Candidate{addrs[0], r.Kind})
			}
		}
	})
}

// SetBehaviour tells what is known of our NAT and of the peer's.
func (c *Pair) SetBehaviour(ours, theirs Behaviour) {
	c.do(func() {
		c.ours, c.theirs = ours, theirs
		c.mu.Lock()
		c.report.Ours, c.report.Theirs = ours, theirs
		c.mu.Unlock()
	})
}

// Go starts the search after a delay. Later calls start a new try if there is no path.
func (c *Pair) Go(after time.Duration) {
	c.do(func() {
		c.started = true
		if !c.direct() {
			c.next = time.Now().Add(after)
			c.try = time.Time{}
		}
	})
}

// AddOutlet adds a relayed address of ours: what is sent through it leaves from the relay. The peer's pings that arrive there are
// to be passed to Handle with it.
func (c *Pair) AddOutlet(o Outlet) {
	c.do(func() {
		c.relays = append(c.relays, o)
		c.fresh = true
		c.spares = time.Now()
		if !c.direct() {
			c.next, c.try = time.Now(), time.Time{}
		}
	})
}

// RemoveOutlet forgets a relayed address of ours that is no more.
func (c *Pair) RemoveOutlet(o Outlet) {
	c.do(func() {
		c.relays = slices.DeleteFunc(c.relays, func(r Outlet) bool { return r == o })
		for _, r := range c.remotes {
			delete(r.routes, o)
		}
		if c.chosen != nil && c.chosen.out == o {
			c.lose(time.Now())
		}
	})
}

// direct tells whether the path in use needs no relay, or no such path is wanted.
func (c *Pair) direct() bool {
	return c.chosen != nil && (c.chosen.rank < relayRank || c.policy == RelayOnly)
}

// Repunch distrusts what is known and tries everything again at once, for example after our address changed.
func (c *Pair) Repunch() {
	c.do(func() {
		for _, r := range c.remotes {
			r.routes = map[Outlet]*route{}
		}
		c.drop()
		c.next, c.try = time.Now(), time.Time{}
	})
}

// Touch says that traffic flows between the parties, over whatever path: the pair then watches its path closely.
func (c *Pair) Touch() { c.touched.Store(time.Now().UnixNano()) }

func (c *Pair) busy(now time.Time) bool { return now.UnixNano()-c.touched.Load() < int64(busyFor) }

// Path is the direct path now.
func (c *Pair) Path() PathState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Close ends the pair and closes the sockets that it opened.
func (c *Pair) Close() {
	c.cancel()
	c.running.Wait()
	c.puncher.remove(c)
}

func (c *Pair) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer func() {
		c.chosen = nil
		c.endBirthday()
	}()
	for {
		timer.Reset(time.Until(c.step(time.Now())))
		select {
		case <-c.ctx.Done():
			return
		case a := <-c.arrived:
			c.take(a)
		case f := <-c.commands:
			f()
		case <-timer.C:
		}
	}
}

// step does what is due and says when it wants to be called again.
func (c *Pair) step(now time.Time) time.Time {
	wake := now.Add(time.Hour)
	at := func(t time.Time) {
		if t.Before(wake) {
			wake = t
		}
	}
	if c.chosen != nil {
		at(c.watch(now))
	}
	if !c.started {
		return wake
	}
	at(c.keepSpares(now))
	if c.try.IsZero() {
		if c.direct() {
			return wake
		}
		if now.Before(c.next) {
			at(c.next)
			return wake
		}
		c.try, c.pause, c.round, c.fresh = now, firstPause, now, false
	}
	limit := punchFor
	if c.direct() {
		limit = settleFor
	}
	if !now.Before(c.try.Add(limit)) {
		c.endTry(now)
		if !c.direct() {
			at(c.next)
		}
		return wake
	}
	if !now.Before(c.round) {
		c.pingAll()
		c.round = now.Add(c.pause)
		c.pause = min(c.pause*3/2, longestPause)
	}
	at(c.round)
	if !c.direct() && c.policy != RelayOnly {
		at(c.stepBirthday(now))
	}
	return wake
}

func (c *Pair) endTry(now time.Time) {
	c.try = time.Time{}
	c.endBirthday()
	c.next = now.Add(retryOld)
	if c.fresh {
		c.next = now.Add(retryNew)
	}
	c.note()
}

// add enters an address of the peer.
func (c *Pair) add(r Candidate) *remote {
	if old := c.remotes[r.Addr]; old != nil {
		return old
	}
	if len(c.remotes) >= maxRemotes && !c.evict() {
		return nil
	}
	n := &remote{Candidate: r, routes: map[Outlet]*route{}}
	c.remotes[r.Addr] = n
	c.fresh = true
	if !c.direct() && c.started && c.try.IsZero() {
		if soon := time.Now().Add(retryNew); soon.Before(c.next) {
			c.next = soon
		}
	}
	if !c.try.IsZero() {
		c.round = time.Now() // do not wait for the grown pause
		c.pause = firstPause
	}
	return n
}

// evict makes room by forgetting a learned address that never answered.
func (c *Pair) evict() bool {
	for addr, r := range c.remotes {
		if r.pongs == 0 && (r.Kind == PeerReflexive || r.Kind == Relayed) {
			delete(c.remotes, addr)
			return true
		}
	}
	return false
}

// route is the way to an address of the peer through one of our sockets.
func (c *Pair) route(r *remote, out Outlet) *route {
	t := r.routes[out]
	if t == nil {
		t = &route{remote: r, out: out, rank: rank(r.Addr.Addr()), sent: map[transaction]time.Time{}}
		own := slices.Contains(c.relays, out)
		switch {
		case own && r.Kind == Relayed:
			t.rank = relayRank + 1
		case own || r.Kind == Relayed:
			t.rank = relayRank
		}
		r.routes[out] = t
	}
	return t
}

// pingAll pings the best candidates through the main socket, and those in the open through our relayed addresses. A relayed route
// that has answered is left alone.
func (c *Pair) pingAll() {
	n := 0
	for _, r := range c.ordered() {
		if n++; n > maxAtOnce && c.pause < longestPause {
			break
		}
		outs := append([]Outlet{c.puncher.cfg.Main}, c.relays...)
		if r.Kind == Host && (r.Addr.Addr().IsPrivate() || r.Addr.Addr().IsLoopback()) {
			outs = outs[:1]
		}
		for _, o := range outs {
			if t := c.route(r, o); t.rank < relayRank || t.ponged.IsZero() {
				c.ping(t)
			}
		}
	}
}

// ping sends one ping over a route.
func (c *Pair) ping(t *route) transaction {
	x := newTransaction()
	now := time.Now()
	for old, at := range t.sent {
		if now.Sub(at) > punchFor {
			delete(t.sent, old)
		}
	}
	t.sent[x] = now
	t.pinged = now
	t.remote.pings++
	t.out.Send(c.out.seal(ping{tag: c.tag, transaction: x, heard: !t.ponged.IsZero()}), t.remote.Addr)
	return x
}

func newTransaction() (x transaction) {
	rand.Read(x[:])
	return x
}
