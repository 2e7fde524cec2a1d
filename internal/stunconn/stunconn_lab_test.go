//go:build linux

package stunconn

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/natlab/netns"
	"github.com/tacit-mpc/tacit/natpunch"
)

// TestEveryAddressAnswers asks a wildcard socket of a machine with two addresses of each family, of which the routing table prefers
// one: the answer comes from the address that was asked, and QUIC works beside it.
func TestEveryAddressAnswers(t *testing.T) {
	l := netns.New(t)
	var server *net.UDPConn
	listen := func(ns *netns.NS, at string) (c *net.UDPConn) {
		t.Helper()
		if err := ns.Do(func() (err error) {
			c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	server = listen(l.Server, "[::]:4433")
	key, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	transport := &quic.Transport{Conn: New(server)}
	ln, err := transport.Listen(key.ServerTLS("test", func(identity.ID) error { return nil }), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close(); transport.Close(); server.Close() })

	for _, c := range []struct {
		from   *netns.Host
		bind   string
		server []string
	}{
		{l.Host(1, netns.Open), "0.0.0.0:0", []string{"203.0.113.1:4433", "203.0.113.2:4433"}},
		{l.V6(2), "[::]:0", []string{"[2001:db8:fff::1]:4433", "[2001:db8:fff::2]:4433"}},
	} {
		client := listen(c.from.NS, c.bind)
		stun := natpunch.NewSTUN(func(p []byte, to netip.AddrPort) { client.WriteToUDPAddrPort(p, to) })
		var reading sync.WaitGroup
		reading.Go(func() {
			buf := make([]byte, 1500)
			for {
				n, from, err := client.ReadFromUDPAddrPort(buf)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				stun.Handle(buf[:n], from) // takes answers of the address that was asked alone
			}
		})
		for _, s := range c.server {
			seen, err := stun.Query(t.Context(), netip.MustParseAddrPort(s))
			if err != nil || seen.Addr() != netip.MustParseAddr(c.from.Addr) {
				t.Errorf("%s sees us at %v, %v; want %s", s, seen, err, c.from.Addr)
			}
		}
		client.Close()
		reading.Wait()

		dialer := &quic.Transport{Conn: listen(c.from.NS, c.bind)}
		for _, s := range c.server {
			conn, err := dialer.Dial(t.Context(), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(s)), key.ClientTLS("test", identity.Exactly(key.ID())), nil)
			if err != nil {
				t.Errorf("QUIC to %s: %v", s, err)
				continue
			}
			conn.CloseWithError(0, "")
		}
		dialer.Close()
		dialer.Conn.Close()
	}
}
