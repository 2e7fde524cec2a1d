package coord

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// A shelf is a StateStore in memory.
type shelf struct {
	mu    sync.Mutex
	state []byte
	saves int
	fail  error
}

func (s *shelf) Load() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.state), nil
}

func (s *shelf) Save(state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.fail == nil {
		s.state = bytes.Clone(state)
	}
	return s.fail
}

func (s *shelf) breaks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = errors.New("disk full")
}

func (s *shelf) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = nil
	return nil
}

// A crashing host is a coordinator that can be killed without a word and started again with its state.
type crashing struct {
	t      *testing.T
	cfg    ServerConfig
	now    *host
	cables []*network // one for each party
}

func startCrashing(t *testing.T, cfg ServerConfig) *crashing {
	if cfg.State == nil {
		cfg.State = &shelf{}
	}
	return &crashing{t: t, cfg: cfg, now: startHost(t, cfg)}
}

// join gives each party a network of its own.
func (c *crashing) join(cfg ClientConfig) *Client {
	c.t.Helper()
	client, n := c.now.joinOnCable(cfg)
	c.cables = append(c.cables, n)
	return client
}

// kill cuts all cables, and ends the old coordinator in a way that leaves the state alone.
func (c *crashing) kill() {
	for _, n := range c.cables {
		n.cut(true)
	}
	store := c.cfg.State.(*shelf)
	state, _ := store.Load()
	c.now.server.session.store = nil // what a process that is gone cannot reach
	c.now.stop()
	c.now.outcome()
	store.Save(state)
}

func (c *crashing) restart(parties ...int) {
	c.t.Helper()
	c.now = startHost(c.t, c.cfg)
	for _, i := range parties {
		c.cables[i].mu.Lock()
		c.cables[i].h, c.cables[i].down = c.now, false
		c.cables[i].mu.Unlock()
	}
}

// A coordinator that is killed in any phase and started again within the patience of the parties costs nothing: they come back by
// themselves, see the same words, and the session ends well.
func TestResume(t *testing.T) {
	for _, state := range []State{Joined, Connecting, Running, Done} {
		t.Run(state.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startCrashing(t, ServerConfig{Seats: 3, Outputs: []int{0, 2}})
				session, token := h.now.server.Session(), h.now.server.Token()
				n := 3
				if state == Joined {
					n = 2
				}
				var clients []*Client
				logs := make([]*log, 3)
				join := func(i int) {
					cfg := h.now.party(i)
					logs[i] = &log{}
					cfg.Events, cfg.PunchKey = logs[i].add, fill[[32]byte](byte(i+1))
					clients = append(clients, h.join(cfg))
				}
				for i := range n {
					join(i)
				}
				stage(t, clients, min(state, Running))
				words := ""
				if state > Joined {
					words = strings.Join(mustRoster(t, clients[0]).Words, " ")
				}
				if state == Done {
					clients[2].Leave(NoCause, "")
					synctest.Wait()
				}

				h.kill()
				time.Sleep(40 * time.Second)
				parties := []int{0, 1, 2}[:n]
				if state == Done {
					parties = parties[:2]
				}
				h.restart(parties...)
				if h.now.server.Session() != session || h.now.server.Token().Text() != token.Text() {
					t.Error("the session came back with another ID or token")
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				for _, i := range parties {
					if got := logs[i].of(Coordinator); got != "lost joined" {
						t.Errorf("party %d saw the coordinator: %s", i, got)
					}
					for k := range n {
						if got := logs[i].of(k); strings.Contains(got, "lost") {
							t.Errorf("party %d saw party %d: %s", i, k, got)
						}
					}
				}
				if state == Joined {
					join(2)
				}
				stage(t, clients[:len(clients)-btoi(state == Done)], Running)
				if got := strings.Join(mustRoster(t, clients[0]).Words, " "); words != "" && got != words {
					t.Errorf("words %q, before %q", got, words)
				}
				all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
				if err := h.now.outcome(); err != nil {
					t.Errorf("session: %v", err)
				}
				if left, _ := h.cfg.State.Load(); left != nil {
					t.Error("the state outlived the session")
				}
			})
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func mustRoster(t *testing.T, c *Client) *Roster {
	t.Helper()
	r, err := c.Roster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Parties that do not come back: before the start they are named after a while; a run that ended meanwhile is told by whoever
// comes.
func TestResumeWithout(t *testing.T) {
	for name, tc := range map[string]struct {
		state State
		back  func(c *Client) // what party 0 does then
		lost  bool
	}{
		"before the start":                {Connecting, func(c *Client) { c.Ready(context.Background(), nil) }, true},
		"it was done, and so was party 1": {Running, func(c *Client) { c.Leave(NoCause, "") }, false},
		"party 1 died in mid-run":         {Running, func(c *Client) { c.Leave(PeerLost, "lost party 1") }, true},
		"nobody comes back":               {Running, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startCrashing(t, ServerConfig{Seats: 2})
				clients := []*Client{h.join(h.now.party(0)), h.join(h.now.party(1))}
				stage(t, clients, tc.state)
				h.kill()
				time.Sleep(10 * time.Second)
				clients[1].Close() // nobody hears it
				if tc.back == nil {
					clients[0].Close()
					h.restart()
				} else {
					h.restart(0)
					time.Sleep(5 * time.Second)
					tc.back(clients[0])
				}
				began := time.Now()
				err := h.now.outcome()
				var pe *PartyError
				if tc.lost != errors.As(err, &pe) || !tc.lost && err != nil {
					t.Errorf("session: %v", err)
				}
				if pe != nil && tc.back != nil && (pe.Seat != 1 || pe.Cause != Silent) {
					t.Errorf("session: %v", err)
				}
				if took := time.Since(began); took > resumeWithin {
					t.Errorf("after %v", took)
				}
				clients[0].Close()
			})
		})
	}
}

