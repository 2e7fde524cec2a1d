package app

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/mpc"
)

// member is a party that has a seat: what it knows about the others, from the coordinator and from the mesh.
type member struct {
	*party
	seat   int
	punch  *ecdh.PrivateKey
	client *coord.Client
	cancel context.CancelCauseFunc // ends what we do, before the start
	news   chan struct{}           // capacity 1: the coordinator said something

	offered    chan struct{} // capacity 1: the coordinator offers other relays
	background sync.WaitGroup

	mu      sync.Mutex
	seats   int                 // 0: not known yet
	states  map[int]coord.Event // the last of each seat
	roster  *coord.Roster
	mesh    *mesh.Mesh
	started bool
	until   time.Time // for connecting
	missing []int     // whom we last said that we wait for: to take a seat, later to be connected
}

func newMember(p *party) *member {
	return &member{party: p, states: map[int]coord.Event{}, news: make(chan struct{}, 1), offered: make(chan struct{}, 1)}
}

// hear is told by the coordinator what changed.
func (m *member) hear(e coord.Event) {
	if e.Seat == coord.Coordinator {
		m.hearCoordinator(e)
		return
	}
	m.mu.Lock()
	before, known := m.states[e.Seat]
	m.states[e.Seat] = e
	net := m.mesh
	m.mu.Unlock()
	wake(m.news)
	if e.State != before.State || known && e.Key != before.Key {
		m.events(partyState(e))
	}
	m.waitForSeats()
	// That the coordinator no longer hears a party may be the network: its paths to us may still be good, or come back.
	if net != nil && (e.State == coord.Failed || e.State == coord.Lost && e.Closed) && e.Seat != m.seat {
		net.PeerGone(channel.Party(e.Seat), "the coordinator says: "+e.Reason)
	}
}

// wake signals on a channel of capacity 1.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// hearCoordinator: from the start on the run does not need the coordinator.
func (m *member) hearCoordinator(e coord.Event) {
	m.mu.Lock()
	started := m.started
	m.mu.Unlock()
	switch {
	case e.State == coord.Failed && !started && e.Err != nil:
		m.cancel(endedBy(e.Err))
	case e.State == coord.Lost || e.State == coord.Joined:
		m.events(CoordinatorState{State: e.State.String(), Why: e.Reason})
	}
}

// count is told how many seats there are.
func (m *member) count(seats int) {
	m.mu.Lock()
	m.seats = seats
	m.mu.Unlock()
	m.waitForSeats()
}

func (m *member) setRoster(r *coord.Roster) {
	m.mu.Lock()
	m.roster, m.until = r, time.Now().Add(m.cfg.ConnectTimeout)
	m.mu.Unlock()
}

func (m *member) setMesh(net *mesh.Mesh) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mesh = net
}

func (m *member) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = true
}

// waitForSeats says who is to take a seat yet, when that changed.
func (m *member) waitForSeats() {
	m.mu.Lock()
	missing := []int{}
	for seat := range m.seats {
		if e, known := m.states[seat]; (!known || e.State == coord.Empty) && seat != m.seat {
			missing = append(missing, seat)
		}
	}
	changed := m.roster == nil && !slices.Equal(missing, m.missing)
	if changed {
		m.missing = missing
	}
	m.mu.Unlock()
	if changed {
		m.events(Waiting{Parties: missing})
	}
}

// waitForPath says who is to be connected yet, now that a party is (-1: none).
func (m *member) waitForPath(connected int) {
	m.mu.Lock()
	m.missing = slices.DeleteFunc(m.missing, func(seat int) bool { return seat == connected })
	w := Waiting{Parties: append([]int{}, m.missing...), Until: m.until}
	m.mu.Unlock()
	m.events(w)
}

