//go:build linux

package e2e

import (
	"testing"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// onlyWeb lets a host speak to TCP port 443 and to nothing else.
const onlyWeb = `table inet web {
	chain output {
		type filter hook output priority 0;
		oif lo accept
		tcp dport 443 accept
		meta l4proto ipv6-icmp accept
		drop
	}
}
`

// TestOnlyTCP443 joins from a network where only TCP port 443 leaves: over TLS, and relayed over TURN in TLS.
func TestOnlyTCP443(t *testing.T) {
	l := newLab(t)
	narrow := l.Host(1, netns.Open)
	narrow.NFT(onlyWeb)
	other := l.Host(3, netns.Open)
	other.NFT(onlyWeb)
	for _, c := range []*cell{
		{Cell: netns.Cell{Name: "only TCP 443 x masq", X: narrow, Y: l.Host(2, netns.Masq), Want: 'R'}},
		{Cell: netns.Cell{Name: "only TCP 443 x only TCP 443", X: narrow, Y: other, Want: 'R'}},
	} {
		c.play(t, host(t, l, 443))
		c.judge(t)
	}
}

// TestIPv6 computes between a host that has IPv6 alone and one that has both. The embedded relay is of IPv4: the path is direct.
func TestIPv6(t *testing.T) {
	l := newLab(t)
	pre := hostBoth(t, l, 4433)
	both := l.V6(2)
	l.Inet.IP("addr", "add", "198.51.60.1/24", "dev", "a2")
	both.IP("addr", "add", "198.51.60.2/24", "dev", "eth0")
	both.IP("route", "add", "default", "via", "198.51.60.1")
	c := &cell{Cell: netns.Cell{Name: "IPv6 only x both", X: l.V6(1), Y: both, Want: 'D'}}
	c.play(t, pre)
	c.judge(t)
}
