package coord

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A raw end of a pipe speaks frames without the care of a link. Everything it is told is kept in heard.
type raw struct {
	t     *testing.T
	conn  net.Conn
	heard chan message
}

func newRaw(t *testing.T, conn net.Conn, allowed func(frameType) bool) *raw {
	r := &raw{t, conn, make(chan message, 1000)}
	go func() {
		defer close(r.heard)
		for {
			kind, n, err := readHeader(conn, allowed)
			payload := make([]byte, n)
			if _, err2 := io.ReadFull(conn, payload); err != nil || err2 != nil {
				return
			}
			if m, err := decode(kind, payload); err == nil && !kind.fromBoth() {
				r.heard <- m
			}
		}
	}()
	return r
}

func (r *raw) say(m message) {
	r.t.Helper()
	frame, err := encode(m)
	if err != nil {
		r.t.Fatal(err)
	}
	r.conn.Write(frame)
}

// until returns the next message of type M, or fails when there is none.
func until[M message](r *raw) M {
	r.t.Helper()
	for m := range r.heard {
		if m, ok := m.(M); ok {
			return m
		}
	}
	r.t.Errorf("the connection ended without %T", *new(M))
	return *new(M)
}

// rawJoin is a valid join of seat i.
func (h *host) rawJoin(i int) (join, [32]byte) {
	h.t.Helper()
	nonce := fill[[32]byte](byte(i + 1))
	j, err := newJoin(h.party(i))
	if err != nil {
		h.t.Fatal(err)
	}
	j.commitment = commitmentTo(key(i).ID(), nonce)
	return j, nonce
}

// What a party may do wrong, at each step: it is told, named to the others, and nobody hangs.
func TestHostileParty(t *testing.T) {
	for name, tc := range map[string]struct {
		act  func(h *host, r *raw, j join, nonce [32]byte)
		told Refusal // 0 if it hears nothing
	}{
		"bytes":           {func(_ *host, r *raw, _ join, _ [32]byte) { r.conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")) }, ErrMalformed},
		"oversized frame": {func(_ *host, r *raw, _ join, _ [32]byte) { r.conn.Write([]byte{byte(frameJoin), 0xff, 0xff, 0xff}) }, ErrMalformed},
		"malformed join": {func(_ *host, r *raw, _ join, _ [32]byte) {
			r.conn.Write([]byte{byte(frameJoin), 0, 0, 2, wireVersion, 9})
		}, ErrMalformed},
		"later version": {func(_ *host, r *raw, _ join, _ [32]byte) {
			r.conn.Write([]byte{byte(frameJoin), 0, 0, 2, wireVersion + 1, 9})
		}, ErrVersion},
		"open first":        {func(_ *host, r *raw, _ join, nonce [32]byte) { r.say(open{nonce}) }, ErrMalformed},
		"ping first":        {func(_ *host, r *raw, _ join, _ [32]byte) { r.say(ping{}) }, ErrMalformed},
		"coordinator frame": {func(_ *host, r *raw, _ join, _ [32]byte) { r.say(start{}) }, ErrMalformed},
		"join twice":        {func(_ *host, r *raw, j join, _ [32]byte) { r.say(j); r.say(j) }, ErrMalformed},
		"open too early":    {func(_ *host, r *raw, j join, nonce [32]byte) { r.say(j); r.say(open{nonce}) }, ErrMalformed},
		"ready too early":   {func(_ *host, r *raw, j join, _ [32]byte) { r.say(j); r.say(ready{}) }, ErrMalformed},
		"done too early":    {func(_ *host, r *raw, j join, _ [32]byte) { r.say(j); r.say(bye{}) }, ErrMalformed},
		"another nonce": {func(h *host, r *raw, j join, nonce [32]byte) {
			r.say(j)
			until[rosterMessage](r)
			nonce[0] ^= 1
			r.say(open{nonce})
		}, ErrMalformed},
		"half a frame, then silence": {func(_ *host, r *raw, _ join, _ [32]byte) { r.conn.Write([]byte{byte(frameJoin), 0, 0, 99, 1}) }, 0},
		"silence":                    {func(*host, *raw, join, [32]byte) {}, 0},
		"silence after joining":      {func(_ *host, r *raw, j join, _ [32]byte) { r.say(j); until[welcome](r) }, 0},
		"never opens": {func(_ *host, r *raw, j join, _ [32]byte) {
			r.say(j)
			until[rosterMessage](r)
			for range 8 {
				time.Sleep(pingEvery)
				r.say(ping{})
			}
		}, 0},
		"closes": {func(_ *host, r *raw, _ join, _ [32]byte) { r.conn.Close() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startHost(t, ServerConfig{Seats: 3})
				others := 2
				if strings.Contains(name, "too early") {
					others = 1 // or the roster would be fixed
				}
				clients, _ := h.seated(others, nil)
				r := newRaw(t, h.pipe(key(2).ID()), frameType.fromCoordinator)
				began := time.Now()
				j, nonce := h.rawJoin(2)
				tc.act(h, r, j, nonce)
				if tc.told != 0 {
					if e := until[end](r); !errors.Is(e.err, tc.told) {
						t.Errorf("it was told %v, want %v", e.err, tc.told)
					}
					r.conn.Close()
				}
				for range r.heard { // until the coordinator hangs up
				}
				if took := time.Since(began); took > 20*time.Second {
					t.Errorf("it was dropped after %v", took)
				}
				joined := h.events.of(2) != ""
				if joined {
					if err := h.outcome(); !errors.As(err, new(*PartyError)) {
						t.Errorf("host: %v", err)
					}
				} else { // the seat is still free for its owner
					clients = append(clients, h.mustJoin(h.party(2)))
					stage(t, clients, Running)
				}
				for _, c := range clients {
					c.Leave(NoCause, "")
				}
				h.outcome()
			})
		})
	}
}

