package coord

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
