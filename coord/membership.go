package coord

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A membership is the part of a Client that its one goroutine owns.
type membership struct {
	*Client
	life    context.Context
	began   time.Time
	workers sync.WaitGroup
	quit    chan struct{} // closed when deliveries are no longer taken

	link      *link // nil while the coordinator is out of contact
	greeted   bool  // on this link
	greetedAt time.Time
	lostAt    time.Time // when the last link broke
	pause     time.Duration
	pending   *Roster // checked, not yet sealed
	peers     map[int]announce
	announced uint32 // version, on this link
	said      *ready // to be said again on the next link
	leaving   error  // what err becomes when the link has taken our bye
}

// A dialed is the result of one connect.
type dialed struct {
	conn conn
	addr netip.AddrPort
	err  error
}

// Between attempts to reach a lost coordinator, doubling.
const (
	pauseFirst = 250 * time.Millisecond
	pauseSoon  = 500 * time.Millisecond // the most, for a while
	livedLong  = time.Second            // of a link that is replaced without a pause when the coordinator ends it
	soon       = time.Minute
	pauseMost  = 15 * time.Second
)

func (c *Client) run(life context.Context) {
	m := &membership{Client: c, life: life, began: time.Now(), quit: make(chan struct{}), peers: make(map[int]announce)}
	m.dial(0)
	for m.err == nil {
		select {
		case d := <-m.dialed:
			m.attach(d)
		case d := <-m.in:
			if d.from == m.link {
				m.handle(d)
			}
		case fields := <-m.readies:
			if m.said == nil {
				m.said = &ready{fields}
				m.sayReady()
			}
		case <-m.outbox.wake:
			m.flush()
		case b := <-m.byes:
			m.bye(b, ErrClosed)
		}
	}
	close(m.quit)
	m.cancel()
	if m.link != nil {
		m.link.conn.Close()
	}
	m.workers.Wait()
	close(m.done)
}

func (m *membership) deliver(d delivery) bool {
	select {
	case m.in <- d:
		return true
	case <-m.quit:
		return false
	}
}

// patience is how long a lost coordinator is waited for before the start.
func (m *membership) patience() time.Duration {
	switch {
	case !m.welcome.keeps:
		return backWithin
	case m.cfg.Patience == 0:
		return defaultPatience
	}
	return m.cfg.Patience
}

// dial connects after a pause. Before the start, a coordinator that was lost must be back in time.
func (m *membership) dial(pause time.Duration) {
	ctx, stop := m.life, context.CancelFunc(func() {})
	within := dialWithin
	if !m.lostAt.IsZero() {
		within = retryWithin
		if !isClosed(m.started) {
			ctx, stop = context.WithDeadline(m.life, m.lostAt.Add(m.patience()))
		}
	}
	m.workers.Go(func() {
		defer stop()
		wait := time.NewTimer(pause)
		defer wait.Stop()
		var d dialed
		select {
		case <-wait.C:
			ctx, stop := context.WithTimeout(ctx, within)
			d.conn, d.addr, d.err = m.connect(ctx)
			stop()
		case <-ctx.Done():
			d.err = ctx.Err()
		}
		select {
		case m.dialed <- d:
		case <-m.quit:
			if d.conn != nil {
				d.conn.Close()
			}
		}
	})
}

// attach takes a new connection into use, or decides whether to try again.
func (m *membership) attach(d dialed) {
	switch {
	case d.err == nil:
		m.link, m.greeted, m.announced = newLink(d.conn, m.cfg.Key.ID(), d.addr), false, 0
		l := m.link
		m.workers.Go(func() { l.run(frameType.fromCoordinator, m.deliver) })
		hello := m.hello
		hello.addrs = slices.DeleteFunc(slices.Clone(hello.addrs), func(a netip.AddrPort) bool {
			return a.Addr().IsLoopback() && !d.addr.Addr().IsLoopback()
		})
		l.send(hello)
	case !isClosed(m.welcomed) && !m.crowded(d.err):
		m.err = d.err
	case !isClosed(m.welcomed):
		m.again()
	case !isClosed(m.started) && time.Since(m.lostAt) >= m.patience():
		m.err = fmt.Errorf("%w: %w", ErrLost, d.err)
	default:
		m.again()
	}
}

func (m *membership) again() {
	most := pauseSoon
	if !m.lostAt.IsZero() && time.Since(m.lostAt) > soon {
		most = pauseMost
	}
	m.pause = min(max(2*m.pause, pauseFirst), most)
	m.dial(m.pause)
}

// crowded tells that the coordinator had no room for our connection, which may pass.
func (m *membership) crowded(err error) bool {
	return errors.Is(err, ErrBusy) && (isClosed(m.welcomed) || time.Since(m.began) < dialWithin)
}

// lost decides what the end of a link means.
func (m *membership) lost(err error) {
	m.link = nil
	why := refusedBy(err)
	switch {
	case m.leaving != nil:
		m.err = m.leaving
	case why != nil && !m.crowded(why):
		m.err = why
	case why == nil && !isClosed(m.welcomed):
		m.err = fmt.Errorf("%w before it answered", ErrLost)
	default:
		if m.greeted {
			m.lostAt = time.Now()
			m.tell(Event{Seat: Coordinator, State: Lost, Cause: Silent, Reason: whyLost(err)})
			if closedByPeer(err) && time.Since(m.greetedAt) > livedLong {
				m.dial(0) // it is there: it was restarted
				return
			}
		}
		m.again()
	}
}

// sayReady says that we are ready, if we are and the roster is sealed. It is said again on every link.
func (m *membership) sayReady() {
	if m.said != nil && m.link != nil && m.greeted && isClosed(m.sealed) {
		m.link.send(*m.said)
	}
}

// bye ends the membership with an error, once the coordinator has heard why.
func (m *membership) bye(b bye, err error) {
	if m.leaving != nil {
		return
	}
	if b.cause == NoCause && !isClosed(m.started) {
		b = bye{Interrupted, "it left"}
	}
	m.leaving = err
	if m.link == nil {
		m.err = err
		return
	}
	m.link.finish(b)
}

// reject leaves the session because of what the coordinator said.
func (m *membership) reject(err error) {
	cause := Rejected
	if errors.Is(err, ErrInconsistent) {
		cause = LocalFailure
	}
	m.bye(bye{cause, clean(err.Error(), maxReason)}, err)
}

func (m *membership) tell(e Event) {
	if m.cfg.Events != nil {
		m.cfg.Events(e)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
