//go:build linux

package e2e

import (
	"strconv"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// mtuFaults shrink what paths pass, mostly under a computation that has found larger packets to pass.
var mtuFaults = []fault{
	{name: "MTU 1280", kinds: both(netns.Firewall), early: true, aim: time.Second, want: "direct", do: func(f *field) {
		f.x.IP("link", "set", "dev", "eth0", "mtu", "1280")
		f.lab.Inet.IP("link", "set", "dev", "a1", "mtu", "1280")
	}},
	{name: "MTU black hole from the start", kinds: both(netns.Firewall), early: true, aim: time.Second, want: "direct", do: func(f *field) {
		f.silence()
		f.narrowParties(1300)
	}},
	{name: "MTU black hole", kinds: both(netns.Firewall), aim: 2 * time.Second, short: true, want: "direct", do: func(f *field) {
		f.silence()
		f.narrowParties(1300)
	}},
	{name: "MTU black hole of one direction", kinds: both(netns.Masq), aim: 2 * time.Second, want: "direct", do: func(f *field) {
		f.silence()
		f.narrow(f.x.Public, "a1", 1000)
	}},
	{name: "MTU shrinks at a router that says so", kinds: both(netns.Firewall), aim: 2 * time.Second, want: "direct", do: func(f *field) {
		f.narrowParties(1300)
	}},
	{name: "MTU of an interface shrinks", kinds: both(netns.Firewall), aim: 2 * time.Second, want: "direct", do: func(f *field) {
		f.x.IP("link", "set", "dev", "eth0", "mtu", "1280")
	}},
	{name: "MTU black hole, IPv6", v6: true, aim: 2 * time.Second, want: "direct", do: func(f *field) {
		f.silence()
		f.narrowParties(1300)
	}},
	{name: "MTU of an interface shrinks, IPv6", v6: true, aim: 2 * time.Second, want: "direct", do: func(f *field) {
		f.x.IP("link", "set", "dev", "eth0", "mtu", "1280")
	}},
	{name: "MTU black hole, relayed pair", kinds: both(netns.Symmetric), aim: 2 * time.Second, want: "relay", do: func(f *field) {
		f.silence()
		f.narrowParties(1300)
	}},
	{name: "direct path cut, narrow path to the relay", kinds: both(netns.Masq), aim: 1500 * time.Millisecond, want: "relay", do: func(f *field) {
		f.silence()
		for _, a := range netns.ServerAddrs {
			f.narrow(a, "srv", 1300)
		}
		cut(f)
	}},
}

// narrow lets packets of some size pass to an address and none that are larger, which routers tell the sender.
func (f *field) narrow(addr, dev string, mtu int) {
	f.lab.Inet.IP("route", "replace", addr, "dev", dev, "mtu", "lock", strconv.Itoa(mtu))
}

func (f *field) narrowParties(mtu int) {
	f.narrow(f.x.Public, "a1", mtu)
	f.narrow(f.y.Public, "a2", mtu)
}

// silence keeps routers from telling that a packet was too large.
func (f *field) silence() {
	f.lab.Inet.NFT("table inet silence {\n\tchain output {\n\t\ttype filter hook output priority 0;\n" +
		"\t\ticmp type destination-unreachable icmp code frag-needed drop\n\t\ticmpv6 type packet-too-big drop\n\t}\n}\n")
}
