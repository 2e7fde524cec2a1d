package mpc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/internal/block"
)

const (
	defaultPatience = 10 * time.Minute
	farewell        = 2 * time.Second // how long the abort or leave frame may take
)

// A session is one party's step machine for one run: it owns the links, knows which message comes next on each of them,
// refuses to send what may not leave yet, and ends the run once. It serves one evaluation of one circuit and is then
// dead: its secrets are erased.
type session struct {
	plan     *plan
	self     int
	ch       channel.Channel
	patience time.Duration
	observe  observer

	sid   []byte      // 32 bytes, once the session is started
	delta block.Block // our global key
	base  block.Block // S, the public base of all tweaks

	ledger *ledger
	links  []*link // by peer, nil at self
	where  tracker
	vault  vault
	mem    *arena // secrets of the whole run

	randMu sync.Mutex
	rand   io.Reader

	cancel  context.CancelCauseFunc
	unwatch func() bool // stops looking at the caller's context
	writers sync.WaitGroup
	readers sync.WaitGroup
}

// An observer watches a run from the inside; tests use it to assert the invariants that no party alone can see.
type observer func(s *session, event string, batch uint32, value any)

// newSession starts the links of a run. The returned context ends with the run; its cause is the error.
func newSession(ctx context.Context, ch channel.Channel, p *plan, cfg *Config) (*session, context.Context) {
	s := &session{plan: p, self: int(ch.Self()), ch: ch, patience: cfg.Patience, rand: cfg.Rand, observe: cfg.observe}
	if s.patience <= 0 {
		s.patience = defaultPatience
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	s.mem = s.vault.arena()
	s.where.report = cfg.Progress
	s.where.now.Total = p.countAnds()
	s.where.enter(phaseSetup)
	s.ledger = newLedger(p, s.self)
	s.links = make([]*link, p.n)
	parent := ctx
	ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(parent))
	s.unwatch = context.AfterFunc(parent, func() { s.end(s.interrupted(parent)) })
	for _, j := range p.peers(s.self) {
		l := newLink(p, s.self, j)
		s.links[j] = l
		s.readers.Go(func() { l.read(ctx, s) })
		s.writers.Go(func() { l.write(ctx, s) })
	}
	return s, ctx
}

// end ends the run with err; only the first call counts. It wakes everybody who waits on the context of the run.
func (s *session) end(err error) { s.cancel(err) }

// interrupted is the error of a run whose caller gave up.
func (s *session) interrupted(parent context.Context) error {
	err := fmt.Errorf("interrupted in phase %s: %w", s.where.phase(), parent.Err())
	if cause := context.Cause(parent); cause != parent.Err() {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// close waits for all goroutines, tells the peers how the run ended if it failed, and erases every secret. It returns the
// error that ended the run: what ended it first, but a failed check before all.
func (s *session) close(ctx context.Context, err error) error {
	if err == nil {
		err = s.flush(ctx)
	}
	var abort *AbortError
	if ctx.Err() != nil && !errors.As(err, &abort) {
		err = context.Cause(ctx)
	}
	s.unwatch()
	s.end(err)
	s.writers.Wait()
	s.readers.Wait()
	if err != nil {
		s.sayFarewell(ctx, closingFrame(err))
	}
	s.erase()
	return err
}

// flush waits until everything we had to say is with the channel.
func (s *session) flush(ctx context.Context) error {
	done := make(chan struct{})
	for _, l := range s.links {
		if l != nil {
			close(l.out)
		}
	}
	go func() { s.writers.Wait(); close(done) }()
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return fmt.Errorf("send the last messages: %w", context.DeadlineExceeded)
	}
}

// sayFarewell sends the closing frame on every link, for a short while even if the run was cancelled.
func (s *session) sayFarewell(ctx context.Context, frame []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	var wg sync.WaitGroup
	for _, j := range s.plan.peers(s.self) {
		wg.Go(func() { s.ch.SendTo(ctx, party(j), append([]byte(nil), frame...)) })
	}
	wg.Wait()
}

// erase overwrites every secret of the session (protocol 23).
func (s *session) erase() {
	s.vault.erase()
	s.delta, s.base = block.Block{}, block.Block{}
	clear(s.sid)
	for _, l := range s.links {
		if l == nil {
			continue
		}
		for i := range l.in {
			for len(l.in[i].queue) > 0 {
				m := <-l.in[i].queue
				clear(m.body)
			}
		}
	}
}

// random fills p with private randomness.
func (s *session) random(p []byte) error {
	s.randMu.Lock()
	defer s.randMu.Unlock()
	if _, err := io.ReadFull(s.rand, p); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	return nil
}

// abort builds the error of a failed check. Party is the one whose message failed, or -1.
func (s *session) abort(st step, party int, check string) error {
	err := &AbortError{Phase: st.phase(), Check: fmt.Sprintf("%v: %s", st, check), Party: channel.Party(party)}
	s.watch("abort", 0, err)
	return err
}

func (s *session) malformed(peer int, st step, err error) error {
	if st == stepAbort || st == stepLeave {
		return &AbortError{Phase: s.where.phase(), Check: err.Error(), Party: party(peer)}
	}
	return s.abort(st, peer, err.Error())
}

func (s *session) lost(peer int, err error) error {
	return &LostError{Party: party(peer), Phase: s.where.phase(), Err: err}
}

// linkFailed is the error of a link on which a call of the channel failed.
func (s *session) linkFailed(peer int, err error) error {
	if errors.Is(err, channel.ErrClosed) {
		var at *channel.PeerError
		if !errors.As(err, &at) { // our own end
			return fmt.Errorf("run in phase %s: %w", s.where.phase(), err)
		}
	}
	return s.lost(peer, err)
}

// watch reports an event to the observer, if there is one.
func (s *session) watch(event string, batch uint32, value any) {
	if s.observe != nil {
		s.observe(s, event, batch, value)
	}
}
