package coord

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/tacit-mpc/tacit/identity"
)

// hostileCoordinator joins one client to a coordinator played by the test.
func hostileCoordinator(t *testing.T, cfg ClientConfig) (*raw, func() (*Client, error)) {
	a, b := net.Pipe()
	r := newRaw(t, b, frameType.fromParty)
	type result struct {
		c   *Client
		err error
	}
	joined := make(chan result, 1)
	first := true
	go func() {
		c, err := joinOver(t.Context(), cfg, key(5).ID(), func(context.Context) (conn, netip.AddrPort, error) {
			if !first {
				return nil, netip.AddrPort{}, errors.New("gone")
			}
			first = false
			return a, loopback, nil
		})
		joined <- result{c, err}
	}()
	return r, func() (*Client, error) { res := <-joined; return res.c, res.err }
}

// A coordinator that bends the roster, or says things that do not fit together, is found out by the client alone.
func TestHostileCoordinator(t *testing.T) {
	session := fill[SessionID](9)
	nonce1 := fill[[32]byte](0x31)
	// honest is what a correct coordinator would say to party 0 of 2.
	honest := func(j join) *Roster {
		return &Roster{Session: session, Outputs: []int{0, 1}, Fields: j.fields, Members: []Member{
			{Seat: 0, Key: key(0).ID(), Name: j.name, Consts: j.consts, commitment: j.commitment},
			{Seat: 1, Key: key(1).ID(), Name: "p1", commitment: commitmentTo(key(1).ID(), nonce1)},
		}}
	}
	sayRoster := func(change func(r *Roster)) func(*raw, join) {
		return func(r *raw, j join) {
			roster := honest(j)
			change(roster)
			r.say(rosterMessage{roster})
		}
	}
	sayNonces := func(change func(list [][32]byte) [][32]byte) func(*raw, join) {
		return func(r *raw, j join) {
			r.say(rosterMessage{honest(j)})
			o := until[open](r)
			r.say(nonces{change([][32]byte{o.nonce, nonce1})})
		}
	}
	for name, tc := range map[string]struct {
		act  func(*raw, join)
		want func(error) bool
	}{
		"another session":    {sayRoster(func(r *Roster) { r.Session[0]++ }), is(ErrInconsistent)},
		"three seats of two": {sayRoster(func(r *Roster) { r.Members = append(r.Members, Member{Seat: 2, Key: key(2).ID()}) }), is(ErrInconsistent)},
		"our key swapped":    {sayRoster(func(r *Roster) { r.Members[0].Key = key(3).ID() }), is(ErrInconsistent)},
		"our name":           {sayRoster(func(r *Roster) { r.Members[0].Name = "eve" }), is(ErrInconsistent)},
		"our constant":       {sayRoster(func(r *Roster) { r.Members[0].Consts = []Field{{"N", "9u8"}} }), is(ErrInconsistent)},
		"our commitment":     {sayRoster(func(r *Roster) { r.Members[0].commitment[0]++ }), is(ErrInconsistent)},
		"our place":          {sayRoster(func(r *Roster) { r.Members[0], r.Members[1] = r.Members[1], r.Members[0] }), is(ErrInconsistent)},
		"the program":        {sayRoster(func(r *Roster) { r.Fields = []Field{{"program", "xyz"}, {"rho", "40"}} }), mismatches("program")},
		"a field missing":    {sayRoster(func(r *Roster) { r.Fields = r.Fields[:1] }), mismatches("rho")},
		"the outputs":        {sayRoster(func(r *Roster) { r.Outputs = []int{1} }), mismatches("outputs")},
		"an expected key": {sayRoster(func(r *Roster) { r.Members[1].Key = key(3).ID() }), func(err error) bool {
			var ke *identity.KeyError
			return errors.As(err, &ke) && ke.Got == key(3).ID()
		}},
		"another nonce":            {sayNonces(func(l [][32]byte) [][32]byte { l[1][0]++; return l }), is(ErrInconsistent)},
		"our nonce replaced":       {sayNonces(func(l [][32]byte) [][32]byte { l[0][0]++; return l }), is(ErrInconsistent)},
		"a nonce missing":          {sayNonces(func(l [][32]byte) [][32]byte { return l[:1] }), is(ErrInconsistent)},
		"nonces before the roster": {func(r *raw, _ join) { r.say(nonces{[][32]byte{{}, {}}}) }, is(ErrInconsistent)},
		"start before the roster":  {func(r *raw, _ join) { r.say(start{}) }, is(ErrInconsistent)},
		"done before the start":    {func(r *raw, _ join) { r.say(end{}) }, is(ErrInconsistent)},
		"welcome twice":            {func(r *raw, _ join) { r.say(welcome{session: session, seat: 0, seats: 2, observed: loopback}) }, is(ErrInconsistent)},
		"seat 5 of 2":              {func(r *raw, _ join) { r.say(event{Event{Seat: 5, State: Joined}}) }, is(ErrInconsistent)},
		"garbage":                  {func(r *raw, _ join) { r.conn.Write([]byte{byte(frameWelcome), 0, 0, 1, 1}) }, is(ErrInconsistent)},
		"a frame of a party":       {func(r *raw, _ join) { r.say(open{}) }, is(ErrInconsistent)},
		"an oversized frame":       {func(r *raw, _ join) { r.conn.Write([]byte{byte(frameRoster), 0xff, 0xff, 0xff}) }, is(ErrInconsistent)},
		"a second, other roster": {func(r *raw, j join) {
			sayRoster(func(*Roster) {})(r, j)
			sayRoster(func(r *Roster) { r.Evaluator = 1 })(r, j)
		}, is(ErrInconsistent)},
		"silence after the welcome": {func(*raw, join) {}, is(ErrLost)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := ClientConfig{Key: key(0), Seat: AnySeat, Name: "p0", Fields: []Field{{"program", "abc"}, {"rho", "40"}},
					Consts: []Field{{"N", "1u8"}}, Outputs: []int{0, 1}, Expect: map[int]identity.ID{1: key(1).ID()}}
				r, joined := hostileCoordinator(t, cfg)
				j := until[join](r)
				r.say(welcome{session: session, seat: 0, seats: 2, observed: loopback})
				c, err := joined()
				if err != nil {
					t.Fatal(err)
				}
				tc.act(r, j)
				if _, err := c.Roster(t.Context()); err == nil || !tc.want(err) {
					t.Errorf("Roster: %v", err)
				}
				c.Close()
				r.conn.Close()
				opened := false
				for m := range r.heard {
					_, ok := m.(open)
					opened = opened || ok
				}
				if opened && name != "a second, other roster" {
					t.Error("the nonce was opened after a roster that was refused")
				}
			})
		})
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func mismatches(field string) func(error) bool {
	return func(err error) bool {
		var m *MismatchError
		return errors.As(err, &m) && m.Field == field
	}
}

