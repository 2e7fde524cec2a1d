package coord

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// A wire is a pipe whose client end can vanish: nothing passes any more and nobody is told, as when a process is killed or a
// cable cut.
type cable struct {
	net.Conn
	cut chan struct{}
}

func (c *cable) Write(b []byte) (int, error) {
	select {
	case <-c.cut:
		return len(b), nil
	default:
		return c.Conn.Write(b)
	}
}

func (c *cable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for isClosed(c.cut) && err == nil {
		n, err = c.Conn.Read(b)
	}
	return n, err
}

func (c *cable) Close() error {
	if isClosed(c.cut) {
		return nil // the other end must find out by itself
	}
	return c.Conn.Close()
}

// A network gives each connect of one party a new cable, and can cut the current one.
type network struct {
	h     *host
	mu    sync.Mutex
	now   *cable
	count int
	down  bool
}

func (n *network) connect(id identity.ID) connector {
	return func(context.Context) (conn, netip.AddrPort, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.down {
			return nil, netip.AddrPort{}, errors.New("network is unreachable")
		}
		n.now = &cable{n.h.pipe(id), make(chan struct{})}
		n.count++
		return n.now, loopback, nil
	}
}

func (n *network) cut(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	close(n.now.cut)
}

func (n *network) up() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

// joinOnCable joins like host.join, on a network that can be cut.
func (h *host) joinOnCable(cfg ClientConfig) (*Client, *network) {
	h.t.Helper()
	n := &network{h: h}
	c, err := joinOver(h.t.Context(), cfg, h.server.cfg.Key.ID(), n.connect(cfg.Key.ID()))
	if err != nil {
		h.t.Fatal(err)
	}
	return c, n
}

// stage brings clients as far as the named state.
func stage(t *testing.T, clients []*Client, state State) {
	t.Helper()
	all(clients, func(i int, c *Client) {
		if state >= Connecting {
			if _, err := c.Roster(t.Context()); err != nil {
				t.Errorf("party %d: %v", i, err)
			}
		}
		if state >= Running {
			if err := c.Ready(t.Context(), nil); err != nil {
				t.Errorf("party %d: %v", i, err)
			}
		}
	})
	synctest.Wait()
}

// A party that is killed in any phase is known to all others within 15 seconds, by name.
func TestKilled(t *testing.T) {
	for _, state := range []State{Joined, Connecting, Running} {
		t.Run(state.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 3
				h := startHost(t, ServerConfig{Seats: n})
				if state == Joined {
					n = 2
				}
				var clients []*Client
				events := make(chan Event, 100)
				for i := range n - 1 {
					cfg := h.party(i)
					cfg.Events = func(e Event) {
						if i == 0 {
							events <- e
						}
					}
					clients = append(clients, h.mustJoin(cfg))
				}
				victim, cable := h.joinOnCable(h.party(n - 1))
				clients = append(clients, victim)
				stage(t, clients, state)
				began := time.Now()
				cable.cut(true)
				if state < Running {
					err := clients[0].Ready(t.Context(), nil)
					var pe *PartyError
					if !errors.As(err, &pe) || pe.Seat != n-1 || pe.Name == "" || pe.Cause != Silent || pe.During != state {
						t.Errorf("party 0: %v", err)
					}
				} else {
					for e := range events {
						if e.Seat == n-1 && e.State == Lost {
							if e.Cause != Silent || e.Name != "p2" || !strings.Contains(e.Reason, "6s") {
								t.Errorf("event %+v", e)
							}
							break
						}
					}
					all(clients[:n-1], func(_ int, c *Client) { c.Leave(PeerLost, "lost party 2") })
				}
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("known after %v", took)
				}
				err := h.outcome()
				var pe *PartyError
				if !errors.As(err, &pe) || pe.Seat != n-1 || pe.Cause != Silent || pe.During != state {
					t.Errorf("host: %v", err)
				}
				victim.Close()
			})
		})
	}
}

// A connection that breaks and comes back in time costs nothing, in any phase; and events and words stay the same.
func TestComesBack(t *testing.T) {
	for _, state := range []State{Joined, Connecting, Running} {
		t.Run(state.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startHost(t, ServerConfig{Seats: 3})
				others, _ := h.seated(1, nil)
				cfg := h.party(1)
				seen := &log{}
				cfg.Events = seen.add
				c, cable := h.joinOnCable(cfg)
				clients := append(others, c)
				if state != Joined {
					clients = append(clients, h.mustJoin(h.party(2)))
				}
				stage(t, clients, state)
				cable.cut(true)
				time.Sleep(lostAfter + time.Second) // virtual: both ends have noticed
				synctest.Wait()
				if got := h.events.last(1).State; got != Lost {
					t.Errorf("the host sees %v", got)
				}
				cable.up()
				time.Sleep(time.Second)
				synctest.Wait()
				if got := h.events.last(1).State; got != state {
					t.Errorf("the host sees %v, want %v again", got, state)
				}
				if got := seen.of(Coordinator); got != "lost joined" {
					t.Errorf("the party saw the coordinator: %s", got)
				}
				if state == Joined {
					clients = append(clients, h.mustJoin(h.party(2)))
				}
				stage(t, clients, Running)
				all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
				if err := h.outcome(); err != nil {
					t.Errorf("host: %v", err)
				}
			})
		})
	}
}

