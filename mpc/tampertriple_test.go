package mpc

import (
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/internal/block"
)

// TestHiddenKeysTampered is row 19: one altered block of U makes the check fail iff the victim's bit a of that triple is one.
func TestHiddenKeysTampered(t *testing.T) {
	for _, n := range []int{2, 3} {
		victim := min(1, n-2)
		for p := range 12 - 3*n {
			t.Run(fmt.Sprintf("n=%d/%d", n, p), func(t *testing.T) {
				see := newSecrets()
				ch := newCheat(n)
				ch.observe = see.observe
				ch.tamper = flipByte(stepLA1, 1, n-1, victim, 16*p+p%3*4) // the lowest bits too
				o := ch.run(t)
				a := see.a[victim].Get(p)
				if a == 0 {
					o.correct()
				} else {
					o.aborts(stepLA8)
				}
			})
		}
		t.Run(fmt.Sprintf("n=%d/all", n), func(t *testing.T) {
			ch := newCheat(n)
			ch.tamper = func(f *letter) {
				if f.is(stepLA1, 1, n-1, victim) {
					for i := range f.payload {
						f.payload[i] ^= 0x55
					}
				}
			}
			ch.run(t).aborts(stepLA8)
		})
	}
}

// TestTriplesTampered is rows 20 and 21, the parts that are alterations on the way.
func TestTriplesTampered(t *testing.T) {
	for _, c := range []flipCase{
		{"d", stepLA4, 1, 0, stepLA4, nil},
		{"d randomness", stepLA4, 1, -1, stepLA4, nil},
		{"coin 3", stepLA5, 1, 3, stepLA5, nil},
		{"theta", stepLA8, 1, 0, stepLA8, nil},
		{"theta randomness", stepLA8, 1, -1, stepLA8, nil},
		{"coin 4", stepBK1, 1, 60, stepBK1, nil},
	} {
		c.run(t, 2)
	}
	for _, c := range []flipCase{
		{"d", stepLA4, 1, 0, stepLA4, []int{1}},
		{"coin 3", stepLA5, 1, 3, stepLA5, []int{1}},
		{"d commitment", stepLA2, 1, 9, stepLA3, nil},
		{"d echo", stepLA3, 1, 9, stepLA3, []int{1}},
		{"theta commitment", stepLA6, 1, 9, stepLA7, nil},
		{"theta echo", stepLA7, 1, 9, stepLA7, []int{1}},
	} {
		c.run(t, 3)
	}
	flipCase{"d commitment", stepLA2, 1, 9, stepLA4, nil}.run(t, 2)
	flipCase{"theta commitment", stepLA6, 1, 9, stepLA8, nil}.run(t, 2)
}

// TestTriplesCheated is rows 20 and 21, the parts where the cheater commits to a wrong value, and row 23 for the bits d.
func TestTriplesCheated(t *testing.T) {
	for _, n := range []int{2, 3} {
		for _, c := range []struct {
			name  string
			abort step
			event string
			do    func(value any)
		}{
			{"flipped d", stepLA8, "leaky d", func(v any) { v.(block.Bits)[1] ^= 4 }},
			{"padding of d", stepLA4, "leaky d", func(v any) { v.(block.Bits)[2] ^= 0x80 }},
			{"wrong theta", stepLA8, "leaky tau", func(v any) { v.(*leakyAND).s[3].Hi ^= 1 << 20 }},
		} {
			t.Run(fmt.Sprintf("n=%d/%s", n, c.name), func(t *testing.T) {
				ch := newCheat(n)
				ch.tiny = bucketing{3, 7} // 21 triples: three bits of padding
				ch.observe = func(s *session, event string, _ uint32, value any) {
					if event == c.event && s.self == n-1 {
						c.do(value)
					}
				}
				ch.run(t).aborts(c.abort)
			})
		}
	}
}

// TestWrongLowestBit is row 24, and 24b: two wrong ones cancel and need not be noticed, but nothing wrong comes of it.
func TestWrongLowestBit(t *testing.T) {
	for _, c := range [][]int{{1, 2}, {0, 2}, {2, 3}, {0, 3}} {
		t.Run(fmt.Sprint("one of ", c[1]), func(t *testing.T) {
			ch := newCheat(c[1])
			ch.corrupt = c[:1]
			ch.observe = wrongLowestBit(c[0])
			ch.run(t).aborts(stepLA8)
		})
	}
	t.Run("two of 4", func(t *testing.T) {
		ch := newCheat(4)
		ch.corrupt = []int{1, 3}
		ch.observe = wrongLowestBit(1, 3)
		ch.run(t) // asserts that no honest output is wrong
	})
}

func wrongLowestBit(who ...int) observer {
	return func(s *session, event string, _ uint32, _ any) {
		for _, x := range who {
			if event == "delta" && s.self == x {
				s.delta.Lo ^= 1
			}
		}
	}
}
