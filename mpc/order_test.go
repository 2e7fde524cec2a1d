package mpc

import "testing"

// names lists the messages of one direction of a link, lane by lane.
func names(p *plan, from, to int) (list []name) {
	for l := range numLanes {
		c := cursor{plan: p, lane: l, from: from, to: to}
		for {
			m, ok := c.peek()
			if !ok {
				break
			}
			list = append(list, m)
			c.advance()
		}
	}
	return list
}

// TestOrderIsComplete checks that both orders name every message that plan.sends reports exactly once, and none else.
func TestOrderIsComplete(t *testing.T) {
	for n := 2; n <= 4; n++ {
		for _, dealer := range []bool{false, true} {
			for _, two := range []bool{false, true} {
				for chunks := range 4 {
					p := testPlan(t, n, chunks, dealer, two)
					for from := range n {
						for to := range n {
							seen := make(map[name]int)
							for _, m := range names(p, from, to) {
								seen[m]++
							}
							for st := range numSteps {
								for b := range uint32(chunks + 2) {
									want := 0
									if p.sends(st, b, from, to) {
										want = 1
									}
									if seen[name{st, b}] != want {
										t.Errorf("n=%d dealer=%v two=%v: %v/%d from %d to %d listed %d times, want %d",
											n, dealer, two, st, b, from, to, seen[name{st, b}], want)
									}
								}
							}
						}
					}
				}
			}
		}
	}
}

// TestSteps counts the steps of a batch: 13 for two parties, 18 for more (protocol 27).
func TestSteps(t *testing.T) {
	for n, want := range map[int]int{2: 13, 3: 18} {
		p := testPlan(t, n, 2, false, false)
		steps := make(map[step]bool)
		for from := range n {
			for to := range n {
				for _, m := range names(p, from, to) {
					if m.batch == 2 {
						steps[m.step] = true
					}
				}
			}
		}
		if len(steps) != want {
			t.Errorf("n=%d: %d steps, want %d", n, len(steps), want)
		}
	}
}
