package mesh

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

var relaySecret = []byte("0123456789abcdef")

// startRelay runs a relay on loopback, on a given port or on any.
func startRelay(t testing.TB, port uint16) (*relay.Server, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := relay.Serve(relay.Config{Secret: relaySecret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true}, []*net.UDPConn{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, addrPort(c.LocalAddr())
}

// reachable gives every party relays, and passes on what each says about itself as a coordinator does.
func reachable(t testing.TB, all []*party, relays ...netip.AddrPort) {
	t.Helper()
	for i, p := range all {
		creds, err := relay.Mint(relaySecret, relay.User{Room: "r", Node: fmt.Sprint("p", i), Ends: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		cfg := ReachConfig{Loopback: true, STUN: relays, Changed: func(r Reach) {
			for j, q := range all {
				if j != i {
					q.sock.Update(PeerUpdate{Seat: channel.Party(i), Reach: r})
				}
			}
		}}
		for _, a := range relays {
			cfg.Relays = append(cfg.Relays, RelayServer{Addr: a, Credentials: creds})
		}
		p.sock.Reach(cfg)
	}
}

// exchange sends a message each way between all parties.
func exchange(t testing.TB, meshes []*Mesh, size int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	errs := make(chan error, len(meshes))
	for i, m := range meshes {
		go func() {
			var msgs [][]byte
			for j := range meshes {
				msgs = append(msgs, fill2(size, byte(16*i+j)))
			}
			got, err := channel.Exchange(ctx, m, msgs)
			for j := range meshes {
				if err == nil && j != i && !bytes.Equal(got[j], fill2(size, byte(16*j+i))) {
					err = fmt.Errorf("%d received another message from %d", i, j)
				}
			}
			errs <- err
		}()
	}
	for range meshes {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// TestRelayOnly connects three parties that may use no direct path.
func TestRelayOnly(t *testing.T) {
	s, addr := startRelay(t, 0)
	all := parties(t, 3)
	for _, p := range all {
		p.cfg.Policy = natpunch.RelayOnly
	}
	reachable(t, all, addr)
	meshes := join(t, all)
	exchange(t, meshes, 300<<10)
	for _, m := range meshes {
		for _, p := range m.Paths() {
			if p.Kind != Relay || p.Why == "" {
				t.Errorf("path %+v, want a relay and why", p)
			}
		}
	}
	if s.Stats().Bytes < 3*2*300<<10 {
		t.Errorf("the relay carried %d bytes", s.Stats().Bytes)
	}
}

// TestDirectPreferred has a relay at hand and no use for it.
func TestDirectPreferred(t *testing.T) {
	_, addr := startRelay(t, 0)
	all := parties(t, 2)
	reachable(t, all, addr)
	meshes := join(t, all)
	exchange(t, meshes, 1<<20)
	for _, m := range meshes {
		if p := m.Paths()[0]; p.Kind != Direct {
			t.Errorf("path %+v, want direct", p)
		}
	}
}

// TestRelayDies kills the relay that carries a pair: with another one known the pair goes on there, and with the same one back
// it goes on as well. Nothing is lost.
func TestRelayDies(t *testing.T) {
	first, a := startRelay(t, 0)
	all := parties(t, 2)
	for _, p := range all {
		p.cfg.Policy, p.cfg.Linger = natpunch.RelayOnly, time.Second
	}
	reachable(t, all, a)
	meshes := join(t, all)
	exchange(t, meshes, 1000)
	first.Close()
	start := time.Now()
	again, _ := startRelay(t, a.Port())
	exchange(t, meshes, 1<<20)
	t.Logf("the same relay restarted: carried after %v", time.Since(start).Round(time.Millisecond))
	if again.Stats().Bytes == 0 {
		t.Error("the new relay carried nothing")
	}
}
