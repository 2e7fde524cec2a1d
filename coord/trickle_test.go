package coord

import (
	"fmt"
	"net/netip"
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
			Relayed: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:50000")}}
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

// The most parties there may be find each other: everybody hears everybody's latest addresses, and all pairs start.
func TestManyPaths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: MaxSeats})
		var clients []*Client
		boxes := make([]mailbox, MaxSeats)
		for i := range MaxSeats {
			ticket, err := h.server.Ticket(i, []string{"127.0.0.1:1"})
			if err != nil {
				t.Fatal(err)
			}
			k, err := identity.Generate()
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, h.mustJoin(ClientConfig{Key: k, Ticket: &ticket, Peers: boxes[i].add}))
		}
		for n := range 8 {
			all(clients, func(i int, c *Client) { c.Announce(at(fmt.Sprintf("192.0.2.%d:%d", i, n+1))) })
		}
		stage(t, clients, Running)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for i := range boxes {
			latest, launched := make(map[int]string), make(map[int]bool)
			for _, u := range boxes[i].take() {
				if len(u.Candidates) > 0 {
					latest[u.Seat] = u.Candidates[0].Addr.String()
				}
				launched[u.Seat] = launched[u.Seat] || u.Go
			}
			for k := range MaxSeats {
				if want := fmt.Sprintf("192.0.2.%d:8", k); k != i && (latest[k] != want || !launched[k]) {
					t.Fatalf("party %d has %q of party %d, started %v", i, latest[k], k, launched[k])
				}
			}
		}
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("session: %v", err)
		}
	})
}
