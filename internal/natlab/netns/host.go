//go:build linux

package netns

import "fmt"

// A Host is an end system and its way to the internet.
type Host struct {
	*NS
	Kind   Kind
	Router *NS    // nil for Open and Firewall
	Addr   string // the host's own IPv4 address
	Public string // the IPv4 address the internet sees
}

// access gives each access network of a lab its number, 1 to 200.
func (l *Lab) access(i int) (gateway, address string) {
	return fmt.Sprintf("198.51.%d.1", 50+i), fmt.Sprintf("198.51.%d.2", 50+i)
}

// Host puts a host of the kind on access network i (1 to 200, each used once in a lab).
func (l *Lab) Host(i int, k Kind) *Host {
	l.tb.Helper()
	if k == Open || k == Firewall {
		return l.public(i, k)
	}
	r := l.Router(i)
	h := l.Behind(r, 10)
	h.Kind = k
	r.NAT(k, h.Addr)
	return h
}

func (l *Lab) public(i int, k Kind) *Host {
	l.tb.Helper()
	gw, addr := l.access(i)
	h := l.Namespace(fmt.Sprintf("h%d", i))
	up := fmt.Sprintf("a%d", i)
	l.Veth(l.Inet, up, h, "eth0")
	l.Inet.IP("addr", "add", gw+"/24", "dev", up)
	h.IP("addr", "add", addr+"/24", "dev", "eth0")
	h.IP("route", "add", "default", "via", gw)
	if k == Firewall {
		h.NFT(hostFirewall)
	}
	return &Host{NS: h, Kind: k, Addr: addr, Public: addr}
}

// V6 puts a host with IPv6 alone, behind a stateful firewall, on access network i.
func (l *Lab) V6(i int) *Host {
	l.tb.Helper()
	h := l.Namespace(fmt.Sprintf("h%d", i))
	up := fmt.Sprintf("a%d", i)
	l.Veth(l.Inet, up, h, "eth0")
	l.Inet.IP("addr", "add", fmt.Sprintf("2001:db8:%d::1/64", i), "dev", up, "nodad")
	addr := fmt.Sprintf("2001:db8:%d::2", i)
	h.IP("addr", "add", addr+"/64", "dev", "eth0", "nodad")
	h.IP("route", "add", "default", "via", fmt.Sprintf("2001:db8:%d::1", i))
	h.NFT(hostFirewall)
	return &Host{NS: h, Kind: Firewall, Addr: addr, Public: addr}
}

// A Router is a home or carrier router with a lan bridge; its NAT rules are loaded with NFT.
type Router struct {
	*NS
	WAN   string // its outer IPv4 address
	lan   string // its inner network, three octets
	apart bool   // hosts of the lan hear the router alone
}

// Router puts a router without rules on access network i.
func (l *Lab) Router(i int) *Router {
	l.tb.Helper()
	gw, addr := l.access(i)
	up := fmt.Sprintf("a%d", i)
	r := l.router(fmt.Sprintf("n%d", i), addr, gw, fmt.Sprintf("192.168.%d", i), func(r *NS) { l.Veth(l.Inet, up, r, "wan") })
	l.Inet.IP("addr", "add", gw+"/24", "dev", up)
	return r
}

// Carrier puts a carrier's router on access network i: its lan is the shared address space of RFC 6598.
func (l *Lab) Carrier(i int) *Router {
	l.tb.Helper()
	r := l.Router(i)
	r.IP("addr", "flush", "dev", "lan")
	r.lan = fmt.Sprintf("100.64.%d", i)
	r.IP("addr", "add", r.lan+".1/24", "dev", "lan")
	return r
}

// Home puts a home router with the last octet given behind a carrier's router.
func (l *Lab) Home(carrier *Router, octet int) *Router {
	l.tb.Helper()
	name := fmt.Sprintf("%s.n%d", carrier.name[len(l.prefix):], octet)
	return l.router(name, fmt.Sprintf("%s.%d", carrier.lan, octet), carrier.lan+".1", fmt.Sprintf("192.168.%d", 200+octet), func(r *NS) {
		port := fmt.Sprintf("l%d", octet)
		l.Veth(carrier.NS, port, r, "wan")
		carrier.IP("link", "set", port, "master", "lan")
	})
}

func (l *Lab) router(name, addr, gw, lan string, connect func(r *NS)) *Router {
	l.tb.Helper()
	r := l.Namespace(name)
	connect(r)
	r.IP("addr", "add", addr+"/24", "dev", "wan")
	r.IP("route", "add", "default", "via", gw, "dev", "wan")
	r.IP("link", "add", "lan", "type", "bridge")
	r.IP("link", "set", "lan", "up")
	r.IP("addr", "add", lan+".1/24", "dev", "lan")
	return &Router{NS: r, WAN: addr, lan: lan}
}

// NAT loads the rules of a kind for the router's lan; Cone and Addr serve the one host given, the others every host.
func (r *Router) NAT(k Kind, host string) {
	r.lab.tb.Helper()
	r.NFT(rules(k, host, r.WAN))
}

// LearningCone makes the router EIM and EIF for every host of its lan, with hairpin.
func (r *Router) LearningCone() {
	r.lab.tb.Helper()
	r.NFT(fmt.Sprintf(learningCone, r.WAN, r.WAN) + inputDrop)
}

// Isolate keeps the hosts that are put on the lan from now on apart, as networks for guests do.
func (r *Router) Isolate() { r.apart = true }

const learningCone = `table ip nat {
	map cone {
		type inet_service : ipv4_addr . inet_service
		flags dynamic,timeout
		timeout 120s
	}
	chain pre {
		type nat hook prerouting priority -100;
		ip daddr %s meta l4proto udp dnat ip to udp dport map @cone
	}
	chain post {
		type nat hook postrouting priority 100;
		oifname "wan" masquerade
		iifname "lan" oifname "lan" ct status dnat snat to %s
	}
	chain learn {
		type filter hook postrouting priority 150;
		oifname "wan" meta l4proto udp update @cone { udp sport : ct original ip saddr . ct original proto-src }
	}
}
`

// Behind puts a host with the last octet given on the router's lan.
func (l *Lab) Behind(r *Router, octet int) *Host {
	l.tb.Helper()
	h := l.Namespace(fmt.Sprintf("%s.h%d", r.name[len(l.prefix):], octet))
	port := fmt.Sprintf("l%d", octet)
	l.Veth(r.NS, port, h, "eth0")
	r.IP("link", "set", port, "master", "lan")
	if r.apart {
		r.IP("link", "set", port, "type", "bridge_slave", "isolated", "on")
	}
	addr := fmt.Sprintf("%s.%d", r.lan, octet)
	h.IP("addr", "add", addr+"/24", "dev", "eth0")
	h.IP("route", "add", "default", "via", r.lan+".1")
	return &Host{NS: h, Router: r.NS, Addr: addr, Public: r.WAN}
}
