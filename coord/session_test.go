package coord

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// A host runs a session over pipes, so that tests have virtual time and every step of the real session and client.
type host struct {
	t        *testing.T
	server   *Server
	stop     context.CancelFunc // interrupts the session
	serving  context.Context    // ends after it
	handlers sync.WaitGroup
	done     chan struct{}
	err      error // how the session ended, after done
	events   log
}

// A log collects events.
type log struct {
	mu   sync.Mutex
	list []Event
}

func (l *log) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, e)
}

// of are the states that were told of a seat, in order.
func (l *log) of(seat int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.list {
		if e.Seat == seat {
			out = append(out, e.State.String())
		}
	}
	return strings.Join(out, " ")
}

func (l *log) last(seat int) Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range slices.Backward(l.list) {
		if e.Seat == seat {
			return e
		}
	}
	return Event{}
}

var testKeys = sync.OnceValue(func() []*identity.Key {
	keys := make([]*identity.Key, 6)
	for i := range keys {
		keys[i], _ = identity.Generate()
	}
	return keys
})

func key(i int) *identity.Key { return testKeys()[i] }

func startHost(t *testing.T, cfg ServerConfig) *host {
	t.Helper()
	h := &host{t: t, done: make(chan struct{})}
	cfg.Key, cfg.Events = key(5), h.events.add
	var err error
	if h.server, err = NewServer(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	serving, ended := context.WithCancel(context.Background())
	h.stop, h.serving = stop, serving
	go func() {
		defer close(h.done)
		h.err = h.server.session.run(ctx)
		ended()
		h.handlers.Wait()
	}()
	return h
}

var loopback = netip.MustParseAddrPort("127.0.0.1:1000")

// pipe connects to the host as the given key.
func (h *host) pipe(id identity.ID) net.Conn {
	a, b := net.Pipe()
	h.handlers.Add(1)
	go func() {
		defer h.handlers.Done()
		h.server.handle(h.serving, b, id, loopback, nil)
	}()
	return a
}

// party is a configuration for the seat, by ticket.
func (h *host) party(seat int) ClientConfig {
	ticket, err := h.server.Ticket(seat, []string{"127.0.0.1:1"})
	if err != nil {
		h.t.Fatal(err)
	}
	return ClientConfig{Key: key(seat), Ticket: &ticket, Name: fmt.Sprintf("p%d", seat),
		Fields: []Field{{"program", "abc"}, {"rho", "40"}}, Consts: []Field{{"N", fmt.Sprintf("%du8", seat)}}}
}

func (h *host) join(cfg ClientConfig) (*Client, error) {
	return joinOver(h.t.Context(), cfg, h.server.cfg.Key.ID(), func(context.Context) (conn, netip.AddrPort, error) {
		select {
		case <-h.done:
			return nil, netip.AddrPort{}, &UnreachableError{Tried: []string{"pipe"}, Errs: []error{errors.New("nobody there")}}
		default:
			return h.pipe(cfg.Key.ID()), loopback, nil
		}
	})
}

func (h *host) mustJoin(cfg ClientConfig) *Client {
	h.t.Helper()
	c, err := h.join(cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// outcome waits for the end of the session.
func (h *host) outcome() error {
	<-h.done
	return h.err
}

// all runs f for every client at once.
func all(clients []*Client, f func(i int, c *Client)) {
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() { f(i, c) })
	}
	wg.Wait()
}

// seated joins n parties and returns them with their logs.
func (h *host) seated(n int, change func(*ClientConfig)) ([]*Client, []*log) {
	h.t.Helper()
	var clients []*Client
	var logs []*log
	for i := range n {
		cfg, l := h.party(i), &log{}
		cfg.Events = l.add
		if change != nil {
			change(&cfg)
		}
		clients, logs = append(clients, h.mustJoin(cfg)), append(logs, l)
	}
	return clients, logs
}

func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 3, Evaluator: 1, Outputs: []int{2, 0}})
		clients, logs := h.seated(3, func(cfg *ClientConfig) {
			cfg.Candidates = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5"), netip.MustParseAddrPort("127.0.0.1:6")}
			cfg.Outputs = []int{0, 2}
		})
		rosters := make([]*Roster, 3)
		all(clients, func(i int, c *Client) {
			r, err := c.Roster(t.Context())
			if err != nil {
				t.Errorf("party %d: %v", i, err)
				return
			}
			rosters[i] = r
			if err := c.Ready(t.Context(), []Field{{"circuit", "d"}}); err != nil {
				t.Errorf("party %d: %v", i, err)
			}
		})
		if t.Failed() {
			return
		}
		r := rosters[0]
		if r.Evaluator != 1 || !slices.Equal(r.Outputs, []int{0, 2}) || len(r.Words) != 6 || r.Session != h.server.Session() || r.Coordinator != key(5).ID() {
			t.Errorf("roster %+v", r)
		}
		for i, m := range r.Members {
			want := []netip.AddrPort{loopback, netip.MustParseAddrPort("192.0.2.1:5"), netip.MustParseAddrPort("127.0.0.1:6")}
			if m.Seat != i || m.Key != key(i).ID() || m.Name != fmt.Sprintf("p%d", i) || m.Consts[0].Value != fmt.Sprintf("%du8", i) || !slices.Equal(m.Addrs, want) {
				t.Errorf("member %d: %+v", i, m)
			}
			if strings.Join(rosters[i].Words, " ") != strings.Join(r.Words, " ") || rosters[i].Digest != r.Digest {
				t.Errorf("party %d shows other words", i)
			}
		}
		all(clients, func(i int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("session: %v", err)
		}
		for i := range clients {
			if got := h.events.of(i); got != "joined connecting running done" {
				t.Errorf("the host saw seat %d: %s", i, got)
			}
		}
		if got := logs[0].of(2); !strings.HasPrefix(got, "joined connecting running") {
			t.Errorf("party 0 saw seat 2: %s", got)
		}
	})
}