// meshConfig is how to reach the others.
func (m *member) meshConfig() mesh.Config {
	c := mesh.Config{
		Self: channel.Party(m.seat), Session: m.roster.Digest[:], PunchKey: m.punch, Policy: m.cfg.Path.policy(),
		ConnectTimeout: m.cfg.ConnectTimeout, Patience: m.cfg.Patience, Events: m.hearMesh,
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.missing = nil
	for _, other := range m.roster.Members {
		if other.Seat != m.seat {
			c.Peers = append(c.Peers, mesh.Peer{Seat: channel.Party(other.Seat), ID: other.Key, Name: other.Name, Addrs: other.Addrs, PunchKey: other.PunchKey})
			m.missing = append(m.missing, other.Seat)
		}
	}
	return c
}

// hearMesh is told about one pair.
func (m *member) hearMesh(e mesh.Event) {
	switch e.Kind {
	case mesh.Connected:
		if e.Path.Kind != "" { // else it is told when it is known
			m.events(pathEvent(e.Path))
		}
		m.waitForPath(int(e.Peer))
	case mesh.Rerouted:
		m.events(pathEvent(e.Path))
	case mesh.Unreached:
		m.events(PartyState{Party: int(e.Peer), State: "unreached", Why: e.Why})
		m.client.Trouble(int(e.Peer), e.Why)
	case mesh.Quiet:
		m.events(PartyState{Party: int(e.Peer), State: "quiet", Why: fmt.Sprintf("nothing heard for %s", e.For.Round(time.Second))})
	case mesh.Heard:
		m.events(PartyState{Party: int(e.Peer), State: "heard", Why: fmt.Sprintf("after %s", e.For.Round(time.Second))})
	}
}

// sessionEnded is the cause of a context that ended because the coordinator ended the session.
type sessionEnded struct {
	err  error
	told *mesh.LeftError // what the parties that we have reached are told
}

func endedBy(err error) *sessionEnded {
	reason, text := meshFarewell(err)
	return &sessionEnded{err, &mesh.LeftError{Reason: reason, Text: text}}
}

func (e *sessionEnded) Error() string { return e.err.Error() }

func (e *sessionEnded) Unwrap() []error { return []error{e.err, e.told} }

// cause is why something ended: the coordinator ended the session, or our user did; else err.
func (m *member) cause(ctx context.Context, err error) error {
	var ended *sessionEnded
	switch {
	case errors.As(context.Cause(ctx), &ended):
		return ended.err
	case ctx.Err() != nil:
		return errInterrupted()
	}
	return err
}

// rootWithin is how long a party that was left by one that lost another waits to hear who that was.
const rootWithin = 3 * time.Second

// root is who began, when a party left us because it had lost another: the coordinator knows.
func (m *member) root(ctx context.Context, err error) error {
	var left *mesh.LeftError
	if !errors.Is(err, mpc.ErrPeerLostParty) && !(errors.As(err, &left) && left.Reason == mesh.LostPeer) {
		return err
	}
	within, stop := context.WithTimeout(ctx, rootWithin)
	defer stop()
	for {
		if first := m.firstFailure(); first != nil {
			return first
		}
		select {
		case <-m.news:
		case <-within.Done():
			return m.cause(ctx, err)
		}
	}
}

// firstFailure is a party that failed by itself, if the coordinator told us of one.
func (m *member) firstFailure() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	during := coord.Connecting
	if m.started {
		during = coord.Running
	}
	for seat, e := range m.states {
		if (e.State == coord.Failed || e.State == coord.Lost) && e.Cause != coord.PeerLost && seat != m.seat {
			return &coord.PartyError{Seat: seat, Name: e.Name, During: during, Cause: e.Cause, Reason: e.Reason}
		}
	}
	return nil
}

func rosterEvent(r *coord.Roster, self int, program string) Roster {
	e := Roster{Session: r.Session.String(), Program: program, Outputs: r.Outputs, Evaluator: r.Evaluator, Words: strings.Join(r.Words, " ")}
	for _, m := range r.Members {
		shown := Member{Party: m.Seat, Key: m.Key.String(), Self: m.Seat == self}
		for _, c := range m.Consts {
			shown.Consts = append(shown.Consts, NamedConst(c))
		}
		e.Parties = append(e.Parties, shown)
	}
	return e
}

func pathEvent(p mesh.Path) Path {
	e := Path{
		Party: int(p.Peer), Kind: string(p.Kind), Local: p.Local.String(), Remote: p.Remote.String(),
		RTTms: float64(p.RTT.Microseconds()) / 1000, Why: p.Why, Probes: p.Search.Probes(), Tried: []Tried{},
	}
	for _, a := range p.Search.Tried {
		e.Tried = append(e.Tried, Tried{Addr: a.Addr.String(), Kind: a.Kind.String(), Pings: a.Pings, Why: a.Why()})
	}
	return e
}

func paths(net *mesh.Mesh) []Path {
	all := []Path{}
	for _, p := range net.Paths() {
		all = append(all, pathEvent(p))
	}
	return all
}

func list(addrs []string) string { return strings.Join(addrs, ";") }
