package coord

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tacit-mpc/tacit/identity"
)

// Every way to be refused: the party gets the reason as its type, and the session waits on for the right one.
func TestRefused(t *testing.T) {
	otherSecret := &Secret{b: [16]byte{1}}
	for name, tc := range map[string]struct {
		server ServerConfig
		taken  int // seats that parties 0, 1, ... have joined before
		who    int
		change func(h *host, cfg *ClientConfig)
		want   error
		text   string
	}{
		"full": {taken: 2, who: 3, change: byToken0(AnySeat), want: ErrFull, text: "the session has 2"},
		"seat taken by token": {taken: 1, who: 3, change: byToken0(0), want: ErrSeatTaken,
			text: "seat 0 belongs to another key"},
		"seat taken by ticket": {taken: 1, who: 3, change: func(h *host, cfg *ClientConfig) { cfg.Ticket = h.party(0).Ticket },
			want: ErrSeatTaken, text: "seat 0 belongs to another key"},
		"a second seat": {taken: 1, who: 0, change: byToken0(1), want: ErrSeatTaken, text: "the same key holds seat 0"},
		"too few seats": {who: 1, change: func(_ *host, cfg *ClientConfig) { cfg.Parties = 3 }, want: ErrParties,
			text: "2, and 3 are needed"},
		"out of range":     {who: 0, change: byToken0(2), want: ErrSeatRange, text: "there are seats 0 to 1"},
		"far out of range": {who: 0, change: byToken0(1000), want: ErrSeatRange},
		"ticket of another session": {who: 0, change: func(_ *host, cfg *ClientConfig) { cfg.Ticket.Session[0] ^= 1 },
			want: ErrExpired, text: "this is session"},
		"ticket with another secret": {who: 0, change: func(_ *host, cfg *ClientConfig) { cfg.Ticket.Secret.b[15] ^= 1 }, want: ErrSecret},
		"ticket of another seat": {who: 0, change: func(h *host, cfg *ClientConfig) {
			cfg.Ticket.Secret.b = h.party(1).Ticket.Secret.b
		}, want: ErrSecret},
		"wrong token": {who: 0, change: func(h *host, cfg *ClientConfig) {
			byToken0(AnySeat)(h, cfg)
			cfg.Token = otherSecret
		}, want: ErrSecret},
		"no token": {who: 0, change: func(h *host, cfg *ClientConfig) {
			byToken0(AnySeat)(h, cfg)
			cfg.Token = nil
		}, want: ErrNoSecret},
		"wrong token in an open session": {server: ServerConfig{Open: true}, who: 0, change: func(h *host, cfg *ClientConfig) {
			byToken0(AnySeat)(h, cfg)
			cfg.Token = otherSecret
		}, want: ErrSecret},
		"pinned program": {server: ServerConfig{Require: []Field{{"program", "pinned"}}}, who: 1, change: func(*host, *ClientConfig) {},
			text: "program differs: the coordinator has pinned, party 1 has abc"},
		"required field missing": {server: ServerConfig{Require: []Field{{"seal", "7"}}}, who: 1, change: func(*host, *ClientConfig) {},
			text: "seal differs: the coordinator has 7, party 1 has (none)"},
		"outputs": {server: ServerConfig{Outputs: []int{1}}, who: 1, change: func(_ *host, cfg *ClientConfig) { cfg.Outputs = []int{0, 1} },
			text: "outputs differs: the coordinator has [1], party 1 has [0 1]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tc.server.Seats = 2
				var refused error
				tc.server.Refused = func(from netip.AddrPort, id identity.ID, why error) {
					if from != loopback || id != key(tc.who).ID() {
						t.Errorf("refused %v of %v", id, from)
					}
					refused = why
				}
				h := startHost(t, tc.server)
				clients, _ := h.seated(tc.taken, nil)
				cfg := h.party(min(tc.who, 1))
				cfg.Key = key(tc.who)
				tc.change(h, &cfg)
				c, err := h.join(cfg)
				if err == nil {
					t.Fatalf("joined as seat %d", c.Seat())
				}
				if tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
					t.Errorf("Join: %v; want %v, %q", err, tc.want, tc.text)
				}
				if synctest.Wait(); refused == nil && name != "far out of range" {
					t.Error("the host was not told")
				}
				var mismatch *MismatchError
				if tc.want == nil && (!errors.As(err, &mismatch) || mismatch.Seats[0] != Coordinator) {
					t.Errorf("Join: %v; want a MismatchError of the coordinator", err)
				}
				if !strings.HasPrefix(name, "pinned") && !strings.HasPrefix(name, "required") && tc.taken < 2 {
					// The session goes on with the right party.
					right, err := h.join(h.party(tc.taken))
					if err != nil {
						t.Fatalf("the right party: %v", err)
					}
					clients = append(clients, right)
				}
				for _, c := range clients {
					c.Close()
				}
				h.stop()
				h.outcome()
			})
		})
	}
}

