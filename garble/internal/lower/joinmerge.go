package lower

import (
	"slices"

	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/gadget"
)

// maxPairs is the number of pairs from which a join is always merged, without counting.
const maxPairs = 1 << 16

// mergeCost is about the number of ANDs that windows takes.
func (t tables) mergeCost() int {
	m, n := len(t.a), len(t.b)
	if m*n > maxPairs {
		return 0
	}
	exchanges := 0
	gadget.OddEvenMerge(places(0, m), places(m, m+n), func(i, j int) { exchanges++ })
	return exchanges*(2*t.key+2+max(t.arest, t.brest)) + (m+n-1)*t.key
}

func places(first, end int) []int {
	var p []int
	for i := first; i < end; i++ {
		p = append(p, i)
	}
	return p
}

// windows merges the tables by key and gives, for each two neighbours, whether they match: rows with the same key, of different
// tables. A row is the key, a tag of one bit that is 0 for the first table and 1 for the second, so that the first comes first,
// and the rest of the element.
func (l *lowerer) windows(t tables) []match {
	width := max(t.arest, t.brest)
	var rows []gadget.Word
	add := func(elem gadget.Word, tag circuit.Wire) {
		padding := gadget.Fill(l.b.Zero(), t.key+width-len(elem))
		rows = append(rows, t.flip(l.b, slices.Concat(elem[:t.key], gadget.Word{tag}, elem[t.key:], padding)))
	}
	for _, e := range t.a {
		add(e, l.b.Zero())
	}
	for _, e := range t.b {
		add(e, l.b.One())
	}
	order := gadget.OddEvenMerge(places(0, len(t.a)), places(len(t.a), len(rows)), func(i, j int) {
		l.spend(t.key+width, t.at)
		x, y := rows[i], rows[j]
		gadget.Swap(l.b, gadget.Less(l.b, y[:t.key+1], x[:t.key+1], false), x, y)
	})
	var ms []match
	for i := 0; i+1 < len(order); i++ {
		x, y := rows[order[i]], rows[order[i+1]]
		l.spend(t.key+width, t.at)
		differ := gadget.Xor(l.b, x[:t.key+1], y[:t.key+1])
		differ[t.key] = l.b.Not(differ[t.key])
		key := t.flip(l.b, slices.Clone(x[:t.key]))
		elem := func(row gadget.Word, width int) gadget.Word { return slices.Concat(key, row[t.key+1:t.key+1+width]) }
		ms = append(ms, match{l.b.Not(gadget.Any(l.b, differ)), elem(x, t.arest), elem(y, t.brest)})
	}
	return ms
}
