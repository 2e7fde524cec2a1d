package relay

import (
	"net"
	"net/netip"
	"testing"
)

// TestSourcesApart holds that a source is one of UDP or of TCP, has one allocation at a time, and that a second one, when two of
// our addresses are asked at the same moment, leaves no trace.
func TestSourcesApart(t *testing.T) {
	b := newBook(Config{Secret: secret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true, PerUser: 10})
	defer b.closeAll()
	name := mint(t, "r", "a").Username
	open := func(src, at net.Addr) *guard {
		t.Helper()
		conn, relayed, err := b.AllocatePacketConn("udp4", 0)
		if err != nil {
			t.Fatal(err)
		}
		b.created(src, at, "UDP", name, Realm, relayed, 0)
		return conn.(*guard)
	}
	lives := func(g *guard) bool { return b.ports[g.port] == g }
	source, sourceTCP := udp("192.0.2.1:5000"), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:5000"))
	first, second := udp("127.0.0.1:3478"), udp("127.0.0.2:3478")

	a := open(source, first)
	if b.admit(name, Realm, source) {
		t.Error("a source is admitted twice")
	}
	if !b.admit(name, Realm, sourceTCP) {
		t.Error("a TCP port is taken for a UDP port")
	}
	open(sourceTCP, first)
	if lives(open(source, second)) || !lives(a) {
		t.Error("the second allocation of a source lives, or the first does not")
	}
	b.deleted(source, second, "UDP", name, Realm)
	if r := b.rooms["r"]; r.count != 2 || r.users["a"] != 2 || r.ips[netip.MustParseAddr("192.0.2.1")] != 2 {
		t.Errorf("counts %+v, want 2 of each", r)
	}
	b.deleted(source, first, "UDP", name, Realm)
	b.deleted(sourceTCP, first, "UDP", name, Realm)
	if r := b.rooms["r"]; r.count != 0 || len(r.users) != 0 || len(r.ips) != 0 || len(b.clients) != 0 {
		t.Errorf("counts %+v of no allocation", r)
	}

	b.closeRoom("r")
	if lives(open(source, first)) {
		t.Error("an allocation in a room that was closed meanwhile lives")
	}
}
