//go:build linux

package netns

import "fmt"

// A Cell is two hosts, and what becomes of a pair on them.
type Cell struct {
	Name string
	X, Y *Host
	Want byte // a letter of Matrix; 0 where it depends on the moment
}

// mostRepeats bounds a cell that chance treated badly.
const mostRepeats = 40

// Enough tells whether the cell was played often enough, direct times of them with a direct path: the repeats asked for, and a
// birthday cell, where a try may have bad luck, on until 19 of 20 were direct, or cannot be any more. Fewer repeats than 20 so
// demand what the same probability allows, and one failure among them is looked into.
func (c Cell) Enough(repeats, played, direct int) bool {
	if c.Want != 'B' || played < repeats {
		return played >= repeats
	}
	return c.Holds(played, direct) || played-direct > mostRepeats/20 || played >= mostRepeats
}

// Holds tells whether what became of the pair is what the cell wants.
func (c Cell) Holds(played, direct int) bool {
	switch c.Want {
	case 'D':
		return direct == played
	case 'B':
		return played-direct <= played/20
	case 'R':
		return direct == 0
	}
	return true
}

// Access networks that Grid and Extra use; the others are free.
const (
	gridNetworks  = 1  // and the 19 that follow
	extraNetworks = 31 // and the 19 that follow
)

// Grid makes the cells of Matrix that are wanted, by their names, with two hosts of each kind.
func (l *Lab) Grid(wanted func(name string) bool) (cells []Cell) {
	l.tb.Helper()
	var hosts []*Host
	made := map[int]*Host{}
	host := func(kind, side int) *Host {
		i := gridNetworks + 2*kind + side
		if made[i] == nil {
			made[i] = l.Host(i, Kinds[kind])
			hosts = append(hosts, made[i])
		}
		return made[i]
	}
	for i, x := range Kinds {
		for j := i; j < len(Kinds); j++ {
			if name := fmt.Sprintf("%s x %s", x, Kinds[j]); wanted(name) {
				cells = append(cells, Cell{name, host(i, 0), host(j, 1), Matrix[i][j]})
			}
		}
	}
	l.Assert(hosts...)
	return cells
}

// Extra makes cells of hosts that share more than the internet, a lan, a router that turns packets round, a carrier's NAT, and of
// NATs that change.
func (l *Lab) Extra() []Cell {
	l.tb.Helper()
	network := extraNetworks - 1
	next := func() int { network++; return network }
	var hosts []*Host
	behind := func(r *Router, octet int, k Kind) *Host {
		h := l.Behind(r, octet)
		h.Kind = k
		hosts = append(hosts, h)
		return h
	}
	host := func(k Kind) *Host {
		h := l.Host(next(), k)
		hosts = append(hosts, h)
		return h
	}
	masq := func(r *Router) *Router { r.NAT(Masq, ""); return r }
	turning := func(r *Router) *Router { r.LearningCone(); return r }
	home := func(outer *Router, octet int) *Host { return behind(masq(l.Home(outer, octet)), 10, Masq) }

	lan, guests, turningGuests := masq(l.Router(next())), masq(l.Router(next())), turning(l.Router(next()))
	guests.Isolate()
	turningGuests.Isolate()
	strict, generous := masq(l.Carrier(next())), turning(l.Carrier(next()))
	strictHome, generousHome, outside := home(strict, 2), home(generous, 2), host(Masq)
	cells := []Cell{
		{"one lan", behind(lan, 10, Masq), behind(lan, 11, Masq), 'D'},
		{"one lan that keeps its hosts apart", behind(guests, 10, Masq), behind(guests, 11, Masq), 'R'},
		{"one lan that keeps its hosts apart, hairpin", behind(turningGuests, 10, Cone), behind(turningGuests, 11, Cone), 'D'},
		{"two homes of a carrier", strictHome, home(strict, 3), 'R'},
		{"two homes of a carrier, hairpin", generousHome, home(generous, 3), 'D'},
		{"home of a carrier x home outside", strictHome, outside, 'D'},
		{"homes of two carriers", strictHome, generousHome, 'D'},
		{"router behind a router x home", home(masq(l.Router(next())), 2), outside, 'D'},
		{"noinputdrop x open", host(NoInputDrop), host(Open), 'D'},
		{"noinputdrop x cone", host(NoInputDrop), host(Cone), 'D'},
		{"noinputdrop x fw", host(NoInputDrop), host(Firewall), 0},
		{"noinputdrop x masq", host(NoInputDrop), outside, 0},
		{"noinputdrop x symm", host(NoInputDrop), host(Symmetric), 0},
	}
	l.Assert(hosts...)
	return cells
}
