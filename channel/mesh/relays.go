package mesh

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/relay"
)

// Bounds of our use of relays.
const (
	mostRelays     = 2 // hosts at which we hold an address at once: one in use, one for when it dies
	mostPermitted  = 512
	allocateWithin = 5 * time.Second
	tcpHeadStart   = 400 * time.Millisecond // that UDP gets before TCP, and TCP before TLS
	firstRetry     = 200 * time.Millisecond
	longestRetry   = time.Second
	permitAgain    = 500 * time.Millisecond
)

// A relayOutlet is one of our relayed addresses as pings see it. The reacher closes it.
type relayOutlet struct{ alloc *relay.Allocation }

func (o *relayOutlet) Send(p []byte, to netip.AddrPort) { o.alloc.Send(p, to) }

// Close does nothing: the allocation belongs to the reacher.
func (o *relayOutlet) Close() error { return nil }

// relays keeps an address at each of the first relays that are known.
func (r *reacher) relays() {
	var hosts []netip.Addr
	for _, s := range r.cfg.Relays {
		if a := s.Addr.Addr(); !slices.Contains(hosts, a) && len(hosts) < mostRelays {
			hosts = append(hosts, a)
		}
	}
	for _, host := range hosts {
		servers := slices.DeleteFunc(slices.Clone(r.cfg.Relays), func(s RelayServer) bool { return s.Addr.Addr() != host })
		r.running.Go(func() { r.keepRelay(servers) })
	}
}

// atRelay tells whether one of our relays is at an address.
func (r *reacher) atRelay(a netip.Addr) bool {
	return slices.ContainsFunc(r.cfg.Relays, func(s RelayServer) bool { return s.Addr.Addr() == a.Unmap() })
}

// keepRelay holds an allocation at one host, over whatever transport gets there, and makes a new one whenever it dies.
func (r *reacher) keepRelay(servers []RelayServer) {
	pause := firstRetry
	for r.ctx.Err() == nil {
		o := r.allocate(servers)
		if o == nil {
			select {
			case <-time.After(pause):
			case <-r.ctx.Done():
			}
			pause = min(pause*3/2, longestRetry)
			continue
		}
		pause = firstRetry
		r.use(o)
		r.permitPeers(o)
		r.drop(o)
	}
}

// allocate races the transports of one host: UDP first, then TCP, then TLS.
func (r *reacher) allocate(servers []RelayServer) *relayOutlet {
	ctx, cancel := context.WithTimeout(r.ctx, allocateWithin)
	defer cancel()
	won := make(chan *relayOutlet)
	for _, s := range servers {
		r.running.Go(func() {
			var wait time.Duration
			switch s.Transport {
			case relay.TCP:
				wait = tcpHeadStart
			case relay.TLS:
				wait = 2 * tcpHeadStart
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
			o := &relayOutlet{}
			ready := make(chan struct{})
			alloc, err := relay.Allocate(ctx, relay.ClientConfig{
				Addr: s.Addr, Transport: s.Transport, TLS: s.TLS, Credentials: s.Credentials, DialTCP: r.cfg.DialTCP,
				Receive: func(p []byte, from netip.AddrPort) {
					<-ready
					r.sock.arrived(p, o, from)
				},
			})
			if err == nil {
				o.alloc = alloc
			}
			close(ready)
			if err != nil {
				return
			}
			select {
			case won <- o:
			case <-ctx.Done():
				alloc.Close()
			}
		})
	}
	select {
	case o := <-won:
		return o
	case <-ctx.Done():
		return nil
	}
}

// use makes a relayed address known to everybody.
func (r *reacher) use(o *relayOutlet) {
	r.mu.Lock()
	r.outlets = append(r.outlets, o)
	r.mu.Unlock()
	r.sock.eachWay(func(w *way) { w.pings.AddOutlet(o) })
	r.tell()
}

// drop forgets a relayed address.
func (r *reacher) drop(o *relayOutlet) {
	r.mu.Lock()
	r.outlets = slices.DeleteFunc(r.outlets, func(x *relayOutlet) bool { return x == o })
	r.mu.Unlock()
	r.sock.eachWay(func(w *way) { w.pings.RemoveOutlet(o) })
	o.alloc.Close()
	r.tell()
}

// permitPeers keeps asking the relay to let the peers' packets through, until the allocation dies. A relay that knows rooms
// refuses a peer that has not come yet.
func (r *reacher) permitPeers(o *relayOutlet) {
	permitted := make(map[netip.Addr]bool)
	tick := time.NewTicker(permitAgain)
	defer tick.Stop()
	for {
		r.mu.Lock()
		peers := slices.Clone(r.peers)
		r.mu.Unlock()
		for _, a := range peers {
			if !permitted[a] && o.alloc.Permit(a) == nil {
				permitted[a] = true
			}
			if r.ctx.Err() != nil {
				return
			}
		}
		select {
		case <-o.alloc.Done():
			return
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
	}
}
