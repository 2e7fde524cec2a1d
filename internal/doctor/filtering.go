package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

// codeFiltering is the class of RFC 4787 section 5, for IPv4: relays hand out no others.
const codeFiltering = "filtering-ipv4"

// Limits on the stranger: a relayed address of ours, from which packets come that our socket did not ask for.
const (
	strangeWait = 400 * time.Millisecond // for one packet from the relay
	strangeSend = 2                      // packets, as one may be lost
)

// filteringCheck finds out whose packets a NAT or firewall lets in. It takes somebody who sends unasked: a relay that we have
// credentials for, and, to tell the weaker classes apart, a STUN server elsewhere. A filter that goes by address for the whole
// machine counts as endpoint-independent: other sockets of ours have written to the relay.
func (p *party) filteringCheck(servers []netip.AddrPort) Check {
	i := slices.IndexFunc(p.relays, func(t target) bool { return t.credentials != nil && len(t.addrs) > 0 && t.addrs[0].Addr().Is4() })
	if i < 0 {
		return Check{Code: codeFiltering, After: []string{codeUDP}, Run: func(context.Context) Result {
			return Result{Status: Unknown, Detail: "not tested: it takes a relay that sends to us unasked", Hint: "name one that we may use: --turn URL --turn-credentials-file FILE"}
		}}
	}
	t := p.relays[i]
	return Check{Code: codeFiltering, After: []string{codeUDP, t.code()}, Run: func(ctx context.Context) Result {
		r, err := p.filtering(ctx, t, servers)
		if err != nil {
			return Result{Status: Unknown, Detail: "not tested: " + err.Error()}
		}
		return r
	}}
}

func (p *party) filtering(ctx context.Context, t target, servers []netip.AddrPort) (Result, error) {
	p.allocating.Lock()
	defer p.allocating.Unlock()
	ctx, cancel := context.WithTimeout(ctx, relayWithin)
	defer cancel()
	arrived := make(chan netip.AddrPort, 1) // where a packet of ours came from, as the relay saw it
	alloc, err := relay.Allocate(ctx, t.config(t.addrs[0], func(_ []byte, from netip.AddrPort) {
		select {
		case arrived <- from:
		default:
		}
	}))
	if err != nil {
		return Result{}, err
	}
	defer alloc.Close()
	s, err := openSocket(p.cfg.fresh()) // one that has not written to the relay's address
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	from := alloc.Relayed()
	elsewhere := slices.IndexFunc(servers, func(a netip.AddrPort) bool {
		return a.Addr().Is4() && a.Addr() != from.Addr() && a.Addr() != t.addrs[0].Addr()
	})
	if elsewhere >= 0 {
		if in, err := lets(ctx, s, servers[elsewhere], alloc); err == nil && in {
			return Result{Status: OK, Detail: "endpoint-independent filtering", Gloss: "whoever knows our address reaches us"}, nil
		}
	}
	// The same address, another port: the STUN server of the relay's machine, if there is one.
	same := slices.IndexFunc(servers, func(a netip.AddrPort) bool { return a.Addr() == from.Addr() })
	if same < 0 {
		return Result{}, fmt.Errorf("no STUN server answers at the relayed address %v", from.Addr())
	}
	in, err := lets(ctx, s, servers[same], alloc)
	switch {
	case err != nil:
		return Result{}, err
	case in && elsewhere >= 0:
		return Result{Status: OK, Detail: "address-dependent filtering", Gloss: "a peer reaches us from any port once we have written to its address"}, nil
	case in:
		return Result{Status: OK, Detail: "filtering by address at most, not by port", Gloss: "a peer reaches us from any port once we have written to its address"}, nil
	}
	// The strictest class is what silence means, if the relay sends to us at all: it must once we have written to it.
	s.conn.WriteToUDPAddrPort(newToken(), from)
	select {
	case seen := <-arrived:
		if in, err = delivers(ctx, s, seen, alloc); err != nil {
			return Result{}, err
		}
	case <-time.After(strangeWait):
		in = false
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
	if !in {
		return Result{}, fmt.Errorf("relay %v does not carry packets between its address %v and us", t.addrs[0], from)
	}
	return Result{Status: OK, Detail: "address and port-dependent filtering", Gloss: "a peer reaches us from exactly where we wrote to: both have to send at the same time, which parties do"}, nil
}

// fresh is where further sockets are opened: the same address, another port.
func (c PartyConfig) fresh() string {
	a, err := netip.ParseAddrPort(c.Listen)
	if err != nil {
		return ":0"
	}
	return netip.AddrPortFrom(a.Addr(), 0).String()
}

// lets writes to a STUN server and tells whether a packet of the stranger then comes in at the address that the server saw.
func lets(ctx context.Context, s *socket, server netip.AddrPort, stranger *relay.Allocation) (bool, error) {
	mapped, err := s.stun.Query(ctx, server)
	if err != nil {
		return false, err
	}
	if len(natpunch.Usable([]netip.AddrPort{mapped})) == 0 {
		return false, fmt.Errorf("the server sees us as %v", mapped)
	}
	if err := stranger.Permit(mapped.Addr()); err != nil {
		return false, err
	}
	return delivers(ctx, s, mapped, stranger)
}

// delivers tells whether a packet that the stranger sends to our address comes in.
func delivers(ctx context.Context, s *socket, to netip.AddrPort, stranger *relay.Allocation) (bool, error) {
	token := newToken()
	for range strangeSend {
		stranger.Send(token, to)
		wait := time.NewTimer(strangeWait)
		for open := true; open; {
			select {
			case p := <-s.heard:
				if bytes.Equal(p, token) {
					wait.Stop()
					return true, nil
				}
			case <-wait.C:
				open = false
			case <-ctx.Done():
				wait.Stop()
				return false, context.Cause(ctx)
			}
		}
	}
	return false, nil
}

// newToken is a packet that nobody can guess, neither STUN nor QUIC by its first byte.
func newToken() []byte {
	token := make([]byte, 24)
	rand.Read(token[1:])
	token[0] = 0x3f
	return token
}
