package mesh

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tacit-mpc/tacit/channel"
)

// A flow is bulk data from one party to the other: numbered messages, checked on arrival.
type flow struct {
	n    *twoPaths
	from int
	got  atomic.Int64 // bytes
	stop atomic.Bool
	done sync.WaitGroup
}

const flowMessage = 16 << 10

func (n *twoPaths) flow(from int) *flow {
	f := &flow{n: n, from: from}
	ctx := n.t.Context()
	f.done.Go(func() {
		for i := uint64(0); ; i++ {
			msg := make([]byte, flowMessage)
			binary.BigEndian.PutUint64(msg, i)
			if f.stop.Load() {
				msg = nil
			}
			if err := n.meshes[from].SendTo(ctx, channel.Party(1-from), msg); err != nil {
				n.t.Error(err)
				return
			}
			if msg == nil {
				return
			}
		}
	})
	f.done.Go(func() {
		for i := uint64(0); ; i++ {
			msg, err := n.meshes[1-from].RecvFrom(ctx, channel.Party(from))
			if err != nil {
				n.t.Error(err)
				return
			}
			if len(msg) == 0 {
				return
			}
			if got := binary.BigEndian.Uint64(msg); len(msg) != flowMessage || got != i {
				n.t.Errorf("message %d of %d bytes, want message %d", got, len(msg), i)
				return
			}
			f.got.Add(int64(len(msg)))
		}
	})
	return f
}

// end has everything arrive that was sent.
func (f *flow) end() {
	f.stop.Store(true)
	f.done.Wait()
}

// rate is what arrives within d, in Mbit/s.
func (f *flow) rate(d time.Duration) float64 {
	before := f.got.Load()
	time.Sleep(d)
	return float64(f.got.Load()-before) * 8 / 1e6 / d.Seconds()
}

// reaches waits until mbit arrive, and says how long that took; it gives up after limit.
func (f *flow) reaches(mbit float64, limit time.Duration) time.Duration {
	start := time.Now()
	for time.Since(start) < limit {
		at := time.Since(start)
		if f.rate(20*time.Millisecond) >= mbit && f.rate(80*time.Millisecond) >= mbit {
			return at
		}
	}
	return limit
}

// news keeps the events of both parties.
type news struct {
	mu   sync.Mutex
	seen [2][]Event
}

func (s *news) events(self int) func(Event) {
	return func(e Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen[self] = append(s.seen[self], e)
	}
}

// told counts events of a kind, and returns the path of the last.
func (s *news) told(self int, kind EventKind) (n int, last Path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.seen[self] {
		if e.Kind == kind {
			n, last = n+1, e.Path
		}
	}
	return n, last
}
