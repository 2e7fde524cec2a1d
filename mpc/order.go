package mpc

import "slices"

// A name identifies a logical message of one link and direction.
type name struct {
	step  step
	batch uint32
}

// A lane is one of the two sequences of messages of a link. Inside a lane the order is fixed by the plan; the lanes may
// overtake one another, so that a batch can be preprocessed while an earlier chunk is garbled or evaluated.
type lane uint8

const (
	laneMain lane = iota // session start, input, opening, garbling, evaluation, output
	lanePre              // base OT, shares, leaky AND, bucket coins
	numLanes
)

func (st step) lane() lane {
	if rows[st].pre {
		return lanePre
	}
	return laneMain
}

var (
	preSetup   = []step{stepOT, stepPPRF}
	preShares  = [][]step{{stepXT1}, {stepXT2e, stepXT2}, {stepXT3}, {stepXT4}, {stepXT5}} // in flights
	preDelta   = []step{stepDC1, stepDC2, stepDC3}
	preTriples = []step{stepLA1, stepLA2, stepLA3, stepLA4, stepLA5, stepLA6, stepLA7, stepLA8, stepBK1}
	preChunk   = slices.Concat(slices.Concat(preShares...), preTriples)
	startInput = []step{stepHello, stepAck, stepIN1, stepIN2, stepIN3, stepIN4}
	fullChunk  = []step{stepOP1, stepGB1, stepEV1}
	lastSteps  = []step{stepOU1, stepOU2}
)

// section returns the s-th group of steps of a lane, and their batch.
func (p *plan) section(l lane, s int) (steps []step, batch uint32, ok bool) {
	c := p.batches
	switch {
	case l == lanePre:
		return p.preSection(s)
	case !p.two && s == 0:
		return startInput, 0, true
	case !p.two && s <= c:
		return fullChunk, uint32(s), true
	case !p.two:
		return lastSteps, 0, s == c+1
	case s == 0:
		return startInput[:2], 0, true
	case s <= c:
		return fullChunk[:2], uint32(s), true
	case s == c+1:
		return startInput[2:], 0, true
	case s <= 2*c+1:
		return fullChunk[2:], uint32(s - c - 1), true
	}
	return lastSteps, 0, s == 2*c+2
}

// preSection is section for the preprocessing. The shares of batches 0 and 1 are made side by side, flight by flight.
func (p *plan) preSection(s int) (steps []step, batch uint32, ok bool) {
	if s == 0 {
		return preSetup, 0, true
	}
	if s--; s < 2*len(preShares) {
		return preShares[s/2], uint32(s % 2), true
	}
	switch s -= 2 * len(preShares); s {
	case 0:
		return preDelta, 0, true
	case 1:
		return preTriples, 1, true
	}
	return preChunk, uint32(s), s <= p.batches
}

// A cursor walks the messages of one lane from one party to another, in the only order allowed.
type cursor struct {
	plan     *plan
	lane     lane
	from, to int
	sec, pos int
}

// peek returns the next message, or false at the end.
func (c *cursor) peek() (name, bool) {
	for {
		steps, batch, ok := c.plan.section(c.lane, c.sec)
		if !ok {
			return name{}, false
		}
		for ; c.pos < len(steps); c.pos++ {
			if c.plan.sends(steps[c.pos], batch, c.from, c.to) {
				return name{steps[c.pos], batch}, true
			}
		}
		c.sec, c.pos = c.sec+1, 0
	}
}

// advance goes past the message that peek returned.
func (c *cursor) advance() { c.pos++ }
