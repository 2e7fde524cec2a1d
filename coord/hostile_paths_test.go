package coord

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tacit-mpc/tacit/identity"
)

// Whatever a party announces and a coordinator passes on, addresses that nobody may be sent to go nowhere.
func TestHostileAddresses(t *testing.T) {
	bad := []string{"0.0.0.0:1", "0.1.2.3:1", "224.0.0.1:1", "255.255.255.255:1", "240.0.0.1:1", "169.254.169.254:80", "[::]:1", "[ff02::1]:1",
		"[fe80::1]:1", "[fe80::1%eth0]:1", "192.0.2.1:0", "[::ffff:127.0.0.1]:1"}
	good := at("192.0.2.1:1")
	hostile := at(append(bad, "192.0.2.1:1", "192.0.2.1:1")...)
	for _, c := range hostile.Candidates {
		hostile.Relayed = append(hostile.Relayed, c.Addr)
	}
	if got := hostile.filtered(true); !slices.Equal(got.Candidates, good.Candidates) || len(got.Relayed) != 1 {
		t.Errorf("passed: %+v", got)
	}
	local := at("127.0.0.1:1", "[::1]:1", "[::ffff:192.0.2.1]:5")
	if got := local.filtered(false); len(got.Candidates) != 1 || got.Candidates[0].Addr.String() != "192.0.2.1:5" {
		t.Errorf("passed: %+v", got)
	}
	if got := local.filtered(true); len(got.Candidates) != 3 {
		t.Errorf("passed on loopback: %+v", got)
	}
	var many Announcement
	for i := range 100 {
		a := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i+1))
		many.Candidates, many.Relayed = append(many.Candidates, Candidate{1, a}), append(many.Relayed, a)
	}
	if got := many.filtered(true); len(got.Candidates) != MaxCandidates || len(got.Relayed) != MaxRelayed {
		t.Errorf("too many: %+v", got)
	}

	// A party that does not filter, and a coordinator that does not.
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		clients, boxes := h.withBoxes(1)
		r := newRaw(t, h.pipe(key(1).ID()), frameType.fromCoordinator)
		j, nonce := h.rawJoin(1)
		r.say(j)
		hostile := hostile
		hostile.Candidates = slices.DeleteFunc(slices.Clone(hostile.Candidates), func(c Candidate) bool { return !onWire(c.Addr) })
		hostile.Relayed = nil
		r.say(announce{1, hostile})
		until[rosterMessage](r)
		r.say(open{nonce})
		until[nonces](r)
		synctest.Wait()
		if got := boxes[0].take(); len(got) != 1 || !got[0].equal(good) {
			t.Errorf("heard %+v", got)
		}
		clients[0].Close()
		r.conn.Close()
		h.outcome()
	})
	synctest.Test(t, func(t *testing.T) {
		box := &mailbox{}
		c, r := sealedWith(t, ClientConfig{Key: key(0), Seat: AnySeat, Peers: box.add})
		hostile := hostile
		hostile.Candidates = slices.DeleteFunc(slices.Clone(hostile.Candidates), func(c Candidate) bool { return !onWire(c.Addr) })
		hostile.Relayed = nil
		r.say(update{1, 1, hostile})
		synctest.Wait()
		if got := box.take(); len(got) != 1 || !got[0].equal(good) {
			t.Errorf("heard %+v", got)
		}
		r.conn.Close()
		c.Close()
	})
}

// onWire tells an address that has an encoding at all.
func onWire(a netip.AddrPort) bool {
	return a.Port() != 0 && !a.Addr().Is4In6() && a.Addr().Zone() == ""
}