// byToken0 turns a configuration into the long form.
func byToken0(seat int) func(*host, *ClientConfig) {
	return func(h *host, cfg *ClientConfig) {
		token := h.server.Token()
		cfg.Ticket, cfg.Token, cfg.Seat = nil, &token, seat
	}
}

func TestAdmitted(t *testing.T) {
	for name, tc := range map[string]struct {
		server ServerConfig
		change func(*host, *ClientConfig)
		seat   int
	}{
		"any seat by token":       {change: byToken0(AnySeat), seat: 1},
		"a given seat by token":   {change: byToken0(2), seat: 2},
		"the seat of the ticket":  {change: func(h *host, cfg *ClientConfig) { cfg.Ticket = h.party(2).Ticket }, seat: 2},
		"any seat of an open one": {server: ServerConfig{Open: true}, change: func(h *host, cfg *ClientConfig) { byToken0(AnySeat)(h, cfg); cfg.Token = nil }, seat: 1},
		"outputs as they are":     {server: ServerConfig{Outputs: []int{2, 0}}, change: func(_ *host, cfg *ClientConfig) { cfg.Outputs = []int{2, 0} }, seat: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tc.server.Seats = 3
				h := startHost(t, tc.server)
				first := h.mustJoin(h.party(0))
				cfg := h.party(1)
				tc.change(h, &cfg)
				c := h.mustJoin(cfg)
				if c.Seat() != tc.seat {
					t.Errorf("seat %d, want %d", c.Seat(), tc.seat)
				}
				c.Close()
				first.Close()
				h.outcome()
			})
		})
	}
}

// Parties that disagree are all told the field, both values and both seats, and so is one that comes a little later.
func TestMismatch(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*ClientConfig)
		text   string
	}{
		"value":   {func(cfg *ClientConfig) { cfg.Fields[0].Value = "xyz" }, "program differs: party 0 has abc, party 1 has xyz"},
		"missing": {func(cfg *ClientConfig) { cfg.Fields = cfg.Fields[:1] }, "rho differs: party 0 has 40, party 1 has (none)"},
		"more":    {func(cfg *ClientConfig) { cfg.Fields = append(cfg.Fields, Field{"k", "8"}) }, "k differs: party 0 has (none), party 1 has 8"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startHost(t, ServerConfig{Seats: 3})
				first := h.mustJoin(h.party(0))
				cfg := h.party(1)
				tc.change(&cfg)
				errs := []error{nil, nil, nil, nil}
				if c, err := h.join(cfg); err != nil {
					errs[1] = err
				} else { // told right after the welcome
					_, errs[1] = c.Roster(t.Context())
				}
				_, errs[0] = first.Roster(t.Context())
				_, errs[2] = h.join(h.party(2))
				errs[3] = h.outcome()
				for i, err := range errs {
					var m *MismatchError
					if !errors.As(err, &m) || !strings.Contains(err.Error(), tc.text) || m.Seats != [2]int{0, 1} {
						t.Errorf("party %d: %v; want %q", i, err, tc.text)
					}
				}
			})
		})
	}
}

