package natpunch

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A tap is an outlet that keeps what is sent.
type tap struct {
	mu   sync.Mutex
	sent []sentPacket
}

type sentPacket struct {
	p  []byte
	to netip.AddrPort
}

func (o *tap) Send(p []byte, to netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, sentPacket{bytes.Clone(p), to})
}

func (o *tap) Close() error { return nil }

func (o *tap) take() []sentPacket {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.sent
	o.sent = nil
	return s
}

// TestStrangers sends a pair everything but its peer's own packets: nothing is answered, nothing believed.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, heard := new(tap), 0
		p := NewPuncher(PunchConfig{Main: out})
		c := p.Pair(PairConfig{Secret: [32]byte{1}, Lower: true, Heard: func(netip.AddrPort, Outlet) { heard++ }})
		defer c.Close()
		_, peer, ours := keysOf([32]byte{1}, false)
		_, strange, _ := keysOf([32]byte{2}, false)
		from, elsewhere := netip.MustParseAddrPort("198.51.100.2:5000"), netip.MustParseAddrPort("198.51.100.66:6666")
		number := byte(0)
		fresh := func() transaction { number++; return transaction{7: number} }
		quiet := func(name string, packet []byte, from netip.AddrPort) {
			t.Helper()
			if !p.Handle(packet, out, from) {
				t.Errorf("%s: passed on as no ping", name)
			}
			synctest.Wait()
			if s := out.take(); len(s) > 0 || c.Path().Proven || heard > 0 {
				t.Errorf("%s: sent %d packets, heard %d", name, len(s), heard)
			}
			heard = 0
		}
		quiet("a stranger's tag", strange.seal(ping{tag: tag{1}, transaction: fresh()}), from)
		quiet("a stranger's key", strange.seal(ping{tag: c.tag, transaction: fresh()}), from)
		quiet("a reflected ping", ours.seal(ping{tag: c.tag, transaction: fresh()}), from)
		good := peer.seal(ping{tag: c.tag, transaction: fresh()})
		for i := range good[2:] {
			bad := bytes.Clone(good)
			bad[2+i] ^= 0x80
			quiet("a changed ping", bad, from)
		}
		padded := func(zero byte) []byte { // by one who has the key
			b := append(bytes.Clone(good[:pingSize-macSize]), make([]byte, 900)...)
			b[pingSize] = zero
			return append(b, peer.mac(b)...)
		}
		quiet("a ping with other padding than zeros", padded(1), from)
		quiet("a padded ping with the MAC of a small one", append(padded(0)[:900], good[pingSize-macSize:]...), from)
		quiet("a ping that was made longer", append(bytes.Clone(good), 0), from)
		for _, size := range []int{pingSize - 1, maxPing + 1} {
			if p.Handle(append(bytes.Clone(good), make([]byte, maxPing)...)[:size], out, from) {
				t.Errorf("%d bytes are a ping", size)
			}
		}
		if p.Handle(append(peer.seal(ping{pong: true, tag: c.tag, transaction: fresh(), observed: from}), 0), out, from) {
			t.Error("a padded pong is one")
		}

		if p.Handle(good, out, from); heard != 1 {
			t.Error("a good ping is not heard")
		}
		synctest.Wait()
		if s := out.take(); len(s) != 2 || s[0].to != from || s[1].to != from {
			t.Fatalf("a good ping is answered by %d packets, want a pong and a triggered ping", len(s))
		}
		heard = 0
		quiet("a replayed ping", good, from)
		quiet("a ping replayed from elsewhere", good, elsewhere)

		pong := peer.seal(ping{pong: true, tag: c.tag, transaction: transaction{7: 200}, observed: elsewhere})
		p.Handle(pong, out, from)
		synctest.Wait()
		if s := out.take(); len(s) > 0 || c.Path().Proven {
			t.Error("a pong to no ping proves a path")
		}
		heard = 0
		quiet("a replayed pong", pong, from)

		c.AddRemote(Candidate{from, Host}) // known, and pinged
		c.Go(0)
		synctest.Wait()
		asked := out.take()
		if len(asked) == 0 {
			t.Fatal("nothing is pinged")
		}
		m, _ := ours.open(asked[0].p)
		p.Handle(peer.seal(ping{pong: true, tag: c.tag, transaction: m.transaction, observed: elsewhere}), out, elsewhere)
		synctest.Wait()
		if c.Path().Proven {
			t.Error("a pong from elsewhere proves a path")
		}
	})
}

