package relay

import (
	"testing"
	"time"
)

// TestPulse follows a pulse through answers, losses and an end.
func TestPulse(t *testing.T) {
	p, now := newPulse(), time.Unix(1000, 0)
	var last []byte
	// pass lets time pass in steps as keep does; answered pings come back after 20 ms.
	pass := func(d time.Duration, traffic, answered bool) (pings int, doubt, dead bool) {
		for end := now.Add(d); now.Before(end); now = now.Add(pulseAgain) {
			if p.due(now, traffic) {
				last = p.ping(now)
				pings++
				if answered && !p.take(last, now.Add(20*time.Millisecond)) {
					t.Fatal("a ping is not known")
				}
			}
			doubt, dead = p.state(now)
		}
		return pings, doubt, dead
	}
	if n, doubt, _ := pass(time.Minute, false, true); n > 13 || doubt {
		t.Errorf("idle: %d pings in a minute, doubt %v", n, doubt)
	}
	if n, doubt, _ := pass(3*time.Second, true, true); n < 9 || n > 11 || doubt {
		t.Errorf("busy: %d pings in three seconds, doubt %v", n, doubt)
	}
	if _, doubt, dead := pass(1200*time.Millisecond, true, false); !doubt || dead {
		t.Errorf("silent for 1.2 s: doubt %v, dead %v", doubt, dead)
	}
	p.take(last, now) // the last one comes back after all: those before it are lost
	if doubt, _ := p.state(now); doubt {
		t.Error("doubt in spite of an answer")
	}
	if _, doubt, dead := pass(5*time.Second, true, false); !doubt || !dead {
		t.Errorf("silent for 5 s: doubt %v, dead %v", doubt, dead)
	}
	if p.take(append([]byte{1}, last[1:]...), now) || p.take(last[:pingSize-1], now) {
		t.Error("a foreign packet is taken for a ping")
	}
}