// The second agreement, of what is known only with the roster.
func TestReadyMismatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 3})
		clients, _ := h.seated(3, nil)
		all(clients, func(i int, c *Client) {
			err := c.Ready(t.Context(), []Field{{"circuit", []string{"a", "a", "b"}[i]}})
			var m *MismatchError
			if !errors.As(err, &m) || m.Field != "circuit" {
				t.Errorf("party %d: %v", i, err)
			}
		})
		if err := h.outcome(); !errors.As(err, new(*MismatchError)) {
			t.Errorf("host: %v", err)
		}
	})
}

func TestBadConfig(t *testing.T) {
	good := ClientConfig{Key: key(0), Coordinator: key(5).ID(), Addrs: []string{"127.0.0.1:1"}}
	for name, change := range map[string]func(*ClientConfig){
		"no key":            func(c *ClientConfig) { c.Key = nil },
		"seat -2":           func(c *ClientConfig) { c.Seat = -2 },
		"escape in name":    func(c *ClientConfig) { c.Name = "\x1b[2J" },
		"long name":         func(c *ClientConfig) { c.Name = strings.Repeat("a", maxName+1) },
		"reversed name":     func(c *ClientConfig) { c.Name = "\u202eabc" },
		"field twice":       func(c *ClientConfig) { c.Fields = []Field{{"a", "1"}, {"a", "1"}} },
		"nameless field":    func(c *ClientConfig) { c.Fields = []Field{{"", "1"}} },
		"huge constant":     func(c *ClientConfig) { c.Consts = []Field{{"a", strings.Repeat("1", maxValue+1)}} },
		"too many":          func(c *ClientConfig) { c.Consts = manyFields(3) },
		"output 64":         func(c *ClientConfig) { c.Outputs = []int{64} },
		"output twice":      func(c *ClientConfig) { c.Outputs = []int{1, 1} },
		"negative output":   func(c *ClientConfig) { c.Outputs = []int{-1} },
		"no address":        func(c *ClientConfig) { c.Addrs = nil },
		"misformed address": func(c *ClientConfig) { c.Addrs = []string{"localhost"} },
		"named port":        func(c *ClientConfig) { c.Addrs = []string{"127.0.0.1:http"} },
	} {
		cfg := good
		change(&cfg)
		if _, err := Join(t.Context(), failing{}, cfg); err == nil {
			t.Errorf("%s: joined", name)
		}
	}
	for name, cfg := range map[string]ServerConfig{
		"no key":       {Seats: 2},
		"no seats":     {Key: key(5)},
		"one seat":     {Key: key(5), Seats: 1},
		"65 seats":     {Key: key(5), Seats: 65},
		"evaluator":    {Key: key(5), Seats: 2, Evaluator: 2},
		"output":       {Key: key(5), Seats: 2, Outputs: []int{2}},
		"output twice": {Key: key(5), Seats: 2, Outputs: []int{0, 0}},
	} {
		if _, err := NewServer(cfg); err == nil {
			t.Errorf("%s: hosted", name)
		}
	}
}

func manyFields(n int) []Field {
	var fields []Field
	for i := range n {
		fields = append(fields, Field{string(rune('a' + i)), strings.Repeat("1", maxValue)})
	}
	return fields
}

// A party that expects another key in a seat leaves before it opens its nonce, and says so.
func TestExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		right, wrong := h.party(0), h.party(1)
		right.Expect = map[int]identity.ID{0: key(0).ID(), 1: key(1).ID()}
		wrong.Expect = map[int]identity.ID{0: key(3).ID()}
		a, b := h.mustJoin(right), h.mustJoin(wrong)
		_, err := b.Roster(t.Context())
		var ke *identity.KeyError
		if !errors.As(err, &ke) || ke.Got != key(0).ID() || ke.Want != key(3).ID() || !strings.Contains(err.Error(), "party 0") {
			t.Errorf("party 1: %v", err)
		}
		_, err = a.Roster(t.Context())
		var pe *PartyError
		if !errors.As(err, &pe) || pe.Seat != 1 || pe.Cause != Rejected {
			t.Errorf("party 0: %v", err)
		}
		h.outcome()
	})
}