// Nonces are fresh, so two sessions of the same parties have different words.
func TestWordsDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			h := startHost(t, ServerConfig{Seats: 2})
			clients, _ := h.seated(2, nil)
			all(clients, func(i int, c *Client) {
				r, err := c.Roster(t.Context())
				if err != nil {
					t.Error(err)
				} else if i == 0 {
					seen[strings.Join(r.Words, " ")] = true
				}
			})
			all(clients, func(_ int, c *Client) { c.Close() })
			h.outcome()
		})
	}
	if len(seen) != 2 {
		t.Errorf("words %v", seen)
	}
}

func TestEmptySeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		h := startHost(t, ServerConfig{Seats: 3, Timeout: time.Minute})
		clients, _ := h.seated(1, nil)
		_, err := clients[0].Roster(t.Context())
		var empty *EmptyError
		if !errors.As(err, &empty) || !slices.Equal(empty.Seats, []int{1, 2}) {
			t.Errorf("party: %v", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("after %v", took)
		}
		if err := h.outcome(); !errors.As(err, &empty) || !slices.Equal(empty.Seats, []int{1, 2}) {
			t.Errorf("host: %v", err)
		}
	})
}

// The most parties there may be.
func TestManySeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: MaxSeats})
		var clients []*Client
		for i := range MaxSeats {
			cfg := ClientConfig{Name: strings.Repeat("n", maxName), Consts: manyFields(1), Candidates: make17()}
			ticket, err := h.server.Ticket(i, []string{"127.0.0.1:1"})
			if err != nil {
				t.Fatal(err)
			}
			cfg.Ticket = &ticket
			if cfg.Key, err = identity.Generate(); err != nil {
				t.Fatal(err)
			}
			clients = append(clients, h.mustJoin(cfg))
		}
		stage(t, clients, Running)
		r, err := clients[0].Roster(t.Context())
		if err != nil || len(r.Members) != MaxSeats || len(r.Members[63].Addrs) != maxAddrs {
			t.Errorf("roster of %d, %v", len(r.Members), err)
		}
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("session: %v", err)
		}
	})
}

// Of several failures, the one that explains the others is told.
func TestWorst(t *testing.T) {
	gone := &link{}
	bad := func(state State, cause Cause, trouble int) seat {
		return seat{state: state, cause: cause, trouble: trouble, during: Running}
	}
	for name, tc := range map[string]struct {
		seats []seat
		want  int // -1: nobody
	}{
		"all done":                         {[]seat{{state: Done}, {state: Done}}, -1},
		"lost before those who lost it":    {[]seat{bad(Failed, PeerLost, 1), bad(Failed, PeerLost, 2), bad(Running, Silent, 3)}, 2},
		"the first who left":               {[]seat{bad(Failed, Interrupted, 2), bad(Failed, LocalFailure, 1)}, 1},
		"an abort before anything":         {[]seat{bad(Failed, Interrupted, 1), bad(Failed, ProtocolAbort, 2), bad(Running, Silent, 3)}, 1},
		"the first abort":                  {[]seat{bad(Failed, ProtocolAbort, 2), bad(Failed, ProtocolAbort, 1)}, 1},
		"lost first, then one interrupted": {[]seat{bad(Failed, Interrupted, 2), bad(Running, Silent, 1)}, 1},
		"no path between two":              {[]seat{bad(Failed, PeerLost, 1), bad(Failed, PeerLost, 2), {state: Done}}, 0},
		"one still there":                  {[]seat{{state: Running, link: gone}, bad(Failed, PeerLost, 1)}, 1},
	} {
		err := (&session{seats: tc.seats}).worst()
		var pe *PartyError
		if errors.As(err, &pe) != (tc.want >= 0) || pe != nil && (pe.Seat != tc.want || pe.During != Running) {
			t.Errorf("%s: %v, want party %d", name, err, tc.want)
		}
	}
}