// What is closed is told apart from what is silent: a machine whose network is out for a while does not close connections.
func TestClosed(t *testing.T) {
	for name, closed := range map[string]bool{"closed": true, "silent": false} {
		synctest.Test(t, func(t *testing.T) {
			h := startHost(t, ServerConfig{Seats: 3})
			clients, logs := h.seated(1, nil)
			r := newRaw(t, h.pipe(key(2).ID()), frameType.fromCoordinator)
			j, _ := h.rawJoin(2)
			r.say(j)
			until[welcome](r)
			if closed {
				r.conn.Close()
			} else {
				time.Sleep(lostAfter)
			}
			synctest.Wait()
			if e := h.events.last(2); e.State != Lost || e.Closed != closed {
				t.Errorf("%s: the host saw %+v", name, e)
			}
			if e := logs[0].last(2); e.State != Lost || e.Closed != closed {
				t.Errorf("%s: party 0 saw %+v", name, e)
			}
			clients[0].Close()
			r.conn.Close()
			h.outcome()
		})
	}
}

// A party that does not read is dropped, and holds up nobody.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 3})
		first := h.mustJoin(h.party(0))
		slow := h.pipe(key(1).ID())
		j, _ := h.rawJoin(1)
		frame, err := encode(j)
		if err != nil {
			t.Fatal(err)
		}
		slow.Write(frame)
		began := time.Now()
		last := h.mustJoin(h.party(2))
		if took := time.Since(began); took > 0 {
			t.Errorf("a slow reader held up a join for %v", took)
		}
		_, err = first.Roster(t.Context())
		var pe *PartyError
		if !errors.As(err, &pe) || pe.Seat != 1 || pe.Cause != Silent {
			t.Errorf("party 0: %v", err)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("dropped after %v", took)
		}
		last.Close()
		slow.Close()
		h.outcome()
	})
}

// One party that comes and goes without end cannot keep the others busy.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		cfg := h.party(0)
		cfg.Kept = true
		for i := range maxJoins + 1 {
			c, err := h.join(cfg)
			if i < maxJoins {
				if err != nil {
					t.Fatalf("join %d: %v", i, err)
				}
				c.Close()
			} else if !errors.Is(err, ErrBusy) {
				t.Errorf("join %d: %v", i, err)
			}
		}
		h.stop()
		h.outcome()
	})
}

// A party whose connection breaks again and again is told to wait, and gets its seat back when it has.
func TestFlappingComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		c, cable := h.joinOnCable(h.party(1))
		clients := []*Client{h.mustJoin(h.party(0)), c}
		stage(t, clients, Running)
		for range 2 * maxJoins {
			cable.current().Conn.Close() // for nothing while it waits
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := strings.Count(h.events.of(1), "running"); got > maxJoins+maxJoins/5+1 {
			t.Errorf("it came back %d times in %d seconds", got, 2*maxJoins)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := h.events.last(1).State; got != Running {
			t.Errorf("the host sees %v", got)
		}
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("session: %v", err)
		}
	})
}
