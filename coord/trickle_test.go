package coord

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// A mailbox collects what a party hears about the others, and when.
type mailbox struct {
	mu   sync.Mutex
	list []PeerUpdate
	at   []time.Time
}

func (b *mailbox) add(u PeerUpdate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list, b.at = append(b.list, u), append(b.at, time.Now())
}

// take returns what came since the last call.
func (b *mailbox) take() []PeerUpdate {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.list
	b.list, b.at = nil, nil
	return list
}

// told is a line for each update: the seat, and its first candidate, "go" or its trouble.
func told(list []PeerUpdate) string {
	var out []string
	for _, u := range list {
		what := u.Trouble
		switch {
		case u.Go:
			what = "go"
		case what == "" && len(u.Candidates) > 0:
			what = u.Candidates[0].Addr.String()
		case what == "":
			what = "nothing"
		}
		out = append(out, fmt.Sprintf("%d %s", u.Seat, what))
	}
	return strings.Join(out, ", ")
}

func at(addrs ...string) Announcement {
	var a Announcement
	for _, text := range addrs {
		a.Candidates = append(a.Candidates, Candidate{1, netip.MustParseAddrPort(text)})
	}
	return a
}

// withBoxes seats n parties with a mailbox each.
func (h *host) withBoxes(n int) ([]*Client, []*mailbox) {
	boxes := make([]*mailbox, n)
	i := 0
	clients, _ := h.seated(n, func(cfg *ClientConfig) {
		boxes[i] = &mailbox{}
		cfg.Peers = boxes[i].add
		i++
	})
	return clients, boxes
}

func finish(t *testing.T, h *host, clients []*Client) {
	t.Helper()
	stage(t, clients, Running)
	all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
	if err := h.outcome(); err != nil {
		t.Errorf("session: %v", err)
	}
}

// Addresses announced at any time reach all others, once the roster is known; a pair starts when both have announced.
func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 3})
		clients, boxes := h.withBoxes(2)
		clients[0].Announce(at("192.0.2.1:1"))
		clients[0].Announce(at("192.0.2.1:2")) // replaces it
		synctest.Wait()
		if got := told(boxes[1].take()); got != "" {
			t.Errorf("before the roster: %s", got)
		}
		cfg, late := h.party(2), &mailbox{}
		cfg.Peers = late.add
		clients, boxes = append(clients, h.mustJoin(cfg)), append(boxes, late)
		synctest.Wait()
		for i, want := range []string{"", "0 192.0.2.1:2", "0 192.0.2.1:2"} {
			if got := told(boxes[i].take()); got != want {
				t.Errorf("party %d heard %q, want %q", i, got, want)
			}
		}
		full := Announcement{Candidates: []Candidate{{3, netip.MustParseAddrPort("[2001:db8::1]:5")}}, Mapping: 2, Step: -7,
			Relayed: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:50000")}, Source: []netip.Addr{netip.MustParseAddr("192.0.2.3")}}
		clients[2].Announce(full)
		synctest.Wait()
		heard := boxes[0].take()
		if got := told(heard); got != "2 [2001:db8::1]:5, 2 go" || !heard[0].equal(full) || !heard[1].equal(full) {
			t.Errorf("party 0 heard %q: %+v", got, heard)
		}
		if got := told(boxes[1].take()); got != "2 [2001:db8::1]:5" {
			t.Errorf("party 1 heard %q", got)
		}
		if got := told(boxes[2].take()); got != "0 go" {
			t.Errorf("party 2 heard %q", got)
		}
		clients[0].Announce(at("192.0.2.1:2")) // nothing new
		clients[1].Announce(Announcement{})    // nothing found, which is news
		synctest.Wait()
		if got := told(boxes[2].take()); got != "1 nothing, 1 go" {
			t.Errorf("party 2 heard %q", got)
		}
		finish(t, h, clients)
	})
}

