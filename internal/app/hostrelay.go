package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

// RelayConfig is the relay inside the coordinator's program, and further ones.
type RelayConfig struct {
	Off      bool   // no embedded relay
	Listen   string // UDP and TCP address of the embedded relay, "host:port"
	Private  bool   // it may reach private and loopback addresses of the parties; by itself if every advertised address is such
	External []ExternalRelay
}

// An ExternalRelay is a TURN server, such as coturn, that shares a secret with us (use-auth-secret).
type ExternalRelay struct {
	URL    string
	Secret []byte
}

// credentialsFor is how long the credentials of a party live: longer than any session.
const credentialsFor = 24 * time.Hour

// A hostRelay is the embedded relay of a host, which outlives sessions.
type hostRelay struct {
	server *relay.Server
	secret []byte
	hosts  []netip.Addr // where parties reach it: one address of each family
	port   uint16
	tls    int // port of TURN over TLS; 0 if there is none
}

// openRelay starts the embedded relay. It relays over IPv4 if it has such an address, whatever parties reach it by: so those that have IPv6
// alone meet those that have IPv4 alone.
func (h *host) openRelay(port *coord.Port) error {
	if h.cfg.Relay.Off {
		return nil
	}
	var hosts []netip.Addr
	for _, family := range []string{"ip4", "ip6"} {
		if a, ok := relayAddr(h.addrs, family); ok {
			hosts = append(hosts, a)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	listen := h.cfg.Relay.Listen
	socket, tcp, err := listenBoth(listen)
	if err != nil {
		return relayFailed(listen, err)
	}
	bound := socket.LocalAddr().(*net.UDPAddr)
	derived := h.cfg.Key.Derive("relay credentials") // so that those of a session outlive a restart
	secret := derived[:]
	listeners := []net.Listener{tcp}
	r := &hostRelay{secret: secret, hosts: hosts, port: uint16(bound.Port)}
	if port != nil {
		listeners = append(listeners, port.Listener(alpnTURN))
		r.tls = port.Addr().(*net.TCPAddr).Port
	}
	cfg := relay.Config{Secret: secret, Addr: hosts[0], Local: h.cfg.Relay.Private || allPrivate(h.addrs), Open: h.isOpen}
	if !isOurs(cfg.Addr) { // a router maps the address to this machine
		cfg.Bind = netip.IPv6Unspecified()
		if cfg.Addr.Is4() {
			cfg.Bind = netip.IPv4Unspecified()
		}
	}
	if r.server, err = relay.Serve(cfg, []*net.UDPConn{socket}, listeners); err != nil {
		return errors.Join(explain("starting the relay", err), socket.Close(), tcp.Close())
	}
	h.relay = r
	return nil
}

func relayFailed(addr string, err error) error {
	e := listenFailed(addr, err)
	if known := (*Error)(nil); errors.As(e, &known) && known.Reason == PortInUse {
		known.Hint = "choose another port for the relay, or let the system choose one: --relay-listen :0; or do without: --relay=false"
	}
	return e
}

// relayAddr is the coordinator's first address of a family, "ip4" or "ip6".
func relayAddr(addrs []string, family string) (netip.Addr, bool) {
	for _, hp := range addrs {
		if a, err := netip.ParseAddrPort(hp); err == nil && a.Addr().Unmap().Is4() == (family == "ip4") && a.Addr().Zone() == "" {
			return a.Addr().Unmap(), true
		}
	}
	for _, hp := range addrs {
		host, _, err := net.SplitHostPort(hp)
		if _, literal := netip.ParseAddr(host); err != nil || literal == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), resolveWithin)
		ips, err := net.DefaultResolver.LookupNetIP(ctx, family, host)
		cancel()
		if err == nil && len(ips) > 0 {
			return ips[0].Unmap(), true
		}
	}
	return netip.Addr{}, false
}

// allPrivate tells whether nobody outside a private network is meant to come.
func allPrivate(addrs []string) bool {
	return !slices.ContainsFunc(addrs, func(hp string) bool {
		a, err := netip.ParseAddrPort(hp)
		return err != nil || !a.Addr().IsPrivate() && !a.Addr().IsLoopback()
	})
}

func isOurs(addr netip.Addr) bool {
	hosts, err := natpunch.Hosts(netip.AddrPortFrom(netip.IPv6Unspecified(), 1), true)
	return err == nil && slices.ContainsFunc(hosts, func(a netip.AddrPort) bool { return a.Addr() == addr })
}

// isOpen tells the relay whether a room is the session of now.
func (h *host) isOpen(room string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return room == h.room
}

func (h *host) setRoom(room string) {
	h.mu.Lock()
	h.room = room
	h.mu.Unlock()
}

// url is the address of the embedded relay, empty if there is none.
func (r *hostRelay) url() string {
	if r == nil {
		return ""
	}
	return r.urls()[0]
}

// urls are the ways to it, over UDP, TCP and TLS for each host.
func (r *hostRelay) urls() (all []string) {
	for _, host := range r.hosts {
		turn := "turn:" + netip.AddrPortFrom(host, r.port).String()
		all = append(all, turn, turn+"?transport=tcp")
		if r.tls != 0 {
			all = append(all, "turns:"+netip.AddrPortFrom(host, uint16(r.tls)).String())
		}
	}
	return all
}

// offers mints what one party may use. What has the same credentials is taken for one relay.
func (h *host) offers(session coord.SessionID, seat int) (all []coord.RelayOffer) {
	user := relay.User{Room: session.String(), Node: fmt.Sprintf("p%d", seat), Ends: time.Now().Add(credentialsFor)}
	offer := func(secret []byte, urls ...string) {
		c, err := relay.Mint(secret, user)
		if err != nil {
			return // the names are ours: they fit
		}
		for _, u := range urls {
			all = append(all, coord.RelayOffer{URL: u, Username: c.Username, Password: c.Password, Expires: user.Ends})
		}
	}
	if r := h.relay; r != nil {
		offer(r.secret, r.urls()...)
	}
	for _, e := range h.cfg.Relay.External {
		offer(e.Secret, e.URL)
	}
	return all
}

// stunPorts are the STUN servers beside the coordinator's own socket.
func (h *host) stunPorts() []string {
	if h.relay == nil {
		return nil
	}
	return []string{fmt.Sprintf(":%d", h.relay.port)}
}
