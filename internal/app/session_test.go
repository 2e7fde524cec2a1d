package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
)

const addTwo = `pub fn main(a: u8, b: u8) -> u8 {
    a + b
}
`

func garbleSource(text string) Source { return Source{Name: "test.gb", Text: []byte(text)} }

func newKey(t *testing.T) *identity.Key {
	t.Helper()
	key, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// hosted is a session that runs in this process.
type hosted struct {
	Invitation
	ended chan error
}

// hostSession opens a session on loopback and returns when it is open.
func hostSession(t *testing.T, cfg HostConfig) *hosted {
	t.Helper()
	h := &hosted{ended: make(chan error, 1)}
	ready := make(chan struct{})
	cfg.Listen, cfg.Key, cfg.Timeout = "127.0.0.1:0", newKey(t), time.Minute
	cfg.Ready = func(i Invitation) error { h.Invitation = i; close(ready); return nil }
	go func() { h.ended <- Host(t.Context(), cfg) }()
	select {
	case <-ready:
	case err := <-h.ended:
		t.Fatal(err)
	}
	return h
}

// one is how one party's Join ended.
type one struct {
	result *Result
	err    error
}

// join starts a party in a seat.
func (h *hosted) join(ctx context.Context, t *testing.T, seat int, cfg JoinConfig, input string) <-chan one {
	cfg.Ticket, cfg.Listen = h.Tickets[seat], "127.0.0.1:0"
	if cfg.Key == nil {
		cfg.Key = newKey(t)
	}
	if cfg.Source.Text == nil {
		cfg.Source = garbleSource(addTwo)
	}
	cfg.ConnectTimeout, cfg.Patience = 30*time.Second, 30*time.Second
	cfg.Input = func(string, func(string) error) (string, error) { return input, nil }
	done := make(chan one, 1)
	go func() {
		r, err := Join(ctx, cfg)
		done <- one{r, err}
	}()
	return done
}

func reasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestSession(t *testing.T) {
	h := hostSession(t, HostConfig{Parties: 2, Evaluator: 1, Outputs: []int{1}})
	a := h.join(t.Context(), t, 0, JoinConfig{}, "40")
	b := h.join(t.Context(), t, 1, JoinConfig{}, "2")
	ra, rb := <-a, <-b
	if ra.err != nil || rb.err != nil {
		t.Fatal(ra.err, rb.err)
	}
	if ra.result.Learned || ra.result.Value != "" {
		t.Errorf("party 0 learned %q", ra.result.Value)
	}
	if !rb.result.Learned || rb.result.Value != "42" || rb.result.Type != "u8" {
		t.Errorf("party 1 has %+v", rb.result)
	}
	if c := rb.result.Cost; c.AndGates == 0 || c.SentBytes == 0 || c.ReceivedBytes == 0 || c.Messages == 0 || c.Seconds.Total <= 0 {
		t.Errorf("cost %+v", c)
	}
	if len(rb.result.Paths) != 1 || rb.result.Paths[0].Kind != "direct" {
		t.Errorf("paths %+v", rb.result.Paths)
	}
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
}

// A program that panicked is a result: all who learn it know why, and for the coordinator the session ended well.
func TestSessionPanics(t *testing.T) {
	h := hostSession(t, HostConfig{Parties: 2})
	a := h.join(t.Context(), t, 0, JoinConfig{}, "200")
	b := h.join(t.Context(), t, 1, JoinConfig{}, "100")
	for _, r := range []one{<-a, <-b} {
		var e *Error
		if !errors.As(r.err, &e) || e.Reason != Panicked || e.Panic != "Overflow" || e.Position != (Position{Line: 2, Column: 5}) {
			t.Errorf("got %v", r.err)
		}
	}
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
}

func TestVersionsDiffer(t *testing.T) {
	h := hostSession(t, HostConfig{Parties: 2})
	a := h.join(t.Context(), t, 0, JoinConfig{}, "1")
	b := h.join(t.Context(), t, 1, JoinConfig{version: "ag2"}, "2")
	for _, r := range []one{<-a, <-b} {
		if reasonOf(r.err) != VersionDiffers || !strings.Contains(r.err.Error(), "ag1") || !strings.Contains(r.err.Error(), "ag2") {
			t.Errorf("got %v", r.err)
		}
	}
	if err := <-h.ended; reasonOf(err) != VersionDiffers {
		t.Errorf("the host got %v", err)
	}
}

// The reason why a party leaves reaches the others and the coordinator in the same words.
func TestFarewell(t *testing.T) {
	h := hostSession(t, HostConfig{Parties: 2})
	ctx, cancel := context.WithCancel(t.Context())
	a := h.join(t.Context(), t, 0, JoinConfig{}, "1")
	b := h.join(ctx, t, 1, JoinConfig{Events: func(e Event) {
		if _, ok := e.(Roster); ok {
			cancel()
		}
	}}, "2")
	if r := <-b; reasonOf(r.err) != Interrupted {
		t.Errorf("party 1 got %v", r.err)
	}
	if r := <-a; reasonOf(r.err) != PartyLeft || !strings.Contains(r.err.Error(), "it was interrupted") {
		t.Errorf("party 0 got %v", r.err)
	}
	if err := <-h.ended; reasonOf(err) != PartyLeft || !strings.Contains(err.Error(), "it was interrupted") {
		t.Errorf("the host got %v", err)
	}
}

// cheat takes a seat like a party and hands the mesh to its caller instead of running the protocol.
func (h *hosted) cheat(t *testing.T, seat int, do func(context.Context, *mesh.Mesh)) <-chan error {
	key, done := newKey(t), make(chan error, 1)
	go func() {
		done <- func() error {
			ctx := t.Context()
			socket, err := mesh.Listen("127.0.0.1:0", key)
			if err != nil {
				return err
			}
			defer socket.Close()
			ticket, err := coord.ParseTicket(h.Tickets[seat])
			if err != nil {
				return err
			}
			honest := &party{cfg: JoinConfig{Source: garbleSource(addTwo)}, events: listener(nil)}
			punch, err := newPunchKey()
			if err != nil {
				return err
			}
			client, err := coord.Join(ctx, socket, coord.ClientConfig{Key: key, Ticket: &ticket, Fields: honest.fields(), Candidates: []netip.AddrPort{socket.LocalAddr()},
				PunchKey: [32]byte(punch.PublicKey().Bytes())})
			if err != nil {
				return err
			}
			defer client.Leave(coord.NoCause, "")
			roster, err := client.Roster(ctx)
			if err != nil {
				return err
			}
			m := &member{party: honest, seat: seat, punch: punch, roster: roster}
			joined, err := mesh.Join(ctx, socket, m.meshConfig())
			if err != nil {
				return err
			}
			defer joined.Close()
			program, err := compile(honest.cfg.Source, nil)
			if err != nil {
				return err
			}
			if err := client.Ready(ctx, program.readyFields()); err != nil {
				return err
			}
			do(ctx, joined)
			return nil
		}()
	}()
	return done
}

// A peer that sends garbage instead of the protocol: the run is aborted, nobody is told which check failed.
func TestGarbageAborts(t *testing.T) {
	for size := range 3 {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h := hostSession(t, HostConfig{Parties: 2})
			a := h.join(t.Context(), t, 0, JoinConfig{}, "1")
			b := h.cheat(t, 1, func(ctx context.Context, peers *mesh.Mesh) {
				garbage := make([]byte, size*37)
				rand.Read(garbage)
				if err := peers.SendTo(ctx, channel.Party(0), garbage); err != nil {
					t.Error(err)
				}
				_, _ = peers.RecvFrom(ctx, 0) // its first message, or its leave
				for {
					if _, err := peers.RecvFrom(ctx, 0); err != nil {
						return
					}
				}
			})
			if r := <-a; reasonOf(r.err) != Abort {
				t.Errorf("got %v", r.err)
			}
			if err := <-b; err != nil {
				t.Error(err)
			}
			if err := <-h.ended; reasonOf(err) != Abort || !strings.Contains(err.Error(), "the run was aborted") {
				t.Errorf("the host got %v", err)
			}
		})
	}
}

// Strangers that connect to the coordinator and say nothing, and datagrams that are no QUIC, disturb nobody.
func TestSilentStrangers(t *testing.T) {
	h := hostSession(t, HostConfig{Parties: 2})
	socket, err := mesh.Listen("127.0.0.1:0", newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	addr := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(h.Addrs[0]))
	anybody := func(identity.ID) error { return nil }
	for range 20 {
		conn, err := socket.Dial(t.Context(), addr, newKey(t).ClientTLS(coord.ALPN, anybody), &quic.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseWithError(0, "")
	}
	a := h.join(t.Context(), t, 0, JoinConfig{}, "1")
	b := h.join(t.Context(), t, 1, JoinConfig{}, "2")
	for _, r := range []one{<-a, <-b} {
		if r.err != nil || r.result.Value != "3" {
			t.Errorf("got %+v, %v", r.result, r.err)
		}
	}
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
}
