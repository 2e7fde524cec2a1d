package app

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/mpc"
)

// take takes our seat and keeps it to the end.
func (p *party) take(ctx context.Context, socket *mesh.Socket) (*Result, error) {
	id, addrs := p.coordinator()
	p.events(Joining{NodeID: id.String(), Addrs: addrs, Until: time.Now().Add(joinWithin)})
	candidates, advertised, err := candidates(ctx, socket.LocalAddr(), p.cfg.Advertise)
	if err != nil {
		return nil, err
	}
	punch, err := newPunchKey()
	if err != nil {
		return nil, err
	}
	m := newMember(p)
	m.punch = punch
	ctx, m.cancel = context.WithCancelCause(ctx)
	defer m.background.Wait()
	defer m.cancel(nil)
	c := p.find
	c.Key, c.Kept, c.Expect, c.Candidates, c.Events = p.cfg.Key, p.cfg.Kept, p.cfg.Expect, candidates, m.hear
	if p.cfg.Outputs != nil {
		c.Outputs = *p.cfg.Outputs // nil, which is everybody, is checked when the number of seats is known
	}
	c.Peers, c.Patience = hearPeer(socket), p.cfg.Patience
	c.Offered = func() { wake(m.offered) }
	c.PunchKey = [32]byte(punch.PublicKey().Bytes())
	c.Fields = p.fields()
	if p.program != nil {
		c.Parties = p.program.parties()
	}
	for _, own := range p.cfg.Consts {
		c.Consts = append(c.Consts, coord.Field{Name: own.Name, Value: own.Literal})
	}
	client, err := findSeat(ctx, socket, c)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // coord says "join session" too
		}
		return nil, joinFailed(addrs, m.cause(ctx, err))
	}
	m.seat, m.client = client.Seat(), client
	m.reach(ctx, socket, advertised)
	result, err := m.attend(ctx, socket)
	if err != nil {
		err = explain(fmt.Sprintf("in session %s", client.Session()), err)
	}
	cause, text := coordFarewell(err)
	client.Leave(cause, text)
	return result, err
}

// newPunchKey makes the key of this session's pings.
func newPunchKey() (*ecdh.PrivateKey, error) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, explain("making a key for pings", err)
	}
	return key, nil
}

const (
	joinWithin = 10 * time.Second // bounds finding the coordinator and getting a seat
	retryPause = 250 * time.Millisecond
)

// findSeat looks for the coordinator, again and again while nobody answers: it may be starting, or busy.
func findSeat(ctx context.Context, socket *mesh.Socket, c coord.ClientConfig) (*coord.Client, error) {
	ctx, stop := context.WithTimeout(ctx, joinWithin)
	defer stop()
	for {
		client, err := coord.Join(ctx, socket, c)
		if unreachable := (*coord.UnreachableError)(nil); !errors.As(err, &unreachable) {
			return client, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryPause):
		}
	}
}

// attend goes through the session in our seat. The coordinator is told how it ended by the caller.
func (m *member) attend(ctx context.Context, socket *mesh.Socket) (*Result, error) {
	if err := m.gather(ctx); err != nil {
		return nil, err
	}
	watch := newStopwatch(m.events)
	watch.enter("connect")
	config := m.meshConfig()
	m.waitForPath(-1)
	net, err := mesh.Join(ctx, socket, config)
	if err != nil {
		return nil, m.root(ctx, m.cause(ctx, err))
	}
	m.setMesh(net)
	result, err := m.compute(ctx, net, watch)
	if reason, text := meshFarewell(err); reason == mesh.Done {
		// The result is ours whether or not the others took everything; those who did not say so themselves.
		_ = net.Close()
	} else {
		net.Leave(reason, text)
	}
	return result, err
}

// gather waits until all seats are taken, shows who takes part, and sees that our program and input fit.
func (m *member) gather(ctx context.Context) error {
	if m.find.Seat < 0 {
		m.consts(m.seat)
		if err := m.draft.supplies(m.seat, m.cfg.Consts); err != nil {
			return err
		}
	}
	m.events(Seated{Session: m.client.Session().String(), Party: m.seat, Parties: m.client.Seats(), Key: m.cfg.Key.ID().String()})
	if m.program != nil {
		if err := m.program.checkParties(m.client.Seats()); err != nil {
			return err
		}
	}
	m.count(m.client.Seats())
	roster, err := m.client.Roster(ctx)
	if err != nil {
		return m.cause(ctx, err)
	}
	m.setRoster(roster)
	if all := m.cfg.Outputs; all != nil && *all == nil && len(roster.Outputs) != len(roster.Members) {
		return &Error{Reason: OutputsDiffer, Op: "checking the roster", Hint: "agree with the host on who learns the result: --outputs",
			Err: fmt.Errorf("outputs differ: the coordinator has %v, we want everybody to learn the result", roster.Outputs)}
	}
	m.events(rosterEvent(roster, m.seat, m.cfg.Source.Hash()))
	if m.program == nil {
		if m.program, err = m.draft.compile(allConsts(roster)); err != nil {
			return err
		}
		if err := m.program.checkParties(m.client.Seats()); err != nil {
			return err
		}
	}
	if m.input == nil {
		m.input, err = m.program.ourInput(m.seat, m.cfg.Input)
	}
	return err
}

// allConsts are the constants that all parties supply.
func allConsts(r *coord.Roster) []Const {
	var all []Const
	for _, m := range r.Members {
		for _, c := range m.Consts {
			all = append(all, Const{Party: partyName(m.Seat), Name: c.Name, Literal: c.Value})
		}
	}
	return all
}

// compute starts together with the others and runs the protocol.
func (m *member) compute(ctx context.Context, net *mesh.Mesh, watch *stopwatch) (*Result, error) {
	if err := m.client.Ready(ctx, m.program.readyFields()); err != nil {
		return nil, m.cause(ctx, err)
	}
	m.start()
	job := mpc.Job{
		Circuit: m.program.circuit, Outputs: outputsOf(m.program.circuit, net.N(), m.roster.Outputs), Evaluator: channel.Party(m.roster.Evaluator),
		Context: m.roster.Digest[:],
	}
	for _, other := range m.roster.Members {
		job.Identities = append(job.Identities, other.Key[:])
	}
	meter := channel.NewMeter(net)
	out, err := mpc.Run(ctx, meter, job, m.input, &mpc.Config{Progress: watch.progress})
	if err != nil {
		return nil, m.root(ctx, m.cause(ctx, err))
	}
	r := &Result{Party: m.seat, Session: m.roster.Session.String(), Program: m.cfg.Source.Hash(), Paths: paths(net)}
	r.Cost = costOf(m.program, meter, watch)
	m.events(r.Cost)
	if err := r.learn(m.program, job, out); err != nil {
		return nil, err
	}
	return r, nil
}
