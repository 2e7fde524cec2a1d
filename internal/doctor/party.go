package doctor

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/relay"
)

// within bounds a whole examination.
const within = 20 * time.Second

// usualRelayPort is where `pre` has its relay unless told otherwise: what a ticket does not say is tried there.
const usualRelayPort = 3478

// A PartyConfig says whom a party may ask. Every field may be left out; who asks nobody learns little.
type PartyConfig struct {
	Listen      string      // our UDP socket, "host:port"; "" means ":0"
	STUN        []string    // STUN servers besides the coordinator, "host:port"
	Coordinator identity.ID // the key that the coordinator must prove
	Addrs       []string    // of the coordinator, "host:port"
	RelayURL    string      // the coordinator's relay, as `pre` prints it; "" looks for it at its usual port
	Relays      []Relay     // further ones
}

// A Relay is a TURN server, and how to open it.
type Relay struct {
	URL         relay.URL
	Credentials *relay.Credentials // nil: it is only asked whether it answers
}

// A party is one examination of a party's network.
type party struct {
	cfg    PartyConfig
	key    *identity.Key // made for this examination alone
	sock   *socket
	view   *view
	addrs  []netip.AddrPort // of the coordinator
	relays []target

	allocating sync.Mutex // one allocation at a time: relays bound how many a user has
}

// Party examines the network of a party. The error is that its socket could not be opened, or that relay URL is none.
func Party(ctx context.Context, cfg PartyConfig) (Report, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	p := &party{cfg: cfg}
	var err error
	if p.key, err = identity.Generate(); err != nil {
		return Report{}, err
	}
	if p.cfg.Listen == "" {
		p.cfg.Listen = ":0"
	}
	if p.sock, err = openSocket(p.cfg.Listen); err != nil {
		return Report{}, err
	}
	defer p.sock.close()
	var names resolver
	p.addrs = names.all(ctx, cfg.Addrs)
	if err := p.findRelays(ctx, &names); err != nil {
		return Report{}, err
	}
	servers := p.servers(names.all(ctx, cfg.STUN))
	p.view = watch(p.sock, servers, allLoopback(servers), !allLoopback(servers) || len(servers) == 0)
	defer p.view.gather.Close()

	checks := names.checks()
	checks = append(checks, natChecks(p.sock, p.view, servers, partyAsks)...)
	checks = append(checks, p.coordinatorChecks()...)
	checks = append(checks, p.relayChecks()...)
	checks = append(checks, p.filteringCheck(servers), buffersCheck(p.key))
	r := Report{Checks: Run(ctx, checks)}
	if err := ctx.Err(); err != nil && context.Cause(ctx) != context.DeadlineExceeded {
		return Report{}, context.Cause(ctx)
	}
	known := p.view.gather.Now()
	r.Candidates = addresses(known.Candidates)
	r.Verdict, r.Why = r.ofParty(known, p.cfg)
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// servers are all STUN servers: the coordinator's socket, UDP relays, and those given.
func (p *party) servers(given []netip.AddrPort) []netip.AddrPort {
	all := slices.Clone(p.addrs)
	for _, t := range p.relays {
		if t.transport == relay.UDP {
			all = append(all, t.addrs...)
		}
	}
	var unique []netip.AddrPort
	for _, a := range append(all, given...) {
		if !slices.Contains(unique, a) {
			unique = append(unique, a)
		}
	}
	return unique
}

func allLoopback(servers []netip.AddrPort) bool {
	return len(servers) > 0 && !slices.ContainsFunc(servers, func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() })
}

// findRelays lists the relays to check: the coordinator's own over UDP, TCP and TLS, as far as a ticket tells where it is, and those
// given.
func (p *party) findRelays(ctx context.Context, names *resolver) error {
	if len(p.addrs) > 0 {
		if err := p.findOwn(ctx, names); err != nil {
			return err
		}
	}
	for _, r := range p.cfg.Relays {
		t := target{name: r.URL.String(), transport: r.URL.Transport, credentials: r.Credentials, addrs: names.addrs(ctx, r.URL.HostPort())}
		if t.transport == relay.TLS {
			t.tls = webTLS(r.URL.Host)
		}
		p.relays = append(p.relays, t)
	}
	return nil
}

// findOwn lists the coordinator's own relay.
func (p *party) findOwn(ctx context.Context, names *resolver) error {
	secure := target{name: "of the coordinator", transport: relay.TLS, addrs: p.addrs, after: []string{codeTLS}, tls: p.pinned(), optional: true}
	if p.cfg.RelayURL == "none" {
		return nil
	}
	if p.cfg.RelayURL == "" {
		udp := target{name: "of the coordinator", transport: relay.UDP, optional: true}
		for _, a := range p.addrs {
			if at := netip.AddrPortFrom(a.Addr(), usualRelayPort); !slices.Contains(udp.addrs, at) {
				udp.addrs = append(udp.addrs, at)
			}
		}
		tcp := udp
		tcp.transport = relay.TCP
		p.relays = append(p.relays, udp, tcp, secure)
		return nil
	}
	u, err := relay.ParseURL(p.cfg.RelayURL)
	if err != nil {
		return err
	}
	addrs := names.addrs(ctx, net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port))))
	if u.Transport == relay.TLS {
		secure.name, secure.addrs, secure.optional = u.String(), addrs, false
		p.relays = append(p.relays, secure)
		return nil
	}
	for _, transport := range []relay.Transport{relay.UDP, relay.TCP} {
		u.Transport = transport
		p.relays = append(p.relays, target{name: u.String(), transport: transport, addrs: addrs})
	}
	p.relays = append(p.relays, secure)
	return nil
}
