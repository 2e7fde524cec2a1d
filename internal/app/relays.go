package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/relay"
)

// alpnTURN is the application protocol of TURN over TLS (RFC 7443).
const alpnTURN = "stun.turn"

// CheckRelayURL tells what is wrong with the URL of a TURN server.
func CheckRelayURL(url string) error {
	_, err := relay.ParseURL(url)
	return err
}

// relays are the servers that the coordinator offers us.
func (m *member) relays(ctx context.Context) (all []mesh.RelayServer) {
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	coordinator, _ := m.coordinator()
	for _, o := range m.client.Offers() {
		u, err := relay.ParseURL(o.URL)
		if err != nil {
			continue // a newer kind
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Host)
		if err != nil {
			continue
		}
		for _, ip := range ips {
			s := mesh.RelayServer{
				Addr: netip.AddrPortFrom(ip.Unmap(), u.Port), Transport: u.Transport,
				Credentials: relay.Credentials{Username: o.Username, Password: o.Password}, Expires: o.Expires,
			}
			if u.Transport == relay.TLS {
				s.TLS = relayTLS(coordinator, u.Host, nil)
			}
			all = append(all, s)
		}
	}
	return oneFamily(all, hasRoute)
}

// relayTLS accepts the coordinator's key, which its own relay shows, or a certificate of the host that one of roots signed (nil: whom this
// machine trusts), as other relays show. A relay sees sealed packets alone, and need not know who we are.
func relayTLS(coordinator identity.ID, host string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{alpnTURN}, ServerName: host, SessionTicketsDisabled: true,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(cs tls.ConnectionState) error {
			id, err := identity.PeerID(cs)
			if err == nil {
				if err = identity.Exactly(coordinator)(id); err == nil {
					return nil
				}
			}
			if len(cs.PeerCertificates) == 0 {
				return errors.New("the relay shows no certificate")
			}
			between := x509.NewCertPool()
			for _, c := range cs.PeerCertificates[1:] {
				between.AddCert(c)
			}
			if _, web := cs.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between}); web != nil {
				return fmt.Errorf("neither the coordinator's key (%w) nor a certificate that this machine trusts: %w", err, web)
			}
			return nil
		},
	}
}

// A family is the addresses of one kind of a relay, which is known by its credentials.
type family struct {
	relay relay.Credentials
	is4   bool
}

// oneFamily leaves one family of each relay: IPv4 if we have it, since that is what relayed addresses are of, so that the relay knows
// the address that our other packets to it come from.
func oneFamily(servers []mesh.RelayServer, hasRoute func(netip.AddrPort) bool) []mesh.RelayServer {
	of := func(s mesh.RelayServer) family { return family{s.Credentials, s.Addr.Addr().Is4()} }
	has := make(map[family]bool)
	for _, s := range servers {
		has[of(s)] = has[of(s)] || hasRoute(s.Addr)
	}
	return slices.DeleteFunc(servers, func(s mesh.RelayServer) bool {
		f := of(s)
		return has[family{f.relay, !f.is4}] && !(f.is4 && has[f])
	})
}

// hasRoute tells whether packets to an address would leave this machine. Nothing is sent.
func hasRoute(to netip.AddrPort) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return false
	}
	c.Close()
	return true
}
