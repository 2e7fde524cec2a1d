package circuit

// defaultSharing is the default number of slots of the table of gates.
const defaultSharing = 1 << 24

const (
	bucket    = 8 // slots
	maxProbes = 4 // buckets
)

// A shareTable finds gates by their operands. It is an open-addressing hash table of nodes in buckets: a gate lies in the
// first of at most maxProbes buckets that had room. One byte of the hash beside each node saves most looks at the gate. It
// grows up to the limit; a full table forgets.
type shareTable struct {
	tags  []uint8 // 0 if the slot is empty
	nodes []node
	n     int
	limit int // slots
}

// xorKey identifies x ^ y for positive x < y.
func xorKey(x, y Wire) uint64 { return uint64(x)<<32 | uint64(y) }

// andKey identifies all four of x & y, !x & y, x & !y and !x & !y.
func andKey(x, y Wire) uint64 {
	x, y = x|negated, y|negated
	return uint64(max(x, y))<<32 | uint64(min(x, y))
}

// keyOf returns the key of the gate at n.
func (b *Builder) keyOf(n node) uint64 {
	x, y, and := b.gate(n)
	if and {
		return andKey(x, y)
	}
	return xorKey(x, y)
}

func hash(key uint64) (place uint64, tag uint8) {
	h := key * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h >> 24, uint8(h>>16) | 1
}

// find returns the gate with that key if the table knows one.
func (b *Builder) find(key uint64) (node, bool) {
	t := &b.share
	if len(t.tags) == 0 {
		return 0, false
	}
	place, tag := hash(key)
	for probe := range uint64(maxProbes) {
		first := t.slot(place + probe)
		tags := t.tags[first : first+bucket]
		for i, have := range tags {
			if have == 0 {
				return 0, false
			}
			if n := t.nodes[first+i]; have == tag && b.keyOf(n) == key {
				return n, true
			}
		}
	}
	return 0, false
}

// insert adds the gate at n, which the table does not know.
func (b *Builder) insert(key uint64, n node) {
	t := &b.share
	if t.n >= len(t.tags)*5/8 && max(2*len(t.tags), minSlots) <= t.limit {
		b.grow()
	}
	if len(t.tags) == 0 {
		return
	}
	place, tag := hash(key)
	for probe := range uint64(maxProbes) {
		first := t.slot(place + probe)
		for i := first; i < first+bucket; i++ {
			if t.tags[i] == 0 {
				t.tags[i], t.nodes[i] = tag, n
				t.n++
				return
			}
		}
	}
	i := t.slot(place) + int(n)%bucket
	t.tags[i], t.nodes[i] = tag, n
}

// slot returns the first slot of a bucket.
func (t *shareTable) slot(place uint64) int {
	return int(place) * bucket & (len(t.tags) - 1)
}

const minSlots = 64

func (b *Builder) grow() {
	old := b.share
	slots := max(2*len(old.tags), minSlots)
	b.share = shareTable{tags: make([]uint8, slots), nodes: make([]node, slots), limit: old.limit}
	for i, tag := range old.tags {
		if tag != 0 {
			b.insert(b.keyOf(old.nodes[i]), old.nodes[i])
		}
	}
}
