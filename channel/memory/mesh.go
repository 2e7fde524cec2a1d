// Package memory carries channel.Channel between parties of one process, with latency, bounded buffers, loss of a party and
// tampering. It is for runs within one process, tests and examples: it neither encrypts nor authenticates, since nobody else can
// reach it.
package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// Options shape a Mesh. The zero value has no latency, buffers of 1 MiB and messages of up to 64 MiB.
type Options struct {
	Latency    time.Duration // from SendTo to the moment RecvFrom can return the message
	Buffer     int           // bytes in flight for each ordered pair, each message counting overhead; 0 means 1 MiB
	MaxMessage int           // bytes; 0 means 64 MiB

	// Tamper, if not nil, is called for every message with its number on the way from one party to another, counting
	// from 0, and returns what is delivered in its place: nothing to withhold it, several messages to insert. It owns
	// msg, and may keep it to deliver it later. Calls for one ordered pair come one at a time; others concurrently.
	Tamper func(from, to channel.Party, index int, msg []byte) [][]byte
}

// overhead is what every message occupies of a buffer beyond its bytes, so that empty messages are bounded too.
const overhead = 32

// A Mesh connects n parties in memory. It runs no goroutine, and works in the virtual time of testing/synctest.
type Mesh struct {
	opts  Options
	ends  []*end
	links [][]*link // by sender, receiver
}

// NewMesh connects n parties.
func NewMesh(n int, opts Options) *Mesh {
	if opts.Buffer == 0 {
		opts.Buffer = 1 << 20
	}
	if opts.MaxMessage == 0 {
		opts.MaxMessage = 64 << 20
	}
	m := &Mesh{opts: opts}
	for p := range n {
		m.ends = append(m.ends, &end{mesh: m, self: channel.Party(p), closed: make(chan struct{})})
		var row []*link
		for range n {
			row = append(row, &link{changed: make(chan struct{})})
		}
		m.links = append(m.links, row)
	}
	return m
}

// Channels returns the parties' ends, by party.
func (m *Mesh) Channels() []channel.Channel {
	var chs []channel.Channel
	for _, e := range m.ends {
		chs = append(chs, e)
	}
	return chs
}

var (
	errLost    = errors.New("party lost")
	errLeft    = errors.New("party closed its channel")
	errNoParty = errors.New("no such other party")
)

// Kill loses a party as if its process died: its own calls return ErrClosed, what it sent and nobody received yet is gone,
// and every call of another party that concerns it fails.
func (m *Mesh) Kill(p channel.Party) {
	for q := range m.ends {
		m.links[p][q].fail(errLost, true)
		m.links[q][p].fail(errLost, true)
	}
	m.ends[p].close()
}

// An end is one party's Channel.
type end struct {
	mesh   *Mesh
	self   channel.Party
	once   sync.Once
	closed chan struct{}
}

func (e *end) Self() channel.Party { return e.self }
func (e *end) N() int              { return len(e.mesh.ends) }
func (e *end) MaxMessage() int     { return e.mesh.opts.MaxMessage }

func (e *end) SendTo(ctx context.Context, to channel.Party, msg []byte) error {
	return e.do(ctx, "send", to, func() error {
		if len(msg) > e.mesh.opts.MaxMessage {
			return channel.ErrTooLarge
		}
		return e.mesh.links[e.self][to].send(ctx, e, to, msg)
	})
}

func (e *end) RecvFrom(ctx context.Context, from channel.Party) ([]byte, error) {
	var msg []byte
	err := e.do(ctx, "recv", from, func() (err error) {
		msg, err = e.mesh.links[from][e.self].recv(ctx, e)
		return err
	})
	return msg, err
}

// do runs f between the checks that both directions share.
func (e *end) do(ctx context.Context, op string, peer channel.Party, f func() error) error {
	var err error
	switch {
	case e.isClosed():
		return channel.ErrClosed
	case peer < 0 || int(peer) >= e.N() || peer == e.self:
		err = errNoParty
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = f()
	}
	if err == nil || err == channel.ErrClosed {
		return err
	}
	return &channel.PeerError{Peer: peer, Op: op, Err: err}
}

func (e *end) isClosed() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

func (e *end) close() { e.once.Do(func() { close(e.closed) }) }

// Close lets the others still receive what was sent before it.
func (e *end) Close() error {
	e.close()
	for q := range e.mesh.ends {
		e.mesh.links[e.self][q].fail(errLeft, false)
		e.mesh.links[q][e.self].fail(errLeft, true)
	}
	return nil
}
