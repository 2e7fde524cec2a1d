package relay

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v3"
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

// TestPermitWhileEnding asks for permissions at the moment when the allocation ends. The library's own account of permissions is not
// made for that: the race detector tells.
func TestPermitWhileEnding(t *testing.T) {
	s, server := serve(t, Config{Total: 1000})
	for i := range 40 {
		room := fmt.Sprint("r", i)
		a := mustAllocate(t, clientOf(t, server, "127.0.0.2", room, "a", make(inbox, 8)))
		peers := []netip.Addr{a.Relayed().Addr()}
		for j := range 3 {
			from := fmt.Sprintf("127.0.0.%d", 10+j)
			mustAllocate(t, clientOf(t, server, from, room, from[len(from)-2:], make(inbox, 8)))
			peers = append(peers, netip.MustParseAddr(from))
		}
		var asking sync.WaitGroup
		asking.Go(func() { _ = a.Permit(peers...) }) // refused or not
		switch i % 3 {                               // before, during, after
		case 0:
			asking.Wait()
		case 1:
			runtime.Gosched()
		}
		s.CloseRoom(room)
		a.Close()
		asking.Wait()
	}
}

// TestLastMoments holds that an allocation about to end gets no permission.
func TestLastMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(Config{Secret: secret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true})
		defer b.closeAll()
		src, at := udp("192.0.2.1:5000"), udp("127.0.0.1:3478")
		_, relayed, err := b.AllocatePacketConn("udp4", 0)
		if err != nil {
			t.Fatal(err)
		}
		b.created(src, at, "UDP", mint(t, "r", "a").Username, Realm, relayed, 0)
		answer := func(method stun.Method, seconds byte) {
			m := stun.MustBuild(stun.TransactionID, stun.NewType(method, stun.ClassSuccessResponse), stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 0, seconds}})
			b.answered(sourceOf(src), m.Raw)
		}
		permit := func(want bool) {
			t.Helper()
			if got := b.permit(src, net.IPv4(127, 0, 0, 1)); got != want {
				t.Errorf("permitted %v, want %v", got, want)
			}
		}
		permit(false)
		answer(stun.MethodAllocate, 200)
		permit(true)
		time.Sleep(171 * time.Second)
		permit(false)
		answer(stun.MethodAllocate, 200) // a repetition
		permit(false)
		answer(stun.MethodRefresh, 40)
		permit(true)
		answer(stun.MethodRefresh, 20)
		permit(false)
	})
}
