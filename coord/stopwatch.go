package coord

import (
	"sync"
	"time"
)

// A stopwatch takes the round-trip time of the newest ping. The least of all counts: whatever is more was spent waiting.
type stopwatch struct {
	mu     sync.Mutex
	number uint32
	began  time.Time // zero: not running
	best   time.Duration
	known  bool
}

// start begins a measurement, and returns the number of the ping.
func (w *stopwatch) start() uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.number++
	w.began = time.Now()
	return w.number
}

// waiting is the number of the newest ping, if its answer has not come.
func (w *stopwatch) waiting() (number uint32, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.number, !w.began.IsZero()
}

// stop ends the measurement, if the answer is to the newest ping.
func (w *stopwatch) stop(number uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number != w.number || w.began.IsZero() {
		return
	}
	if took := time.Since(w.began); !w.known || took < w.best {
		w.best, w.known = took, true
	}
	w.began = time.Time{}
}

func (w *stopwatch) least() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.best
}
