package mesh

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/relay"
)

// Times of a keeper.
const (
	surplusFor  = 5 * time.Second  // that two relayed addresses at one host are kept when one would do
	betterEvery = 30 * time.Second // between tries to get over a slower transport
	renewBefore = 10 * time.Minute // before the credentials expire: beyond what an allocation lives unrefreshed
)

// mostHeld is how many addresses we have at one host. A relay that has an IPv4 and an IPv6 address is two hosts (relay.DefaultPerUser).
const mostHeld = 2

// A keeper holds a relayed address at one host, over whatever transport gets there. When the relay is late with an answer it
// makes another one while the first is still tried: a NAT may have forgotten it, or the relay was restarted.
type keeper struct {
	r    *reacher
	host netip.Addr
	told chan struct{} // capacity 1: there may be other servers

	// Owned by run.
	held   []*holding
	events chan func()
	found  chan *relayOutlet
	stop   context.CancelFunc // ends the search; it may be called any time
	worked relay.Transport    // the last that did
}

// A holding is a relayed address and what its keeper thinks of it.
type holding struct {
	*relayOutlet
	doubt bool
	mark  int64 // its traffic when it became one too many
}

func newKeeper(r *reacher, host netip.Addr) *keeper {
	return &keeper{r: r, host: host, told: make(chan struct{}, 1), events: make(chan func()), found: make(chan *relayOutlet), stop: func() {}}
}

// news says that the servers have changed.
func (k *keeper) news() {
	select {
	case k.told <- struct{}{}:
	default:
	}
}

func (k *keeper) run() {
	ctx := k.r.ctx
	searching := false
	var surplus, expiry <-chan time.Time
	better := time.NewTicker(betterEvery)
	defer better.Stop()
	for {
		if !searching && len(k.held) < mostHeld && !slices.ContainsFunc(k.held, k.good) {
			searching = true
			var trying context.Context
			trying, k.stop = context.WithCancel(ctx)
			k.r.running.Go(func() { k.search(ctx, trying) })
		}
		switch {
		case len(k.held) < 2:
			surplus = nil
		case surplus == nil:
			surplus = time.After(surplusFor)
			for _, h := range k.held {
				h.mark = h.alloc.Traffic()
			}
		}
		if expiry == nil {
			expiry = k.expiry()
		}
		select {
		case <-ctx.Done():
			for _, h := range k.held {
				h.alloc.Close()
			}
			return
		case o := <-k.found:
			searching = false
			k.stop()
			if o != nil {
				k.hold(ctx, o)
			}
		case event := <-k.events:
			event()
		case <-surplus:
			surplus = nil
			if slices.ContainsFunc(k.held, k.good) {
				k.dropOne()
			}
		case <-expiry:
			expiry = nil
		case <-k.told:
			expiry = nil
			k.stop() // a search begins anew with the new servers
			searching = searching || k.improve(ctx)
		case <-better.C:
			searching = searching || k.improve(ctx)
		}
	}
}

// good tells that a relayed address answers and will for some time.
func (k *keeper) good(h *holding) bool { return !h.doubt && !k.stale(h) }

// stale tells that the credentials of an address end soon, and that there are better ones.
func (k *keeper) stale(h *holding) bool {
	soon := func(s RelayServer) bool { return !s.Expires.IsZero() && time.Until(s.Expires) < renewBefore }
	return soon(h.server) && slices.ContainsFunc(k.r.serversAt(k.host), func(s RelayServer) bool {
		return s.Transport == h.server.Transport && !soon(s)
	})
}

// expiry is when the first address becomes stale.
func (k *keeper) expiry() <-chan time.Time {
	var first time.Time
	for _, h := range k.held {
		if at := h.server.Expires.Add(-renewBefore); !h.server.Expires.IsZero() && at.After(time.Now()) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		return nil
	}
	return time.After(time.Until(first))
}

// hold takes an address into use, and watches it.
func (k *keeper) hold(ctx context.Context, o *relayOutlet) {
	h := &holding{relayOutlet: o}
	k.held = append(k.held, h)
	k.worked = o.server.Transport
	k.r.use(o)
	tell := func(event func()) {
		select {
		case k.events <- event:
		case <-ctx.Done():
		}
	}
	k.r.running.Go(func() { k.r.permitPeers(ctx, o) })
	k.r.running.Go(func() {
		for {
			select {
			case doubt := <-o.alloc.Doubts():
				tell(func() { h.doubt = doubt })
			case <-o.alloc.Done():
				tell(func() { k.drop(h) })
				return
			case <-ctx.Done():
				return
			}
		}
	})
}

func (k *keeper) drop(h *holding) {
	if i := slices.Index(k.held, h); i >= 0 {
		k.held = slices.Delete(k.held, i, i+1)
		k.r.drop(h.relayOutlet)
	}
}

// dropOne gives one address up of two: the worse, the slower, or the less used.
func (k *keeper) dropOne() {
	worst := slices.MinFunc(k.held, func(a, b *holding) int {
		if k.good(a) != k.good(b) {
			if k.good(b) {
				return -1
			}
			return 1
		}
		used := func(h *holding) int64 { return h.alloc.Traffic() - h.mark }
		return cmp.Or(-cmp.Compare(slowness(a.server), slowness(b.server)), cmp.Compare(used(a), used(b)))
	})
	k.drop(worst)
}

// slowness orders transports, best first.
func slowness(s RelayServer) int {
	return slices.Index([]relay.Transport{relay.UDP, relay.TCP, relay.TLS}, s.Transport)
}

// improve begins a try to get over a faster transport than that of the one address that we have, if there is any.
func (k *keeper) improve(ctx context.Context) bool {
	if len(k.held) != 1 {
		return false
	}
	faster := slices.DeleteFunc(k.r.serversAt(k.host), func(s RelayServer) bool { return slowness(s) >= slowness(k.held[0].server) })
	if len(faster) == 0 {
		return false
	}
	k.r.running.Go(func() { k.deliver(ctx, k.r.allocate(ctx, faster, "", allocateWithin[0])) })
	return true
}

// deliver hands an address to run; nil says that there is none.
func (k *keeper) deliver(ctx context.Context, o *relayOutlet) {
	select {
	case k.found <- o:
	case <-ctx.Done():
		if o != nil {
			o.alloc.Close()
		}
	}
}

// search makes an address, however often it takes, until trying ends.
func (k *keeper) search(ctx, trying context.Context) {
	pause := firstRetry
	for try := 0; trying.Err() == nil; try++ {
		if o := k.r.allocate(trying, k.r.serversAt(k.host), k.worked, allocateWithin[try%len(allocateWithin)]); o != nil {
			k.deliver(ctx, o)
			return
		}
		select {
		case <-time.After(pause):
		case <-trying.Done():
		}
		if k.worked == "" && try >= seldomAfter {
			pause = seldomRetry
		} else {
			pause = min(pause*3/2, longestRetry)
		}
	}
	k.deliver(ctx, nil)
}
