package mesh

import (
	"context"
	"net/netip"
	"time"

	"github.com/tacit-mpc/tacit/relay"
)

// tcpHeadStart is what UDP gets before TCP, and TCP before TLS.
const tcpHeadStart = 400 * time.Millisecond

// allocateWithin bounds the tries of an allocation in turns: a short one begins anew soon when the relay comes back meanwhile, a
// long one is for distant relays.
var allocateWithin = [...]time.Duration{5 * time.Second, 1500 * time.Millisecond, 3 * time.Second}

// allocate races the transports of one host: UDP first, then TCP, then TLS, each when the one before has failed or has had its head
// start. The transport that worked before gets a long one, so that a relay that is just coming back is not left for a slower way; where
// UDP is not expected to pass, nobody gets any.
func (r *reacher) allocate(ctx context.Context, servers []RelayServer, worked relay.Transport, within time.Duration) *relayOutlet {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	won := make(chan *relayOutlet)
	before := make(chan struct{}) // closed when the attempt before has failed
	close(before)
	var all []chan struct{}
	for i, s := range servers {
		wait := time.Duration(0)
		if i > 0 {
			wait = time.Duration(i) * tcpHeadStart
			if worked == relay.UDP {
				wait *= 3
			} else if r.cfg.NoUDP {
				wait = 0
			}
		}
		previous, failed := before, make(chan struct{})
		before = failed
		all = append(all, failed)
		r.running.Go(func() {
			defer close(failed)
			if i > 0 {
				select {
				case <-time.After(wait):
				case <-previous:
				case <-ctx.Done():
					return
				}
			}
			o := r.attempt(ctx, s)
			if o == nil {
				return
			}
			select {
			case won <- o:
			case <-ctx.Done():
				o.alloc.Close()
			}
		})
	}
	lost := make(chan struct{})
	r.running.Go(func() {
		for _, failed := range all {
			<-failed
		}
		close(lost)
	})
	select {
	case o := <-won:
		return o
	case <-lost:
	case <-ctx.Done():
	}
	return nil
}

// attempt makes an allocation at one server, or returns nil.
func (r *reacher) attempt(ctx context.Context, s RelayServer) *relayOutlet {
	o := &relayOutlet{server: s}
	ready := make(chan struct{})
	defer close(ready)
	alloc, err := relay.Allocate(ctx, relay.ClientConfig{
		Addr: s.Addr, Transport: s.Transport, TLS: s.TLS, Credentials: s.Credentials,
		Receive: func(p []byte, from netip.AddrPort) {
			<-ready
			r.sock.arrived(p, o, from)
		},
	})
	if err != nil {
		return nil
	}
	o.alloc = alloc
	return o
}
