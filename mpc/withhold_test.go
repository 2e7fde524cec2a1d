package mpc

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
)

// TestWithheld is pitfalls 13 and 14, and row 34: a party that falls silent towards a victim never gets to see, from
// the victim, what may only leave once the missing message is there and checked. The victim says whom it waited for.
func TestWithheld(t *testing.T) {
	for _, c := range []struct {
		n     int
		st    step
		batch uint32
		never []step // of the batch, from the victim to anybody
	}{
		{2, stepOT, 0, []step{stepPPRF, stepXT1}},
		{2, stepPPRF, 0, []step{stepXT2, stepIN1}},
		{2, stepXT1, 1, []step{stepXT2, stepXT3, stepLA1}},
		{2, stepXT2, 1, []step{stepXT3, stepLA1}},
		{2, stepXT3, 0, []step{stepIN1, stepLA1}},
		{2, stepXT3, 1, []step{stepLA1}},
		{2, stepLA1, 1, []step{stepLA2, stepLA5}},
		{2, stepLA2, 1, []step{stepLA4, stepLA5}},
		{2, stepLA4, 1, []step{stepLA5}},
		{2, stepLA5, 1, []step{stepLA6}},
		{2, stepLA6, 1, []step{stepLA8}},
		{2, stepLA8, 1, []step{stepBK1, stepOP1}},
		{2, stepBK1, 1, []step{stepOP1}},
		{3, stepXT1, 0, []step{stepXT3}},
		{3, stepXT2e, 1, []step{stepXT3, stepXT4, stepLA1}},
		{3, stepXT3, 1, []step{stepXT4, stepLA1}},
		{3, stepXT4, 1, []step{stepXT5, stepLA1}},
		{3, stepXT5, 0, []step{stepDC1, stepIN1}},
		{3, stepXT5, 1, []step{stepLA1}},
		{3, stepDC1, 0, []step{stepDC2, stepDC3, stepIN1}},
		{3, stepDC2, 0, []step{stepDC3, stepIN1}},
		{3, stepDC3, 0, []step{stepIN1}},
		{3, stepLA2, 1, []step{stepLA3, stepLA4, stepLA5}},
		{3, stepLA3, 1, []step{stepLA4, stepLA5}},
		{3, stepLA7, 1, []step{stepLA8, stepBK1}},
	} {
		t.Run(fmt.Sprintf("n=%d/%v/%d", c.n, c.st, c.batch), func(t *testing.T) {
			ch := newCheat(c.n)
			cheater, victim := c.n-1, min(1, c.n-2)
			var mu sync.Mutex
			sent, silent := map[name]bool{}, false
			ch.tamper = func(f *letter) {
				mu.Lock()
				defer mu.Unlock()
				if f.from == victim {
					sent[name{f.step, f.batch}] = true
				}
				silent = silent || f.is(c.st, c.batch, cheater, victim)
				f.drop = silent && f.from == cheater && f.to == victim
			}
			o := ch.run(t)
			for _, st := range c.never {
				if sent[name{st, c.batch}] || sent[name{st, c.batch + 1}] {
					t.Errorf("the victim sent %v", st)
				}
			}
			if !sent[name{stepOT, 0}] {
				t.Error("the victim sent nothing")
			}
			var lost *LostError
			if err := o.results[victim].err; !errors.As(err, &lost) || lost.Party != channel.Party(cheater) || !errors.Is(err, ErrSilent) {
				t.Errorf("the victim says %v", err)
			}
		})
	}
}
