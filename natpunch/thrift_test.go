package natpunch

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// mute is an outlet that nothing leaves.
type mute struct{ name string }

func (mute) Send([]byte, netip.AddrPort) {}
func (mute) Close() error                { return nil }

// TestLikely has both ends of a pair begin with the same way over relays, over that of a party that UDP does not reach if there is one.
func TestLikely(t *testing.T) {
	own := mute{"relayed"}
	ways := func(lower bool, ours, theirs Mapping) (likely []string) {
		c := &Pair{lower: lower, ours: Behaviour{Mapping: ours}, theirs: Behaviour{Mapping: theirs}, relays: []Outlet{own}}
		for _, out := range []Outlet{mute{"main"}, own} {
			for _, kind := range []Kind{Reflexive, Relayed} {
				way := fmt.Sprintf("%v %v", out == own, kind == Relayed)
				if way != "false false" && c.likely(&route{out: out, remote: &remote{Candidate: Candidate{Kind: kind}}}) {
					likely = append(likely, way)
				}
			}
		}
		return likely
	}
	for _, c := range []struct {
		lower, upper Mapping
		want         string // of the lower one: over our relayed address, to theirs
		mirrored     string
	}{
		{EndpointDependent, EndpointDependent, "true false", "false true"},
		{UnknownMapping, EndpointIndependent, "true false", "false true"},
		{NoUDP, EndpointIndependent, "true false", "false true"},
		{EndpointIndependent, NoUDP, "false true", "true false"},
		{NoUDP, NoUDP, "true true", "true true"},
	} {
		low, up := ways(true, c.lower, c.upper), ways(false, c.upper, c.lower)
		if len(low) != 1 || len(up) != 1 || low[0] != c.want || up[0] != c.mirrored {
			t.Errorf("%v and %v: the lower one begins with %v, the upper one with %v; want %s and %s", c.lower, c.upper, low, up, c.want, c.mirrored)
		}
	}
}

// TestOneReflexive keeps one of the ports that a NAT with endpoint-dependent mapping showed to servers.
func TestOneReflexive(t *testing.T) {
	all := []*remote{}
	for _, c := range []Candidate{
		{netip.MustParseAddrPort("198.51.100.1:1001"), Reflexive}, {netip.MustParseAddrPort("198.51.100.1:1002"), Reflexive},
		{netip.MustParseAddrPort("198.51.100.2:1001"), Reflexive}, {netip.MustParseAddrPort("198.51.100.1:1003"), Mapped},
		{netip.MustParseAddrPort("198.51.100.1:1004"), PeerReflexive},
	} {
		all = append(all, &remote{Candidate: c})
	}
	var kept []uint16
	for _, r := range oneReflexive(all) {
		kept = append(kept, r.Addr.Port())
	}
	if fmt.Sprint(kept) != "[1001 1001 1003 1004]" {
		t.Errorf("kept ports %v", kept)
	}
}

// TestManyPairsPingLess compares the search of a party with two pairs with that of one with twenty.
func TestManyPairsPingLess(t *testing.T) {
	sent := func(pairs int) (n int) {
		synctest.Test(t, func(t *testing.T) {
			net := newSimnet(t, 20*time.Millisecond)
			a := net.router("198.51.100.1", mapEIM, filterAPDF).end(1, true)
			defer a.Close()
			for i := range pairs - 1 {
				other := a.main.puncher.Pair(PairConfig{Secret: [32]byte{byte(i + 2)}, Changed: func(PathState) {}})
				defer other.Close()
			}
			a.AddRemote(Candidate{netip.MustParseAddrPort("198.51.100.9:9"), Reflexive})
			a.Go(0)
			before := net.sent()
			time.Sleep(punchFor / 2)
			n = net.sent() - before
		})
		return n
	}
	if few, many := sent(2), sent(20); many > few*3/4 || many < few/4 {
		t.Errorf("%d pings with two pairs, %d with twenty", few, many)
	}
}