// Whatever a party announces and a coordinator passes on, addresses that nobody may be sent to go nowhere.
func TestHostileAddresses(t *testing.T) {
	bad := []string{"0.0.0.0:1", "0.1.2.3:1", "224.0.0.1:1", "255.255.255.255:1", "240.0.0.1:1", "169.254.169.254:80", "[::]:1", "[ff02::1]:1",
		"[fe80::1]:1", "[fe80::1%eth0]:1", "192.0.2.1:0", "[::ffff:127.0.0.1]:1"}
	good := at("192.0.2.1:1")
	hostile := at(append(bad, "192.0.2.1:1", "192.0.2.1:1")...)
	for _, c := range hostile.Candidates {
		hostile.Relayed = append(hostile.Relayed, c.Addr)
		if a := c.Addr.Addr(); a != netip.MustParseAddr("192.0.2.1") {
			hostile.Source = append(hostile.Source, a)
		}
	}
	if got := hostile.filtered(true); !slices.Equal(got.Candidates, good.Candidates) || len(got.Relayed) != 1 || len(got.Source) != 0 {
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
		many.Source = append(many.Source, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	if got := many.filtered(true); len(got.Candidates) != MaxCandidates || len(got.Relayed) != MaxRelayed || len(got.Source) != MaxRelayed {
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
		hostile.Relayed, hostile.Source = nil, nil
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
		hostile.Relayed, hostile.Source = nil, nil
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

// Repunch and Trouble reach the other side, paced: of many within a second the last is passed on.
func TestRepunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 3})
		clients, boxes := h.withBoxes(3)
		for i, c := range clients {
			c.Announce(at(fmt.Sprintf("192.0.2.%d:1", i)))
			c.Repunch(9) // nobody
			c.Repunch(i)
			c.Trouble(i, "ourselves")
		}
		stage(t, clients, Connecting)
		for _, b := range boxes {
			b.take()
		}
		time.Sleep(signalEvery)
		for n := range 5 {
			clients[1].Repunch(0)
			clients[1].Trouble(0, fmt.Sprintf("no answer\n%d", n))
			synctest.Wait()
		}
		if got := told(boxes[0].take()); got != "1 go, 1 no answer 0" {
			t.Errorf("party 0 heard %q", got)
		}
		time.Sleep(10 * signalEvery)
		synctest.Wait()
		if got := told(boxes[0].take()); got != "1 go, 1 no answer 4" && got != "1 no answer 4, 1 go" {
			t.Errorf("party 0 heard %q later", got)
		}
		if got := told(boxes[1].take()); got != "0 go, 0 go" {
			t.Errorf("party 1 heard %q", got)
		}
		if got := told(boxes[2].take()); got != "" {
			t.Errorf("party 2 heard %q", got)
		}
		finish(t, h, clients)
	})
}

// A party that announces without end makes the others hear it no more often than they can take, and at last the latest.
func TestAnnounceFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		clients, boxes := h.withBoxes(2)
		stage(t, clients, Connecting)
		began := time.Now()
		for n := range 1000 {
			clients[0].Announce(at(fmt.Sprintf("192.0.2.1:%d", n+1)))
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		heard := boxes[1].take()
		if most := spreadBurst + int(time.Since(began)/spreadEvery); len(heard) > most || told(heard[len(heard)-1:]) != "0 192.0.2.1:1000" {
			t.Errorf("heard %d, the last %s", len(heard), told(heard[len(heard)-1:]))
		}
		finish(t, h, clients)
	})
}

// A delayed cable delivers everything after a delay, each way.
type delayed struct {
	net.Conn
	in, out chan chunk
	rest    []byte
	end     sync.Once
	ended   chan struct{}
}

type chunk struct {
	data []byte
	due  time.Time
	err  error
}

