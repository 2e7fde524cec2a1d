package relay

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// When an allocation pings itself through the relay.
const (
	pulseBusy  = 300 * time.Millisecond // after traffic
	pulseIdle  = 5 * time.Second
	pulseAgain = 150 * time.Millisecond // while an answer is late
	doubtAfter = 600 * time.Millisecond // without an answer
	deadAfter  = 4 * time.Second
)

// A pulse tells whether a relay still carries packets, by numbered pings to ourselves.
type pulse struct {
	key [pingSize - 8]byte // nobody else knows it

	mu       sync.Mutex
	number   uint64               // of the last ping
	answered uint64               // the highest
	sent     map[uint64]time.Time // those after answered
	last     time.Time
	rtt      time.Duration // smoothed
}

// pingSize is the length of a ping: the key and the number.
const pingSize = 16

func newPulse() *pulse {
	p := &pulse{sent: make(map[uint64]time.Time)}
	rand.Read(p.key[:])
	return p
}

// due tells whether to ping now.
func (p *pulse) due(now time.Time, traffic bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := pulseIdle
	switch {
	case p.silence(now) > pulseBusy:
		every = pulseAgain
	case traffic || len(p.sent) > 0:
		every = pulseBusy
	}
	return now.Sub(p.last) >= every
}

// ping makes the next ping.
func (p *pulse) ping(now time.Time) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	p.sent[p.number], p.last = now, now
	return binary.BigEndian.AppendUint64(p.key[:len(p.key):len(p.key)], p.number)
}

// take takes a packet that came from our own relayed address, if it is a ping.
func (p *pulse) take(b []byte, now time.Time) bool {
	if len(b) != pingSize || [pingSize - 8]byte(b[:len(p.key)]) != p.key {
		return false
	}
	n := binary.BigEndian.Uint64(b[len(p.key):])
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.sent[n]
	if !ok {
		return true // late, after a later one
	}
	if took := now.Sub(at); p.rtt == 0 {
		p.rtt = took
	} else {
		p.rtt += (took - p.rtt) / 4
	}
	for ; p.answered < n; p.answered++ {
		delete(p.sent, p.answered+1)
	}
	return true
}

// silence is how long the oldest ping after the last answered one has waited. The lock is held.
func (p *pulse) silence(now time.Time) time.Duration {
	if at, ok := p.sent[p.answered+1]; ok {
		return now.Sub(at)
	}
	return 0
}

// state tells whether the relay is late with an answer, and whether it is so late that it is given up.
func (p *pulse) state(now time.Time) (doubt, dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	silence := p.silence(now)
	return silence > max(doubtAfter, 3*p.rtt), silence > max(deadAfter, 8*p.rtt)
}