// The coordinator's welcome is held to the ticket.
func TestHostileWelcome(t *testing.T) {
	ticket := testTicket()
	ticket.Coordinator = key(5).ID()
	for name, m := range map[string]message{
		"another seat":    welcome{session: ticket.Session, seat: 1, seats: 3, observed: loopback},
		"another session": welcome{seat: 2, seats: 3, observed: loopback},
		"no welcome":      start{},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, joined := hostileCoordinator(t, ClientConfig{Key: key(0), Ticket: &ticket})
			until[join](r)
			r.say(m)
			until[bye](r)
			r.conn.Close()
			if _, err := joined(); !errors.Is(err, ErrInconsistent) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A coordinator in the middle gives each of two parties its own key for the other. It has to fix its nonces before it sees
// theirs, so their words differ whatever it does.
func TestSwappedKeysShowInWords(t *testing.T) {
	session := fill[SessionID](9)
	eve := key(3).ID()
	var shown [][]string
	for self := range 2 {
		synctest.Test(t, func(t *testing.T) {
			r, joined := hostileCoordinator(t, ClientConfig{Key: key(self), Seat: AnySeat})
			j := until[join](r)
			r.say(welcome{session: session, seat: self, seats: 2, observed: loopback})
			c, err := joined()
			if err != nil {
				t.Fatal(err)
			}
			evesNonce := fill[[32]byte](1)
			roster := &Roster{Session: session, Outputs: []int{0, 1}, Members: make([]Member, 2)}
			roster.Members[self] = Member{Key: key(self).ID(), commitment: j.commitment}
			roster.Members[1-self] = Member{Key: eve, commitment: commitmentTo(eve, evesNonce)}
			r.say(rosterMessage{roster})
			list := make([][32]byte, 2)
			list[self], list[1-self] = until[open](r).nonce, evesNonce
			r.say(nonces{list})
			got, err := c.Roster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			shown = append(shown, got.Words)
			r.conn.Close()
			c.Close()
		})
	}
	if len(shown) != 2 || reflect.DeepEqual(shown[0], shown[1]) {
		t.Errorf("both see %v", shown)
	}
}

// Any bytes at all from a coordinator, before and after its welcome: no panic, and the client ends with an error.
func FuzzClient(f *testing.F) {
	for _, s := range samples {
		frame, err := encode(s.m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, frame)
		f.Add(false, frame)
	}
	f.Fuzz(func(t *testing.T, welcomed bool, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			r, joined := hostileCoordinator(t, ClientConfig{Key: key(0), Seat: AnySeat})
			until[join](r)
			if welcomed {
				r.say(welcome{seats: 2, observed: loopback})
			}
			r.conn.Write(data)
			r.conn.Close()
			for range r.heard {
			}
			c, err := joined()
			if err == nil {
				_, err = c.Roster(t.Context())
				c.Close()
			}
			if err == nil {
				t.Error("a roster came of it")
			}
		})
	})
}

// The same once the roster is sealed, when paths are spoken of.
func FuzzSealedClient(f *testing.F) {
	for _, s := range samples {
		frame, err := encode(s.m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			c, r := sealedWith(t, ClientConfig{Key: key(0), Seat: AnySeat, Peers: func(u PeerUpdate) {
				if u.Seat != 1 || !u.Announcement.equal(u.Announcement.filtered(true)) {
					t.Errorf("told %+v", u)
				}
			}})
			r.conn.Write(data)
			r.conn.Close()
			for range r.heard {
			}
			c.Close()
		})
	})
}
