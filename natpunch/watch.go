package natpunch

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

// watchEvery is how often the interfaces are looked at: cheap on every system, and soon enough for goal G18.
const watchEvery = 500 * time.Millisecond

// Watch blocks until ctx ends and calls changed whenever the machine's addresses have changed. A lost address is told at the next
// look; new ones are told when they have stayed for two looks, so that an interface that comes up piece by piece counts once.
func Watch(ctx context.Context, changed func()) { watch(ctx, interfaceAddrs, changed) }

func watch(ctx context.Context, look func() ([]netip.Addr, error), changed func()) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	known, _ := look()
	last := known
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := look()
		if err != nil {
			continue
		}
		lost := slices.ContainsFunc(known, func(a netip.Addr) bool { return !slices.Contains(now, a) })
		if !slices.Equal(now, known) && (lost || slices.Equal(now, last)) {
			known = now
			changed()
		}
		last = now
	}
}

// interfaceAddrs lists the addresses that can be candidates, sorted.
func interfaceAddrs() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var kept []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() && sendable(p.Addr()) {
			kept = append(kept, p.Addr())
		}
	}
	slices.SortFunc(kept, netip.Addr.Compare)
	return slices.Compact(kept), nil
}