func newDelayed(c net.Conn, delay time.Duration) *delayed {
	d := &delayed{Conn: c, in: make(chan chunk, 1000), out: make(chan chunk, 1000), ended: make(chan struct{})}
	go func() {
		defer close(d.in)
		for {
			buf := make([]byte, 4096)
			n, err := c.Read(buf)
			d.in <- chunk{buf[:n], time.Now().Add(delay), err}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer c.Close()
		for {
			select {
			case p := <-d.out:
				time.Sleep(time.Until(p.due.Add(delay)))
				c.Write(p.data)
			case <-d.ended:
				return
			}
		}
	}()
	return d
}

func (d *delayed) Read(b []byte) (int, error) {
	if len(d.rest) == 0 {
		p, ok := <-d.in
		if !ok {
			return 0, net.ErrClosed
		}
		time.Sleep(time.Until(p.due))
		if d.rest = p.data; p.err != nil {
			return 0, p.err
		}
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *delayed) Write(b []byte) (int, error) {
	d.out <- chunk{slices.Clone(b), time.Now(), nil}
	return len(b), nil
}

func (d *delayed) Close() error {
	d.end.Do(func() { close(d.ended) })
	return nil
}

// Two parties at different distances start at the same time.
func TestLaunchTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{seats: make([]seat, 2)}
		s.seats[0].link, s.seats[1].link = &link{out: make(chan []byte, 9)}, &link{out: make(chan []byte, 9)}
		for i, rtt := range []time.Duration{30 * time.Millisecond, 110 * time.Millisecond} {
			l := s.seats[i].link
			number := l.rtt.start()
			time.Sleep(rtt)
			l.rtt.stop(number + 1) // of another ping
			l.rtt.stop(number)
			time.Sleep(time.Second)
			l.rtt.stop(number) // answered already
			if l.oneWay() != rtt/2 {
				t.Errorf("one way %v of %v", l.oneWay(), rtt)
			}
			s.seats[i].placed = true
		}
		s.pass(signal{false, 0, 1}, "")
		for i, want := range []launch{{1, 40 * time.Millisecond}, {0, 0}} {
			frame := <-s.seats[i].link.out
			if m, err := decode(frameLaunch, frame[frameHeader:]); err != nil || !reflect.DeepEqual(m, want) {
				t.Errorf("party %d: %+v, want %+v", i, m, want)
			}
		}
	})
}

// Over cables of different lengths, the moments to start agree to within what the pings can tell.
func TestLaunchOverDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		var starts [2]time.Time
		var mu sync.Mutex
		var clients []*Client
		for i, delay := range []time.Duration{5 * time.Millisecond, 80 * time.Millisecond} {
			cfg := h.party(i)
			cfg.Peers = func(u PeerUpdate) {
				mu.Lock()
				defer mu.Unlock()
				if u.Go && starts[i].IsZero() {
					starts[i] = time.Now().Add(u.After)
				}
			}
			c, err := joinOver(t.Context(), cfg, h.server.cfg.Key.ID(), func(context.Context) (conn, netip.AddrPort, error) {
				return newDelayed(h.pipe(cfg.Key.ID()), delay), loopback, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		stage(t, clients, Connecting)
		all(clients, func(i int, c *Client) { c.Announce(at(fmt.Sprintf("192.0.2.%d:1", i))) })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		mu.Lock()
		if skew := starts[0].Sub(starts[1]).Abs(); skew > time.Millisecond || starts[0].IsZero() {
			t.Errorf("they start %v apart", skew)
		}
		mu.Unlock()
		finish(t, h, clients)
	})
}

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
		clients, _ := h.seated(2, nil)
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

// A party that comes back hears what it missed, and all its pairs start again.
func TestTrickleAfterReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		box, other := &mailbox{}, &mailbox{}
		cfg := h.party(0)
		cfg.Peers = other.add
		clients := []*Client{h.mustJoin(cfg)}
		cfg = h.party(1)
		cfg.Peers = box.add
		c, cable := h.joinOnCable(cfg)
		clients = append(clients, c)
		clients[0].Announce(at("192.0.2.1:1"))
		clients[1].Announce(at("192.0.2.2:1"))
		stage(t, clients, Running)
		box.take()
		other.take()
		cable.cut(true)
		time.Sleep(lostAfter)
		clients[0].Announce(at("192.0.2.1:2"))
		time.Sleep(time.Second)
		clients[1].Announce(at("192.0.2.2:2"))
		cable.up()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := told(box.take()); got != "0 192.0.2.1:2, 0 go" {
			t.Errorf("party 1 heard %q", got)
		}
		if got := told(other.take()); got != "1 192.0.2.2:2, 1 go" {
			t.Errorf("party 0 heard %q", got)
		}
		finish(t, h, clients)
	})
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
