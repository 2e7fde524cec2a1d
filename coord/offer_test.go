package coord

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Offers reach their party alone, are renewed in time, and show in nothing that is printed.
func TestOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make([]int, 2)
		h := startHost(t, ServerConfig{Seats: 2, STUN: []string{":3478", "192.0.2.9:3479"}, Relays: func(id SessionID, seat int) []RelayOffer {
			calls[seat]++
			return []RelayOffer{
				{URL: "turn:192.0.2.9:3478", Username: fmt.Sprintf("%d:%v.%d", calls[seat], id, seat), Password: "hunter2", Expires: time.Now().Add(10 * time.Minute)},
				{URL: "turns:static.example", Username: "u", Password: "hunter3"},
				{URL: strings.Repeat("x", maxURL+1)},
			}
		}})
		var told atomic.Int32
		clients, _ := h.seated(2, func(cfg *ClientConfig) { cfg.Offered = func() { told.Add(1) } })
		for i, c := range clients {
			o := c.Offers()
			if len(o) != 2 || o[0].Password != "hunter2" || o[0].Username != fmt.Sprintf("1:%v.%d", c.Session(), i) || time.Until(o[0].Expires) != 10*time.Minute || !o[1].Expires.IsZero() {
				t.Errorf("party %d: %#v", i, o)
			}
			if text := fmt.Sprintf("%v %+v %#v %s", o, o, o, o[0]); strings.Contains(text, "hunter") {
				t.Errorf("an offer prints as %s", text)
			}
			want := []netip.AddrPort{loopback, netip.MustParseAddrPort("127.0.0.1:3478"), netip.MustParseAddrPort("192.0.2.9:3479"), netip.MustParseAddrPort("127.0.0.1:1")}
			if got := c.STUN(); !slices.Equal(got, want) {
				t.Errorf("party %d: STUN at %v, want %v", i, got, want)
			}
		}
		stage(t, clients, Running)
		for n := range 20 { // over two lives
			time.Sleep(time.Minute)
			synctest.Wait()
			for i, c := range clients {
				if left := time.Until(c.Offers()[0].Expires); left < 5*time.Minute-time.Second {
					t.Errorf("party %d after %d minutes: %v left", i, n+1, left)
				}
			}
		}
		if n := int(told.Load()); n != calls[0]+calls[1] {
			t.Errorf("told %d times of %d offers", n, calls[0]+calls[1])
		}
		if calls[0] > 6 {
			t.Errorf("minted %d times", calls[0])
		}
		finish(t, h, clients)
	})
	for _, bad := range []string{"example.org:3478", "192.0.2.1", ":0", ":70000", "224.0.0.1:1", ""} {
		if _, err := NewServer(ServerConfig{Key: key(5), Seats: 2, STUN: []string{bad}}); err == nil {
			t.Errorf("STUN server %q was taken", bad)
		}
	}
}

// Punch keys are in the roster, and so in the words.
func TestPunchKeys(t *testing.T) {
	rosters := make([]*Roster, 2)
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		i := byte(0)
		clients, _ := h.seated(2, func(cfg *ClientConfig) { i++; cfg.PunchKey = fill[[32]byte](i) })
		for i, c := range clients {
			rosters[i] = mustRoster(t, c)
			if got := rosters[i].Members; got[0].PunchKey != fill[[32]byte](1) || got[1].PunchKey != fill[[32]byte](2) {
				t.Errorf("party %d: %x and %x", i, got[0].PunchKey, got[1].PunchKey)
			}
		}
		finish(t, h, clients)
	})
	bent := *rosters[0]
	bent.Members = slices.Clone(bent.Members)
	bent.Members[1].PunchKey[0] ^= 1
	list := [][32]byte{{1}, {2}}
	for i := range list {
		rosters[0].Members[i].commitment = commitmentTo(bent.Members[i].Key, list[i])
		bent.Members[i].commitment = rosters[0].Members[i].commitment
	}
	if bent.seal(list) != nil || rosters[0].seal(list) != nil || bent.Digest == rosters[0].Digest {
		t.Error("another punch key does not change the words")
	}
}