// sealedWith joins a client to a coordinator played by the test, and brings it to the sealed roster of two.
func sealedWith(t *testing.T, cfg ClientConfig) (*Client, *raw) {
	t.Helper()
	r, joined := hostileCoordinator(t, cfg)
	j := until[join](r)
	session := fill[SessionID](9)
	r.say(welcome{session: session, seats: 2, observed: loopback})
	c, err := joined()
	if err != nil {
		t.Fatal(err)
	}
	nonce := fill[[32]byte](0x31)
	r.say(rosterMessage{&Roster{Session: session, Outputs: []int{0, 1}, Fields: j.fields, Members: []Member{
		{Key: key(0).ID(), Name: j.name, Consts: j.consts, PunchKey: j.punchKey, commitment: j.commitment},
		{Seat: 1, Key: key(1).ID(), commitment: commitmentTo(key(1).ID(), nonce)},
	}}})
	r.say(nonces{[][32]byte{until[open](r).nonce, nonce}})
	if _, err := c.Roster(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, r
}

// What a coordinator says about paths at the wrong time, or about seats that are not there, is found out.
func TestHostilePaths(t *testing.T) {
	for name, m := range map[string]message{
		"our own seat":         update{0, 1, at("192.0.2.1:1")},
		"no such seat":         launch{2, 0},
		"no such seat, either": troubled{63, "no answer"},
	} {
		synctest.Test(t, func(t *testing.T) {
			box := &mailbox{}
			c, r := sealedWith(t, ClientConfig{Key: key(0), Seat: AnySeat, Peers: box.add})
			r.say(m)
			if err := c.Ready(t.Context(), nil); !is(ErrInconsistent)(err) {
				t.Errorf("%s: %v", name, err)
			}
			if got := box.take(); len(got) != 0 {
				t.Errorf("%s: heard %+v", name, got)
			}
			r.conn.Close()
			c.Close()
		})
	}
	synctest.Test(t, func(t *testing.T) { // older and repeated versions are nothing new
		box := &mailbox{}
		c, r := sealedWith(t, ClientConfig{Key: key(0), Seat: AnySeat, Peers: box.add})
		for _, version := range []uint32{2, 2, 1, 3} {
			r.say(update{1, version, at(fmt.Sprintf("192.0.2.1:%d", version))})
		}
		synctest.Wait()
		if got := told(box.take()); got != "1 192.0.2.1:2, 1 192.0.2.1:3" {
			t.Errorf("heard %s", got)
		}
		r.conn.Close()
		c.Close()
	})
}

// A party that says things about paths before it may, or about seats that are not there, is told and dropped.
func TestHostilePathsOfParty(t *testing.T) {
	for name, tc := range map[string]struct {
		m     message
		early bool
	}{
		"repunch too early":   {repunch{0}, true},
		"trouble too early":   {trouble{0, "no answer"}, true},
		"repunch itself":      {repunch{1}, false},
		"repunch seat 9":      {repunch{9}, false},
		"trouble with seat 9": {trouble{9, "no answer"}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := startHost(t, ServerConfig{Seats: 2})
			var clients []*Client
			if !tc.early {
				clients, _ = h.seated(1, nil)
			}
			r := newRaw(t, h.pipe(key(1).ID()), frameType.fromCoordinator)
			j, nonce := h.rawJoin(1)
			r.say(j)
			if !tc.early {
				until[rosterMessage](r)
				r.say(open{nonce})
				until[nonces](r)
			}
			r.say(tc.m)
			if e := until[end](r); !is(ErrMalformed)(e.err) {
				t.Errorf("%s: %v", name, e.err)
			}
			r.conn.Close()
			all(clients, func(_ int, c *Client) { c.Close() })
			h.stop()
			h.outcome()
		})
	}
}

// Expectations of a key hold for a coordinator that swaps punch keys, too: ours is checked in the roster.
func TestSwappedPunchKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := ClientConfig{Key: key(0), Seat: AnySeat, PunchKey: fill[[32]byte](7)}
		r, joined := hostileCoordinator(t, cfg)
		j := until[join](r)
		r.say(welcome{seats: 2, observed: loopback})
		c, err := joined()
		if err != nil {
			t.Fatal(err)
		}
		r.say(rosterMessage{&Roster{Outputs: []int{0, 1}, Members: []Member{
			{Key: key(0).ID(), PunchKey: fill[[32]byte](8), commitment: j.commitment}, {Seat: 1, Key: fill[identity.ID](1)}}}})
		if _, err := c.Roster(t.Context()); !is(ErrInconsistent)(err) {
			t.Errorf("Roster: %v", err)
		}
		r.conn.Close()
		c.Close()
	})
}
