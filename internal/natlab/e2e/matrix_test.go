//go:build linux

package e2e

import (
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// selection is what a short run plays of the matrix, at a skew of 0 and, where the value says so, at that of a late party.
var selection = map[string]bool{
	"fw x masq": true, "masq x masq": false, "cone x symm": false, "addr x adm": false, "symm x symm": false, "open x blocked": false,
	"blocked x blocked": false, "port x symm": true,
}

// late is how much later than the other the second party begins to punch.
const late = 150 * time.Millisecond

// atOnce is how many sessions run at the same time: two processors are then busy, and nobody waits long for one.
const atOnce = 3

// TestMatrix computes between every two kinds of NAT, and where two hosts share more than the internet. With TACIT_LAB=full every
// cell is played once, then those of birthday punching and then those of plain punching again, up to TACIT_LAB_REPEATS times (20)
// while less than TACIT_LAB_BUDGET (5m) has passed.
func TestMatrix(t *testing.T) {
	l := newLab(t)
	slowRelay(l)
	wanted := func(name string) bool { _, ok := selection[name]; return ok || full() }
	all := l.Grid(wanted)
	if full() {
		all = append(all, l.Extra()...)
	}
	var cells []*cell
	for _, c := range all {
		cells = append(cells, &cell{Cell: c})
		if full() || selection[c.Name] {
			cells = append(cells, &cell{Cell: c, skew: late})
		}
	}
	g := &game{lab: l, slots: make(chan int, atOnce)}
	for i := range atOnce {
		g.slots <- 5000 + 100*i
	}
	repeats, until := 1, time.Now()
	if full() {
		repeats, until = setting(t, "TACIT_LAB_REPEATS", strconv.Atoi, 20), until.Add(setting(t, "TACIT_LAB_BUDGET", time.ParseDuration, 5*time.Minute))
	}
	g.round(t, cells, 1, until)
	for _, want := range []byte{'B', 'D'} {
		var again []*cell
		for _, c := range cells {
			if c.Want == want {
				again = append(again, c)
			}
		}
		g.round(t, again, repeats, until)
	}
	for _, c := range cells {
		c.judge(t)
	}
	if *update && full() && !t.Failed() {
		writeDocument(t, cells)
	}
}

// setting reads a variable of the environment.
func setting[T any](t *testing.T, name string, parse func(string) (T, error), otherwise T) T {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	v, err := parse(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// slowRelay makes the bulk of what relays send leave the server at 20 Mbit/s: a computation over a relay then lasts long enough for
// a direct path to be found, and keeps no processor busy meanwhile. Small packets, and with them pings, pass by.
func slowRelay(l *netns.Lab) {
	for _, c := range []string{
		"qdisc add dev eth0 root handle 1: htb",
		"class add dev eth0 parent 1: classid 1:2 htb rate 20mbit",
		"qdisc add dev eth0 parent 1:2 handle 2: pfifo limit 90",
		"filter add dev eth0 parent 1: protocol ip u32 match u16 0x0400 0xfc00 at 2 flowid 1:2", // 1024 bytes and more
	} {
		l.Server.TC(c)
	}
}

// A game plays cells in a lab, a few at once.
type game struct {
	lab   *netns.Lab
	slots chan int // the first of the ports that a session may take
}

// round plays each cell up to repeats times in all, but a second time only while there is time, or to make up for bad luck.
func (g *game) round(t *testing.T, cells []*cell, repeats int, until time.Time) {
	var playing sync.WaitGroup
	for _, c := range cells {
		playing.Go(func() {
			for {
				slot := <-g.slots
				if c.failed || c.Enough(repeats, c.played, c.direct) || c.played > 0 && c.Enough(1, c.played, c.direct) && time.Now().After(until) {
					g.slots <- slot
					return
				}
				c.play(t, host(t, g.lab, slot+2*(c.played%50)))
				g.slots <- slot
			}
		})
	}
	playing.Wait()
}
