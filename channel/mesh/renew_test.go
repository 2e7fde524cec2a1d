package mesh

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

// relayOnly joins two parties over one relay, with credentials that end at a time.
func relayOnly(t *testing.T, addr netip.AddrPort, ends time.Time) ([]*party, []*Mesh) {
	t.Helper()
	all := parties(t, 2)
	for _, p := range all {
		p.cfg.Policy, p.cfg.Linger = natpunch.RelayOnly, time.Second
	}
	reachable(t, all)
	useRelay(t, all, addr, ends)
	meshes := join(t, all)
	exchange(t, meshes, 1000)
	return all, meshes
}

// useRelay offers one relay to both, with credentials that end at a time.
func useRelay(t *testing.T, all []*party, addr netip.AddrPort, ends time.Time) {
	t.Helper()
	for i, p := range all {
		credentials, err := relay.Mint(relaySecret, relay.User{Room: "r", Node: string(rune('a' + i)), Ends: ends})
		if err != nil {
			t.Fatal(err)
		}
		p.sock.UseRelays([]RelayServer{{Addr: addr, Credentials: credentials, Expires: ends}})
	}
}

// TestRelayMoves restarts the relay at another port, as --relay-listen :0 does.
func TestRelayMoves(t *testing.T) {
	first, addr := startRelay(t, 0)
	all, meshes := relayOnly(t, addr, time.Now().Add(time.Hour))
	second, elsewhere := startRelay(t, 0)
	first.Close()
	useRelay(t, all, elsewhere, time.Now().Add(time.Hour))
	exchange(t, meshes, 1<<20)
	if second.Stats().Bytes < 1<<20 {
		t.Errorf("the new relay carried %d bytes", second.Stats().Bytes)
	}
}

// TestCredentialsRenewed replaces relayed addresses whose credentials end soon, while messages pass.
func TestCredentialsRenewed(t *testing.T) {
	_, addr := startRelay(t, 0)
	all, meshes := relayOnly(t, addr, time.Now().Add(renewBefore/2))
	before := []netip.AddrPort{all[0].sock.reach.now().Relayed[0], all[1].sock.reach.now().Relayed[0]}
	useRelay(t, all, addr, time.Now().Add(2*renewBefore))
	limit := time.Now().Add(time.Minute)
	for i, p := range all {
		for {
			exchange(t, meshes, 1000)
			now := p.sock.reach.now().Relayed
			if len(now) == 1 && now[0] != before[i] {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("party %d has the addresses %v, before %v", i, now, before[i])
			}
		}
	}
	exchange(t, meshes, 1<<20)
}