// TestReplayGuard holds that no transaction passes twice, however long ago it passed.
func TestReplayGuard(t *testing.T) {
	var g replayGuard
	at := func(i int) transaction { return transaction{6: byte(i >> 8), 7: byte(i)} }
	for i := 1; i <= 3*maxSeen; i++ {
		if !g.fresh(at(i)) {
			t.Fatalf("transaction %d is refused", i)
		}
		if g.fresh(at(i)) {
			t.Fatalf("transaction %d passes twice", i)
		}
	}
	for i := 1; i <= 3*maxSeen; i++ {
		if g.fresh(at(i)) {
			t.Fatalf("transaction %d passes again", i)
		}
	}
	if len(g.seen) > maxSeen || len(g.ring) > maxSeen {
		t.Errorf("remembers %d and %d transactions", len(g.seen), len(g.ring))
	}
}

// TestHostileCandidates holds that nothing is ever sent to addresses that no party has.
func TestHostileCandidates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(tap)
		c := NewPuncher(PunchConfig{Main: out}).Pair(PairConfig{Secret: [32]byte{1}})
		defer c.Close()
		for _, a := range []string{
			"224.0.0.251:5353", "[ff02::fb]:5353", "255.255.255.255:9", "240.0.0.1:9", "0.0.0.0:9", "[::]:9", "0.1.2.3:9",
			"[::ffff:127.0.0.1]:22", "169.254.169.254:80", "[fe80::1]:9", "[fe80::1%eth0]:9", "198.51.100.1:0", "[::ffff:169.254.169.254]:80",
			"[::ffff:224.0.0.1]:1",
		} {
			c.AddRemote(Candidate{netip.MustParseAddrPort(a), Host})
		}
		c.AddRemote(Candidate{}, Candidate{Kind: 99})
		c.Go(0)
		time.Sleep(5 * time.Second)
		if s := out.take(); len(s) > 0 {
			t.Errorf("sent %d packets, the first to %v", len(s), s[0].to)
		}
		if r := c.Report(); len(r.Tried) > 0 {
			t.Errorf("keeps %v", r)
		}
	})
}

// TestCandidateFlood bounds what a coordinator can make a party send by naming ever more addresses.
func TestCandidateFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(tap)
		c := NewPuncher(PunchConfig{Main: out}).Pair(PairConfig{Secret: [32]byte{1}})
		defer c.Close()
		c.Go(0)
		const seconds = 20
		for i := range 100 * seconds {
			c.AddRemote(Candidate{netip.MustParseAddrPort(fmt.Sprintf("198.51.%d.%d:9", i/250, i%250)), Reflexive})
			time.Sleep(10 * time.Millisecond)
		}
		if r := c.Report(); len(r.Tried) != maxRemotes {
			t.Errorf("keeps %d addresses", len(r.Tried))
		}
		if rate := len(out.take()) / seconds; rate > 500 {
			t.Errorf("%d packets a second", rate)
		}
	})
}

// FuzzHandle gives a puncher whatever a network may bring.
func FuzzHandle(f *testing.F) {
	_, peer, _ := keysOf([32]byte{1}, false)
	f.Add(peer.seal(ping{transaction: transaction{1}}))
	f.Add([]byte{pingMagic, typePing})
	out := new(tap)
	p := NewPuncher(PunchConfig{Main: out})
	c := p.Pair(PairConfig{Secret: [32]byte{1}, Lower: true})
	f.Cleanup(c.Close)
	f.Fuzz(func(t *testing.T, packet []byte) {
		p.Handle(packet, out, netip.MustParseAddrPort("198.51.100.2:5000"))
		if c.Path().Proven {
			t.Error("a packet proves a path")
		}
	})
}
