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
	mapWait     = 750 * time.Millisecond // for an answer of PCP or NAT-PMP
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

// A keeper holds a mapping of one port of ours.
type keeper struct {
	port uint16
	gw   gateway
	held mapper // at gw; nil: none
}

// keepMapping holds a mapping of the port until ctx ends, and tells of it. A signal of again makes it ask at once.
func keepMapping(ctx context.Context, port uint16, again <-chan struct{}, told chan<- portMapping) {
	k := keeper{port: port}
	defer k.release(ctx)
	var last portMapping
	for {
		now, next := k.ask(ctx)
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

// ask renews the mapping or asks by every protocol in turn. It says when to ask again.
func (k *keeper) ask(ctx context.Context) (portMapping, time.Duration) {
	gw, err := defaultGateway()
	if err != nil {
		k.held = nil
		return portMapping{how: err.Error()}, mapAgain
	}
	if gw != k.gw {
		k.gw, k.held = gw, nil // another network: the old router is out of reach
	}
	mappers := []mapper{newPCP(gw, k.port), newPMP(gw, k.port), newUPnP(gw, k.port)}
	if k.held != nil {
		mappers = append([]mapper{k.held}, mappers...)
	}
	k.held = nil
	how := fmt.Sprintf("router %v grants no port", gw.addr)
	for _, m := range mappers {
		external, lifetime, err := m.request(ctx)
		if err == nil {
			k.held = m
			return portMapping{external, fmt.Sprintf("router %v maps %v by %s", gw.addr, external, m.name())}, max(lifetime, mapShortest) / 2
		}
		how += fmt.Sprintf("; %s: %v", m.name(), err)
		if ctx.Err() != nil {
			break
		}
	}
	return portMapping{how: how}, mapAgain
}

// release gives the mapping back; if that fails it expires by itself.
func (k *keeper) release(ctx context.Context) {
	if k.held != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unmapWait)
		defer cancel()
		_ = k.held.release(ctx)
	}
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
