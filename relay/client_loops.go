package relay

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// mostReadErrors is how many errors in a row of a UDP socket are those of the network, which may pass.
const mostReadErrors = 64

// readServer hands what the server sends to the library. A packet that the library cannot read is no reason to stop (its own
// loop does).
func (a *Allocation) readServer() {
	buf := make([]byte, 1<<16)
	for errs := 0; ; {
		n, from, err := a.conn.ReadFrom(buf)
		switch {
		case err == nil:
			errs = 0
			a.client.HandleInbound(buf[:n], from)
		case a.cfg.transport() != UDP || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNREFUSED) || errs >= mostReadErrors:
			a.die(ErrDead)
			return
		default:
			errs++
		}
	}
}

// readPeers delivers what peers sent to the relayed address, and our own pings.
func (a *Allocation) readPeers() {
	buf := make([]byte, maxPacket)
	for {
		n, from, err := a.relayed.ReadFrom(buf)
		if err != nil {
			if a.ctx.Err() != nil {
				return
			}
			continue // a packet larger than any of ours
		}
		peer := addrPort(from)
		if peer == a.addr && a.pulse.take(buf[:n], time.Now()) {
			continue
		}
		a.traffic.Add(1)
		a.cfg.Receive(buf[:n], peer)
	}
}

// An opening is a peer's address to which the library has not sent yet: it asks for a permission before the first packet, and
// holds up the sender so long.
type opening struct {
	waiting []packet
	done    bool
}

// Bounds of openings.
const (
	mostOpenings = 64 // under way
	mostWaiting  = 16 // packets of one
)

// write sends the queue.
func (a *Allocation) write() {
	type opened struct {
		ip  netip.Addr
		err error
	}
	to := make(map[netip.Addr]*opening)
	results := make(chan opened)
	pending := 0
	for {
		select {
		case <-a.ctx.Done():
			return
		case r := <-results:
			pending--
			o := to[r.ip]
			if r.err != nil {
				delete(to, r.ip) // the next packet tries again
				continue
			}
			o.done = true
			for _, p := range o.waiting {
				a.put(p)
			}
			o.waiting = nil
		case p := <-a.queue:
			ip := p.to.Addr()
			o := to[ip]
			switch {
			case time.Since(p.at) > queueFor && p.to != a.addr:
			case o == nil && pending < mostOpenings:
				to[ip] = &opening{}
				pending++
				a.wg.Go(func() {
					r := opened{ip, a.put(p)}
					select {
					case results <- r:
					case <-a.ctx.Done():
					}
				})
			case o == nil:
			case o.done:
				a.put(p)
			case len(o.waiting) < mostWaiting:
				o.waiting = append(o.waiting, p)
			}
		}
	}
}

// put sends one packet. But for the first to a peer an error is a lost packet.
func (a *Allocation) put(p packet) error {
	_, err := a.relayed.WriteTo(p.p, net.UDPAddrFromAddrPort(p.to))
	return err
}

// keep pings through the relay and renews permissions until the allocation ends.
func (a *Allocation) keep() {
	tick := time.NewTicker(pulseAgain)
	defer tick.Stop()
	renewed := time.Now()
	renew := make(chan struct{}, 1)
	var passed int64
	doubted := false
	for {
		now := time.Now()
		if traffic := a.traffic.Load(); a.pulse.due(now, traffic != passed) {
			passed = traffic
			a.enqueue(a.pulse.ping(now), a.addr)
		}
		doubt, dead := a.pulse.state(now)
		if dead {
			a.die(ErrDead)
			return
		}
		if doubt != doubted {
			doubted = doubt
			select {
			case <-a.doubts: // the latest counts
			default:
			}
			a.doubts <- doubt
		}
		if now.Sub(renewed) > permitEvery {
			renewed = now
			select {
			case renew <- struct{}{}:
				a.wg.Go(func() { a.renew(); <-renew })
			default:
			}
		}
		select {
		case <-a.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// renew asks for every permission again.
func (a *Allocation) renew() {
	a.mu.Lock()
	var peers []netip.Addr
	for ip := range a.peers {
		peers = append(peers, ip)
	}
	a.mu.Unlock()
	_ = a.Permit(peers...) // what it refuses now is lost, as it would be anyway
}
