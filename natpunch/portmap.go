package natpunch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/libp2p/go-netroute"
)

// Times of a port mapping.
const (
	mapLifetime = 30 * time.Minute // asked for; renewed at half of what is granted
	mapShortest = time.Minute      // a grant is never believed shorter
	mapAgain    = 10 * time.Minute // after no router granted one
	mapFirst    = 250 * time.Millisecond
	mapWait     = time.Second // for an answer of PCP or NAT-PMP
	upnpWait    = 3 * time.Second
	unmapWait   = time.Second
)

// A portMapping is a port that a router granted, or how asking for one ended.
type portMapping struct {
	external netip.AddrPort
	how      string // for people
}

// A gateway is the router before this machine.
type gateway struct {
	addr  netip.Addr // of the router
	local netip.Addr // ours towards it
}

// A mapper asks one gateway by one protocol for one UDP port. It keeps what it needs to renew and to delete.
type mapper interface {
	name() string
	request(ctx context.Context) (netip.AddrPort, time.Duration, error)
	release(ctx context.Context) error
}

// keepMapping holds a mapping of the port until ctx ends, and tells of it. A signal of again makes it ask at once.
func keepMapping(ctx context.Context, port uint16, again <-chan struct{}, told chan<- portMapping) {
	var held mapper
	defer func() {
		if held != nil {
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), unmapWait)
			defer cancel()
			_ = held.release(bye) // it expires by itself
		}
	}()
	var last portMapping
	for {
		m, now, next := mapOnce(ctx, held, port)
		held = m
		if now != last {
			select {
			case told <- now:
			case <-ctx.Done():
				return
			}
			last = now
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-again:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// mapOnce renews a held mapping or asks by every protocol in turn. It says when to ask again.
func mapOnce(ctx context.Context, held mapper, port uint16) (mapper, portMapping, time.Duration) {
	gw, err := defaultGateway()
	if err != nil {
		return held, portMapping{how: err.Error()}, mapAgain
	}
	mappers := []mapper{newPCP(gw, port), newPMP(gw, port), newUPnP(gw, port)}
	if held != nil {
		mappers = append([]mapper{held}, mappers...)
	}
	var errs []error
	for _, m := range mappers {
		external, granted, err := m.request(ctx)
		if err == nil {
			return m, portMapping{external, fmt.Sprintf("%s: router %v maps %v", m.name(), gw.addr, external)}, max(granted, mapShortest) / 2
		}
		errs = append(errs, fmt.Errorf("%s: %w", m.name(), err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, portMapping{how: fmt.Sprintf("router %v grants no port: %v", gw.addr, errors.Join(errs...))}, mapAgain
}

// defaultGateway finds the IPv4 router.
func defaultGateway() (gateway, error) {
	r, err := netroute.New()
	if err != nil {
		return gateway{}, fmt.Errorf("find the router: %w", err)
	}
	_, via, local, err := r.Route(net.IPv4(192, 0, 0, 9)) // the anycast address of PCP (RFC 7723): global, never local
	if err != nil {
		return gateway{}, fmt.Errorf("find the router: %w", err)
	}
	g, ok := netip.AddrFromSlice(via.To4())
	l, ok2 := netip.AddrFromSlice(local.To4())
	if !ok || !ok2 {
		return gateway{}, errors.New("no router: this machine has no IPv4 gateway")
	}
	return gateway{g, l}, nil
}

// usable checks what a router granted.
func usable(external netip.AddrPort) (netip.AddrPort, error) {
	if u := Usable([]netip.AddrPort{external}); len(u) == 1 && !u[0].Addr().IsLoopback() {
		return u[0], nil
	}
	return netip.AddrPort{}, fmt.Errorf("the router offers %v, which no peer can use", external)
}
