package relay

import (
	"crypto/rand"
	"net"
	"net/netip"
	"time"
)

// readServer hands what the server sends to the library. Packets from anybody else are dropped, and a packet that the library
// cannot read is no reason to stop (its own loop does).
func (a *Allocation) readServer() {
	buf := make([]byte, 1<<16)
	udp := a.cfg.transport() == UDP
	for {
		n, from, err := a.conn.ReadFrom(buf)
		if err != nil {
			a.cancel(ErrDead)
			return
		}
		if udp && addrPort(from) != unmap(a.cfg.Addr) {
			continue
		}
		a.client.HandleInbound(buf[:n], from)
	}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

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
		if peer == a.addr && n == pingSize {
			select {
			case a.pongs <- [pingSize]byte(buf[:n]):
			default:
			}
			continue
		}
		a.cfg.Receive(buf[:n], peer)
	}
}

// write sends the queue. The library's first packet to a peer waits here for its permission.
func (a *Allocation) write() {
	for {
		select {
		case <-a.ctx.Done():
			return
		case p := <-a.queue:
			a.relayed.WriteTo(p.p, net.UDPAddrFromAddrPort(p.to)) // an error is a lost packet
		}
	}
}

// pingSize is the length of a ping to ourselves: a random value.
const pingSize = 16

// keep pings through the relay and renews permissions until the allocation ends.
func (a *Allocation) keep() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	renewed := time.Now()
	renew := make(chan struct{}, 1)
	misses := 0
	var sent [pingSize]byte
	for {
		rand.Read(sent[:])
		a.Send(sent[:], a.addr)
		if time.Since(renewed) > permitEvery {
			renewed = time.Now()
			select {
			case renew <- struct{}{}:
				a.wg.Go(func() { a.renew(); <-renew })
			default:
			}
		}
		answered := false
		for waiting := true; waiting; {
			select {
			case <-a.ctx.Done():
				return
			case got := <-a.pongs:
				answered = answered || got == sent
			case <-tick.C:
				waiting = false
			}
		}
		if answered {
			misses = 0
		} else if misses++; misses >= pingMisses {
			a.cancel(ErrDead)
			a.client.Close() // wakes a write that waits for the server
			return
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
	a.Permit(peers...)
}