// A coordinator that never comes back is given up by parties before the start when their patience ends, and never in a run.
func TestNotResumed(t *testing.T) {
	for _, state := range []State{Joined, Connecting} {
		synctest.Test(t, func(t *testing.T) {
			h := startCrashing(t, ServerConfig{Seats: 2})
			cfg := h.now.party(0)
			cfg.Patience = 20 * time.Second
			clients := []*Client{h.join(cfg)}
			if state == Connecting {
				clients = append(clients, h.join(h.now.party(1)))
			}
			stage(t, clients, state)
			h.kill()
			began := time.Now()
			err := clients[0].Ready(t.Context(), nil)
			if took := time.Since(began); !errors.Is(err, ErrLost) || took < cfg.Patience || took > cfg.Patience+lostAfter+time.Second {
				t.Errorf("%v after %v", err, took)
			}
			all(clients, func(_ int, c *Client) { c.Close() })
		})
	}
}

// The first key that took a seat owns it over a restart, too.
func TestResumeKeepsOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startCrashing(t, ServerConfig{Seats: 2})
		c := h.join(h.now.party(0))
		h.kill()
		h.restart(0)
		thief := h.now.party(0)
		thief.Key = key(3)
		if _, err := h.now.join(thief); !errors.Is(err, ErrSeatTaken) {
			t.Errorf("another key: %v", err)
		}
		c.Close()
		h.now.outcome()
	})
}

// When the state cannot be saved, that is told at the start, and never hurts a session later.
func TestStateUnsavable(t *testing.T) {
	store := &shelf{fail: errors.New("disk full")}
	if _, err := NewServer(ServerConfig{Key: key(5), Seats: 2, State: store}); !errors.Is(err, store.fail) {
		t.Errorf("NewServer: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		h := startHost(t, ServerConfig{Seats: 2, State: store})
		store.breaks()
		clients, _ := h.seated(2, nil)
		stage(t, clients, Running)
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("session: %v", err)
		}
	})
}

