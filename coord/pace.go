package coord

import "time"

// A pace lets a burst through at once and then one each interval (the generic cell rate algorithm). every and burst
// are required.
type pace struct {
	every time.Duration
	burst int
	spent time.Time // when all that passed so far is forgotten
}

// take says how long the next one has to wait, and counts it.
func (p *pace) take(now time.Time) time.Duration {
	if p.spent.Before(now) {
		p.spent = now
	}
	wait := p.spent.Add(-time.Duration(p.burst-1) * p.every).Sub(now)
	p.spent = p.spent.Add(p.every)
	return max(wait, 0)
}

// allow lets one through, or not, without making the next wait longer for it.
func (p *pace) allow(now time.Time) bool {
	if tried := *p; tried.take(now) > 0 {
		return false
	}
	p.take(now)
	return true
}
