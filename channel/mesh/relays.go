package mesh

import (
	"context"
	"crypto/tls"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/relay"
)

// Bounds of our use of relays.
const (
	mostRelays    = 3 // hosts at which we hold an address at once: the coordinator's with IPv4 and IPv6, and one for when it dies
	mostHosts     = 6 // likewise, with those that are offered no longer
	mostPermitted = 512
	firstRetry    = 100 * time.Millisecond
	longestRetry  = 700 * time.Millisecond
	seldomAfter   = 10                     // tries at a host at which none went well
	seldomRetry   = 5 * time.Second        // from then on
	permitAgain   = 250 * time.Millisecond // first; growing
	permitSeldom  = 15 * time.Second
)

// A RelayServer is a TURN server that we may use.
type RelayServer struct {
	Addr        netip.AddrPort
	Transport   relay.Transport
	Credentials relay.Credentials
	Expires     time.Time   // of the credentials; zero if they do not
	TLS         *tls.Config // for relay.TLS
}

// UseRelays replaces the relays that we may use, best first, after Reach: with renewed credentials, or at other ports. Relayed
// addresses that are in use stay so as long as they live.
func (s *Socket) UseRelays(servers []RelayServer) {
	s.reachMu.Lock()
	r := s.reach
	s.reachMu.Unlock()
	if r != nil {
		r.useRelays(servers)
	}
}

// useRelays sees that there is a keeper for each of the first hosts.
func (r *reacher) useRelays(servers []RelayServer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return
	}
	r.servers = slices.Clone(servers)
	var hosts []netip.Addr
	for _, s := range servers {
		if a := s.Addr.Addr(); !slices.Contains(hosts, a) && len(hosts) < mostRelays {
			hosts = append(hosts, a)
		}
	}
	for _, k := range r.keepers {
		k.news()
	}
	for _, host := range hosts {
		known := slices.ContainsFunc(r.keepers, func(k *keeper) bool { return k.host == host })
		if !known && len(r.keepers) < mostHosts {
			k := newKeeper(r, host)
			r.keepers = append(r.keepers, k)
			r.running.Go(k.run)
		}
	}
}

// serversAt are the servers that we may use now at one host.
func (r *reacher) serversAt(host netip.Addr) []RelayServer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.servers), func(s RelayServer) bool { return s.Addr.Addr() != host })
}

// atRelay tells whether one of our relays is at an address.
func (r *reacher) atRelay(a netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.keepers, func(k *keeper) bool { return k.host == a.Unmap() }) ||
		slices.ContainsFunc(r.servers, func(s RelayServer) bool { return s.Addr.Addr() == a.Unmap() })
}

// A relayOutlet is one of our relayed addresses as pings see it. Its keeper closes it.
type relayOutlet struct {
	alloc  *relay.Allocation
	server RelayServer
}

func (o *relayOutlet) Send(p []byte, to netip.AddrPort) { o.alloc.Send(p, to) }

// Close does nothing: the allocation belongs to the keeper.
func (o *relayOutlet) Close() error { return nil }

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

// permit lets packets from addresses of peers through our relays; of too many, the latest. came says that a peer is at relays where it
// was not before: what they refused may pass now.
func (r *reacher) permit(addrs []netip.Addr, came bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range addrs {
		if !slices.Contains(r.peers, a) {
			if len(r.peers) >= mostPermitted {
				r.peers = r.peers[1:]
			}
			r.peers = append(r.peers, a)
			came = true
		}
	}
	if came {
		close(r.asked)
		r.asked = make(chan struct{})
	}
}

// permitPeers keeps asking the relay to let the peers' packets through, until the allocation dies. A relay that knows rooms
// refuses a peer that has not come yet. One with a public address most likely refuses private ones for good: those it is asked for
// seldom.
func (r *reacher) permitPeers(ctx context.Context, o *relayOutlet) {
	at := o.alloc.Relayed().Addr()
	local := at.IsPrivate() || at.IsLoopback()
	pause := permitAgain
	for all := false; ; {
		r.mu.Lock()
		asked := r.asked
		missing := slices.DeleteFunc(slices.Clone(r.peers), o.alloc.Permitted)
		r.mu.Unlock()
		var again <-chan time.Time
		if len(missing) > 0 {
			now := slices.DeleteFunc(missing, func(a netip.Addr) bool { return !all && !relay.Reachable(a, local) })
			_ = o.alloc.Permit(now...) // what it refuses is missing the next time
			again = time.After(pause)
			pause = min(2*pause, permitSeldom)
		}
		select {
		case <-asked:
			pause, all = permitAgain, false
		case <-again:
			all = true
		case <-o.alloc.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}
