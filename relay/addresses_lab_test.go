//go:build linux

package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// TestEveryAddressRelays allocates at every address of a machine with two of each family, through one wildcard socket, and relays
// between all of them. A client drops what comes from another address than the one it asked.
func TestEveryAddressRelays(t *testing.T) {
	l := netns.New(t)
	listen := func(at string) (c *net.UDPConn, err error) {
		err = l.Server.Do(func() (err error) { c, err = net.ListenUDP("udp", udp(at)); return err })
		return c, err
	}
	b := newBook(Config{Secret: secret, Addr: netip.MustParseAddr(netns.ServerAddrs[0])})
	b.listen = func() (*net.UDPConn, error) { return listen("0.0.0.0:0") }
	sock, err := listen("[::]:3478")
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.serve([]*net.UDPConn{sock}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	v4, v6 := l.Host(1, netns.Open), l.V6(2)
	var all []*Allocation
	var in []inbox
	for i, c := range []struct {
		from   *netns.Host
		server string
	}{
		{v4, "203.0.113.1:3478"}, {v4, "203.0.113.2:3478"}, {v6, "[2001:db8:fff::1]:3478"}, {v6, "[2001:db8:fff::2]:3478"},
	} {
		in = append(in, make(inbox, 8))
		cfg := clientOf(t, c.server, "", "r", string(rune('a'+i)), in[i])
		cfg.Dial = func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
			err = c.from.Do(func() (err error) { conn, err = new(net.Dialer).DialContext(ctx, network, addr); return err })
			return conn, err
		}
		all = append(all, mustAllocate(t, cfg))
	}
	for i, a := range all {
		for j, b := range all {
			if i == j {
				continue
			}
			if err := errors.Join(a.Permit(b.Relayed().Addr()), b.Permit(a.Relayed().Addr())); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"by indication", "by channel", "and again"} {
				a.Send([]byte(text), b.Relayed())
				in[j].expect(t, text)
			}
		}
	}
}