// From the start on the run does not need the coordinator: the client goes on trying and nothing fails.
func TestCoordinatorLostMidRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		cfg := h.party(1)
		seen := &log{}
		cfg.Events = seen.add
		c, cable := h.joinOnCable(cfg)
		clients := []*Client{h.mustJoin(h.party(0)), c}
		stage(t, clients, Running)
		cable.cut(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := seen.of(Coordinator); got != "lost" {
			t.Errorf("the party saw the coordinator: %s", got)
		}
		cable.up()
		time.Sleep(time.Minute)
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("host: %v", err)
		}
	})
}

// Before the start, a coordinator that was killed is given up within 15 seconds.
func TestCoordinatorKilled(t *testing.T) {
	for _, state := range []State{Joined, Connecting} {
		synctest.Test(t, func(t *testing.T) {
			h := startHost(t, ServerConfig{Seats: 2})
			c, cable := h.joinOnCable(h.party(0))
			clients := []*Client{c}
			if state == Connecting {
				clients = append(clients, h.mustJoin(h.party(1)))
			}
			stage(t, clients, state)
			began := time.Now()
			cable.cut(true)
			if err := c.Ready(t.Context(), nil); !errors.Is(err, ErrLost) {
				t.Errorf("while %v: %v", state, err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("while %v: after %v", state, took)
			}
			all(clients, func(_ int, c *Client) { c.Close() })
			h.stop()
			h.outcome()
		})
	}
}

// Whoever leaves is named to all at once, with its words.
func TestLeaves(t *testing.T) {
	for _, tc := range []struct {
		state  State
		cause  Cause
		reason string
		text   string
	}{
		{Joined, Interrupted, "it was interrupted", "party 1 (p1) left while joined: it was interrupted"},
		{Connecting, Rejected, "constant N is\nmissing", "party 1 (p1) failed while connecting: constant N is missing"},
		{Running, ProtocolAbort, "the run was aborted", "party 1 (p1) aborted while running: the run was aborted"},
		{Running, LocalFailure, "out of memory", "party 1 (p1) failed while running: out of memory"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 3
			if tc.state == Joined {
				n = 2
			}
			h := startHost(t, ServerConfig{Seats: 3})
			clients, logs := h.seated(n, nil)
			stage(t, clients, tc.state)
			clients[1].Leave(tc.cause, tc.reason)
			synctest.Wait()
			if tc.state < Running {
				if err := clients[0].Ready(t.Context(), nil); err == nil || !strings.HasSuffix(err.Error(), tc.text) {
					t.Errorf("party 0: %v; want %q", err, tc.text)
				}
			} else if e := logs[0].last(1); e.State != Failed || e.Cause != tc.cause || e.Reason != tc.reason {
				t.Errorf("party 0 saw %+v", e)
			}
			for i, c := range clients {
				if i != 1 {
					c.Leave(PeerLost, "lost party 1")
				}
			}
			if err := h.outcome(); err == nil || err.Error() != tc.text {
				t.Errorf("host: %v; want %q", err, tc.text)
			}
			if _, err := clients[1].Roster(t.Context()); tc.state == Joined && !errors.Is(err, ErrClosed) {
				t.Errorf("Roster after Leave: %v", err)
			}
		})
	}
}

// A party that keeps its key may leave while seats are open and come back, even as another process with other settings.
func TestKeptKeyReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		cfg := h.party(0)
		cfg.Kept = true
		c := h.mustJoin(cfg)
		c.Close()
		time.Sleep(10 * time.Minute)
		if got := h.events.of(0); got != "joined lost" {
			t.Errorf("seat 0: %s", got)
		}
		thief := h.party(0)
		thief.Key = key(3)
		if _, err := h.join(thief); !errors.Is(err, ErrSeatTaken) {
			t.Errorf("another key: %v", err)
		}
		cfg.Fields = []Field{{"program", "new"}}
		c = h.mustJoin(cfg)
		again := h.mustJoin(cfg) // and while it is still there
		if _, err := c.Roster(t.Context()); !errors.Is(err, ErrReplaced) {
			t.Errorf("the earlier process: %v", err)
		}
		other := h.party(1)
		other.Fields = cfg.Fields
		clients := []*Client{again, h.mustJoin(other)}
		stage(t, clients, Connecting)
		if _, err := h.join(cfg); !errors.Is(err, ErrStarted) {
			t.Errorf("after the roster: %v", err)
		}
		stage(t, clients, Running)
		all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
		if err := h.outcome(); err != nil {
			t.Errorf("host: %v", err)
		}
	})
}

// Parties that answer pings but neither open nonces nor get ready are given up by name.
func TestLaggards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHost(t, ServerConfig{Seats: 2})
		clients, _ := h.seated(2, nil)
		stage(t, clients, Connecting)
		err := clients[0].Ready(t.Context(), nil)
		var pe *PartyError
		if !errors.As(err, &pe) || pe.Seat != 1 || !strings.Contains(err.Error(), "not ready within 10m0s") {
			t.Errorf("party 0: %v", err)
		}
		clients[1].Close()
		h.outcome()
	})
}

func TestJoinCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cfg := ClientConfig{Key: key(0), Coordinator: key(5).ID()}
		a, b := net.Pipe()
		go func() {
			b.Read(make([]byte, 1))
			cancel() // the join is under way, the coordinator mute
		}()
		_, err := joinOver(ctx, cfg, cfg.Coordinator, func(context.Context) (conn, netip.AddrPort, error) { return a, loopback, nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Join: %v", err)
		}
		b.Close()
	})
}

func (n *network) current() *cable {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}