// sampleState is a session in each phase, made without chance.
func sampleState(step phase) *session {
	s := &session{cfg: ServerConfig{Key: key(5), Seats: 3, Evaluator: 1, Outputs: []int{0, 2}, Require: []Field{{"program", "ab"}}},
		id: fill[SessionID](1), token: Secret{b: fill[[16]byte](2)}, phase: step, seats: make([]seat, 3), troubles: 2}
	for i := range s.seats {
		me := &s.seats[i]
		me.secret.b = fill[[16]byte](byte(0x10 + i))
		if step == gathering && i == 2 {
			continue
		}
		nonce := fill[[32]byte](byte(0x30 + i))
		me.owner, me.state, me.link = fill[identity.ID](byte(0x20+i)), Joined, &link{}
		me.join = join{seat: i, name: fmt.Sprint("p", i), fields: []Field{{"program", "ab"}}, commitment: commitmentTo(me.owner, nonce),
			addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:4433")}, punchKey: fill[[32]byte](byte(0x40 + i))}
		switch step {
		case gathering:
			s.deadline = time.UnixMilli(1700000000123)
		case connecting:
			me.state, me.opened, me.nonce, me.ready = Connecting, true, nonce, i == 1
		case running:
			me.state, me.opened, me.nonce, me.ready, me.agreed = Running, true, nonce, true, []Field{{"circuit", "cd"}}
		}
	}
	if step == running { // one is away, one failed
		s.seats[1].link, s.seats[1].cause, s.seats[1].reason, s.seats[1].trouble = nil, Silent, "nothing was heard", 1
		s.seats[2].state, s.seats[2].cause, s.seats[2].reason, s.seats[2].during, s.seats[2].trouble = Failed, Interrupted, "stopped", Running, 2
	}
	return s
}

func stateOf(t testing.TB, s *session) []byte {
	t.Helper()
	b := cryptobyte.NewBuilder(nil)
	s.appendState(b)
	state, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func emptySession() *session {
	return &session{cfg: sampleState(gathering).cfg, seats: make([]seat, 3)}
}

// goldenState is the state of sampleState(running) after the coordinator's key.
const goldenState = "0101010101010101020202020202020202020202020202020201000000000000000500000d000770726f6772616d0002616203000000000000000000000002101010101010101010101010101010100320202020202020202020202020202020202020202020202020202020202020200000630200000000027030000d000770726f6772616d00026162000000000704c0000201115135244dec00c45ba24e27935c5256aa1073d01d8c927b9efa097b16a989dcd52240404040404040404040404040404040404040404040404040404040404040400001303030303030303030303030303030303030303030303030303030303030303001000d00076369726375697400026364111111111111111111111111111111110321212121212121212121212121212121212121212121212121212121212121210000630200010000027031000d000770726f6772616d00026162000000000704c00002011151d627065a849bb00c876cb7068eb1e3a7309131902def1663b28a8881d7c85fe141414141414141414141414141414141414141414141414141414141414141410101313131313131313131313131313131313131313131313131313131313131313101000d000763697263756974000263640200116e6f7468696e67207761732068656172640000000001121212121212121212121212121212120522222222222222222222222222222222222222222222222222222222222222220000630200020000027032000d000770726f6772616d00026162000000000704c00002011151a277f6e17a7e60696c6251576fb3324b2a6cc6e003af120786c861f3d27bbae142424242424242424242424242424242424242424242424242424242424242420001323232323232323232323232323232323232323232323232323232323232323201000d0007636972637569740002636403000773746f707065640300000002"

func TestStateFormat(t *testing.T) {
	for _, step := range []phase{gathering, opening, connecting, running} {
		state := stateOf(t, sampleState(step))
		s := emptySession()
		if err := s.restore(state); err != nil {
			t.Errorf("phase %d: %v", step, err)
			continue
		}
		if again := stateOf(t, s); !bytes.Equal(again, state) {
			t.Errorf("phase %d:\n got %x\nwant %x", step, again, state)
		}
		for cut := range state {
			if err := emptySession().restore(state[:cut]); err == nil {
				t.Errorf("phase %d: its first %d bytes were taken", step, cut)
			}
		}
		if err := emptySession().restore(append(state, 0)); err == nil {
			t.Errorf("phase %d: a trailing byte was taken", step)
		}
	}
	state := stateOf(t, sampleState(running))
	if got := hex.EncodeToString(state[len(stateMagic)+1+32:]); got != goldenState {
		t.Errorf("the format changed: %s", got)
	}
}

// State of another coordinator or of a session with other settings is refused, and so is what no session can come to.
func TestStateRefused(t *testing.T) {
	for name, change := range map[string]func(*ServerConfig){
		"another key":     func(c *ServerConfig) { c.Key = key(4) },
		"more seats":      func(c *ServerConfig) { c.Seats = 4 },
		"other evaluator": func(c *ServerConfig) { c.Evaluator = 0 },
		"other outputs":   func(c *ServerConfig) { c.Outputs = nil },
		"open":            func(c *ServerConfig) { c.Open = true },
		"another program": func(c *ServerConfig) { c.Require = []Field{{"program", "xy"}} },
	} {
		store := &shelf{state: stateOf(t, sampleState(connecting))}
		cfg := sampleState(connecting).cfg
		cfg.State = store
		if _, err := NewServer(cfg); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if _, err := NewServer(cfg); err == nil || !strings.Contains(err.Error(), "resume the saved session") {
			t.Errorf("%s: %v", name, err)
		}
		if store.state == nil {
			t.Errorf("%s: the state was removed", name)
		}
	}
	for name, change := range map[string]func(*session){
		"one key in two seats": func(s *session) {
			s.seats[1].owner, s.seats[1].join = s.seats[0].owner, s.seats[0].join
			s.seats[1].nonce = s.seats[0].nonce
		},
		"another nonce":            func(s *session) { s.seats[1].nonce[0]++ },
		"an empty seat":            func(s *session) { s.seats[1].state = Empty },
		"lost":                     func(s *session) { s.seats[1].state = Lost },
		"running before the start": func(s *session) { s.seats[1].state = Running },
		"done before the start":    func(s *session) { s.seats[1].state = Done },
		"nobody":                   func(s *session) { s.seats[1].owner = identity.ID{} },
		"failed without a cause":   func(s *session) { s.phase, s.seats[1].state = running, Failed },
		"over":                     func(s *session) { s.phase = over },
	} {
		s := sampleState(connecting)
		change(s)
		if err := emptySession().restore(stateOf(t, s)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Any bytes as a state: no panic, and what is taken has one encoding.
func FuzzState(f *testing.F) {
	for _, step := range []phase{gathering, opening, connecting, running} {
		f.Add(stateOf(f, sampleState(step))[len(stateMagic)+1+32:])
	}
	head := stateOf(f, sampleState(gathering))[:len(stateMagic)+1+32]
	f.Fuzz(func(t *testing.T, data []byte) {
		state := append(bytes.Clone(head), data...)
		s := emptySession()
		if s.restore(state) != nil {
			return
		}
		if again := stateOf(t, s); !bytes.Equal(again, state) {
			t.Errorf("second encoding:\n got %x\nwant %x", again, state)
		}
	})
}
