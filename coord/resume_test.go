package coord

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
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

// A coordinator that was killed before anything happened has all its time left.
func TestResumeUnserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		cfg := ServerConfig{Key: key(5), Seats: 2, State: store, Timeout: time.Minute}
		first, err := NewServer(cfg)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		began := time.Now()
		h := startHost(t, cfg)
		if _, resumed := h.server.Resumed(); !resumed || h.server.Session() != first.Session() {
			t.Error("another session")
		}
		if err := h.outcome(); !errors.As(err, new(*EmptyError)) || time.Since(began) != time.Minute {
			t.Errorf("session: %v after %v", err, time.Since(began))
		}
	})
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
