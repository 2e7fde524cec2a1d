package natpunch

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a pair.
const inbox = 64 // pings and pongs that wait

// A Pair is the search for a direct path to one peer, and the watch over it. One goroutine owns everything below inputs.
type Pair struct {
	puncher *Puncher
	changed func(PathState)
	heard   func(netip.AddrPort, Outlet)
	largest func() int
	policy  Policy
	lower   bool
	tag     tag
	out, in sealer
	running sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc

	// Inputs.
	arrived chan arrival
	woken   chan struct{} // commands wait; holds one
	touched atomic.Int64  // UnixNano of the last traffic

	seen [2]replayGuard // pings and pongs; for Handle

	mu       sync.Mutex
	commands []func()
	current  PathState // for Path
	report   PairReport

	// Owned by run.
	remotes map[netip.AddrPort]*remote
	added   int    // addresses ever entered
	number  uint64 // of the last transaction
	ours    Behaviour
	theirs  Behaviour
	started bool
	search  search
	tries   int
	failed  int // of them in a row
	chosen  *route
	lost    time.Time // when a direct path was
	gone    time.Time // when the last path of any kind was
	relays  []Outlet  // our relayed addresses
	spares  time.Time // when spare routes over relays are pinged next
	party   birthday
}

type arrival struct {
	ping
	out  Outlet
	from netip.AddrPort
	at   time.Time
}

func newPair(p *Puncher, cfg PairConfig) *Pair {
	c := &Pair{
		puncher: p, changed: cfg.Changed, heard: cfg.Heard, largest: cfg.Largest, policy: cfg.Policy, lower: cfg.Lower,
		arrived: make(chan arrival, inbox), woken: make(chan struct{}, 1),
		remotes: map[netip.AddrPort]*remote{},
	}
	c.tag, c.out, c.in = keysOf(cfg.Secret, cfg.Lower)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// do runs f on the pair's goroutine, some time soon. It never blocks: the caller may hold a lock that Changed takes.
func (c *Pair) do(f func()) {
	c.mu.Lock()
	c.commands = append(c.commands, f)
	c.mu.Unlock()
	signal(c.woken)
}

func (c *Pair) obey() {
	c.mu.Lock()
	commands := c.commands
	c.commands = nil
	c.mu.Unlock()
	for _, f := range commands {
		f()
	}
}

// AddRemote adds candidates of the peer. Unusable ones are dropped (see Usable); of too many, the oldest that never answered.
func (c *Pair) AddRemote(candidates ...Candidate) {
	c.do(func() {
		news := false
		for _, r := range candidates {
			if addrs := Usable([]netip.AddrPort{r.Addr}); len(addrs) == 1 {
				if n, isNew := c.add(Candidate{addrs[0], r.Kind}); isNew {
					news = true
					if !c.search.began.IsZero() {
						c.pingRemote(n)
					}
				}
			}
		}
		if news {
			c.search.news(time.Now())
		}
	})
}

// Then calls f when everything asked of the pair before is done, and pings are sent that it caused. f must not block.
func (c *Pair) Then(f func()) { c.do(f) }

// SetBehaviour tells what is known of our NAT and of the peer's.
func (c *Pair) SetBehaviour(ours, theirs Behaviour) {
	c.do(func() {
		c.ours, c.theirs = ours, theirs
		c.note()
	})
}

// Go starts the search after a delay. Later calls start a new try if there is no direct path.
func (c *Pair) Go(after time.Duration) {
	c.do(func() {
		c.started = true
		if !c.direct() {
			c.search.at(time.Now().Add(after))
		}
	})
}

// AddOutlet adds a relayed address of ours: what is sent through it leaves from the relay. The peer's pings that arrive there are
// to be passed to Handle with it.
func (c *Pair) AddOutlet(o Outlet) {
	c.do(func() {
		c.relays = append(c.relays, o)
		for _, r := range c.remotes {
			if t := r.routes[o]; t != nil { // a ping was quicker than we
				t.rank = c.rank(r, o)
			}
		}
		c.spares = time.Now()
		c.search.news(time.Now())
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
			c.lose(time.Now(), time.Time{})
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
			clear(r.routes)
		}
		if c.chosen != nil {
			c.chosen, c.gone = nil, time.Now()
			c.publish()
		}
		c.search.at(time.Now())
	})
}

// Touch says that traffic flows between the parties, over whatever path: the pair then watches its path closely.
func (c *Pair) Touch() { c.touched.Store(time.Now().UnixNano()) }

func (c *Pair) busy(now time.Time) bool { return now.UnixNano()-c.touched.Load() < int64(busyFor) }

// Path is the best path now.
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
		c.endBirthday(time.Now())
		c.closeSockets(func(Outlet) bool { return true })
	}()
	for {
		timer.Reset(time.Until(c.step(time.Now())))
		select {
		case <-c.ctx.Done():
			return
		case a := <-c.arrived:
			c.take(a)
		case <-c.woken:
			c.obey()
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
	if c.chosen != nil {
		at(c.watchWidth(now))
	}
	if c.started {
		at(c.keepSpares(now))
		at(c.stepSearch(now))
	}
	return wake
}
