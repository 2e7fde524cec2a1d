package natpunch

import "time"

// A path may lose large packets alone: its MTU shrank, or is less than that of the path before, and no ICMP message tells (RFC 8899
// section 1.1). So pings of the size in use go over the chosen path beside the small ones while traffic flows. A path that was not
// chosen before is narrow until one of them has been answered.
const (
	widthMisses   = 3 // in a row, while small pings are answered
	widenAfter    = 5 * time.Second
	longestWiden  = 20 * time.Second
	mostWidePings = 3 // at a time
)

// A width is what is known of the size of packets that pass over a route.
type width struct {
	passed  int  // the largest ping answered since it was last narrow
	narrow  bool // large packets do not pass, as far as is known
	size    int  // that is asked for
	misses  int  // in a row
	sent    time.Time
	waiting bool
	pause   time.Duration // between pings while narrow
}

// begin forgets what was being tried: the route becomes the path.
func (w *width) begin(size int) { *w = width{passed: w.passed, narrow: w.passed < size} }

// size is what pings are padded to; 0 if no packets of the peer are larger than a ping.
func (c *Pair) size() int {
	if c.largest == nil {
		return 0
	}
	if n := min(c.largest(), maxPing); n > pingSize {
		return n
	}
	return 0
}

// watchWidth pings the chosen path with large packets, and finds it narrow if they are lost while small ones are not.
func (c *Pair) watchWidth(now time.Time) time.Time {
	t, size := c.chosen, c.size()
	w := &t.width
	if w.waiting {
		if deadline := w.sent.Add(t.patience()); now.Before(deadline) {
			return deadline
		}
		w.waiting = false
		w.misses++
		if w.misses >= widthMisses && !t.alive.Before(w.sent) {
			w.pause = min(max(2*w.pause, widenAfter), longestWiden)
			w.passed = 0
			if !w.narrow {
				w.narrow = true
				c.publish()
			}
		}
	}
	if size != w.size && !w.waiting { // QUIC found a larger one, or moved and begins with a small one
		w.size, w.misses, w.pause, w.sent = size, 0, 0, time.Time{}
	}
	every := pingBusy
	switch {
	case w.pause > 0:
		every = w.pause
	case w.misses > 0:
		every = 0
	}
	due, soon := w.sent.Add(every), now.Add(pingBusy)
	switch {
	case size == 0 || w.misses == 0 && !w.narrow && !c.busy(now):
		return soon
	case now.Before(due) && due.Before(soon):
		return due
	case now.Before(due):
		return soon
	}
	for range min(1+w.misses, mostWidePings) { // as in watch
		c.pingOf(t, size)
	}
	c.ping(t) // the same moment for both
	w.sent, w.waiting = t.pinged, true
	return now.Add(t.patience())
}

// passed takes the answer to a padded ping.
func (c *Pair) passed(t *route, size int) {
	w := &t.width
	w.passed = max(w.passed, size)
	if size < c.size() {
		return
	}
	narrow := w.narrow
	w.misses, w.waiting, w.pause, w.narrow = 0, false, 0, false
	if narrow && t == c.chosen {
		c.publish()
	}
}
