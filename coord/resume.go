package coord

import (
	"bytes"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// A StateStore keeps the state of one session while its coordinator is restarted. What it keeps is secret: it opens seats.
// StateFile is one.
type StateStore interface {
	Load() ([]byte, error) // what was saved last; nothing and no error if nothing was, or Remove came after it
	Save([]byte) error     // durably, in place of what was saved before
	Remove() error
}

// resumeWithin is how long a restarted coordinator waits for parties to come back before it says that one is lost. Those that
// still look for it do so every 15 seconds at least.
const resumeWithin = 30 * time.Second

// persist saves the state if it has changed. When it cannot be saved the session goes on: it could then not be resumed.
func (s *session) persist() error {
	if s.store == nil || s.phase == over {
		return nil
	}
	b := cryptobyte.NewBuilder(nil)
	s.appendState(b)
	state, err := b.Bytes()
	if err != nil || bytes.Equal(state, s.saved) {
		return err
	}
	s.saved = state
	return s.store.Save(state)
}

func (s *session) forget() {
	if s.store != nil {
		s.store.Remove() // nobody could do anything about an error
	}
}

// begin sets the clocks of a session, or those of one that is taken up again, whose parties have to come back.
func (s *session) begin(now time.Time) {
	if s.phase == gathering && s.deadline.IsZero() { // new, or killed before it was served
		s.deadline = now.Add(s.cfg.Timeout)
	}
	if !s.resumed {
		return
	}
	switch s.phase {
	case opening:
		s.deadline = now.Add(resumeWithin + openWithin)
	case connecting:
		s.deadline = now.Add(resumeWithin + startWithin)
	}
	for i := range s.seats {
		s.seats[i].until = now.Add(resumeWithin)
		if s.seats[i].state != Empty && s.cfg.Events != nil {
			s.cfg.Events(s.event(i))
		}
	}
}

// overdue notes that a party did not come back after a restart.
func (s *session) overdue(i int) {
	me := &s.seats[i]
	if me.unheard && me.cause != Silent {
		s.note(me, Silent, "it did not come back when the coordinator did")
		if s.phase == running {
			s.announce(i)
		}
	}
}
