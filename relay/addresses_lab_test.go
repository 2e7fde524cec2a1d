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

// serveIn runs a relay on the server of a lab, on one wildcard socket.
func serveIn(t *testing.T, l *netns.Lab, addr string) {
	t.Helper()
	listen := func(at string) (c *net.UDPConn, err error) {
		err = l.Server.Do(func() (err error) { c, err = net.ListenUDP("udp", udp(at)); return err })
		return c, err
	}
	b := newBook(Config{Secret: secret, Addr: netip.MustParseAddr(addr)})
	b.listen = func() (*net.UDPConn, error) { return listen(netip.AddrPortFrom(b.cfg.Addr, 0).String()) }
	sock, err := listen("[::]:3478")
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.serve([]*net.UDPConn{sock}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
}

// A place is a host and the address at which it asks the relay.
type place struct {
	from   *netns.Host
	server string
}

// talk allocates at every place and relays between all of them. A client takes no packet that comes from another address than the
// one it asked.
func talk(t *testing.T, places ...place) {
	t.Helper()
	var all []*Allocation
	var in []inbox
	for i, p := range places {
		in = append(in, make(inbox, 8))
		cfg := clientOf(t, p.server, "", "r", string(rune('a'+i)), in[i])
		cfg.Dial = func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
			err = p.from.Do(func() (err error) { conn, err = new(net.Dialer).DialContext(ctx, network, addr); return err })
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

// TestEveryAddressRelays allocates at every address of a machine with two of each family.
func TestEveryAddressRelays(t *testing.T) {
	l := netns.New(t)
	serveIn(t, l, netns.ServerAddrs[0])
	v4, v6 := l.Host(1, netns.Open), l.V6(2)
	talk(t, place{v4, "203.0.113.1:3478"}, place{v4, "203.0.113.2:3478"}, place{v6, "[2001:db8:fff::1]:3478"}, place{v6, "[2001:db8:fff::2]:3478"})
}

// TestRelaysIPv6 has a relay without IPv4.
func TestRelaysIPv6(t *testing.T) {
	l := netns.New(t)
	serveIn(t, l, "2001:db8:fff::1")
	talk(t, place{l.V6(1), "[2001:db8:fff::1]:3478"}, place{l.V6(2), "[2001:db8:fff::2]:3478"})
}
