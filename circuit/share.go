package circuit

// defaultSharing is the default number of gates that a Builder remembers: as many as stay in a processor's cache.
const defaultSharing = 1 << 20

// A shareTable finds gates by their operands. It is a hash table of nodes in buckets of the size of a cache line. One byte of
// the hash beside each node saves most looks at the gate. A bucket that overflows makes the table grow up to its limit; then a
// new gate takes the place of the oldest in its bucket.
type shareTable struct {
	buckets []bucket // a power of two
	n       int
	limit   int // gates
}

const slots = 12

type bucket struct {
	nodes [slots]node // 0 if empty
	tags  [slots]uint8
	_     [4]byte
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

// place returns the bucket and the tag of a key.
func (t *shareTable) place(key uint64) (*bucket, uint8) {
	h := key * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return &t.buckets[int(h>>24)&(len(t.buckets)-1)], uint8(h >> 16)
}

// find returns the gate with that key if the table knows one.
func (b *Builder) find(key uint64) (node, bool) {
	if len(b.share.buckets) == 0 {
		return 0, false
	}
	in, tag := b.share.place(key)
	for i, have := range &in.tags {
		if have == tag && in.nodes[i] != 0 && b.keyOf(in.nodes[i]) == key {
			return in.nodes[i], true
		}
	}
	return 0, false
}

// insert adds the gate at n, the newest, which the table does not know.
func (b *Builder) insert(key uint64, n node) {
	t := &b.share
	if len(t.buckets) == 0 && !b.grow() {
		return
	}
	if full := t.n >= len(t.buckets)*slots/4; full && t.room(key) != 0 && b.grow() {
		return
	}
	t.put(key, n)
}

// room returns the gate, if any, whose place in the table a new one with that key would take.
func (t *shareTable) room(key uint64) node {
	in, _ := t.place(key)
	return in.nodes[in.oldest()]
}

func (t *shareTable) put(key uint64, n node) {
	in, tag := t.place(key)
	i := in.oldest()
	if in.nodes[i] == 0 {
		t.n++
	}
	in.nodes[i], in.tags[i] = n, tag
}

// oldest returns an empty slot, or else that of the oldest gate.
func (in *bucket) oldest() int {
	oldest := 0
	for i, n := range &in.nodes {
		if n < in.nodes[oldest] {
			oldest = i
		}
	}
	return oldest
}

// grow makes the table larger, if the limit allows, and adds all gates again.
func (b *Builder) grow() bool {
	t := &b.share
	n := max(4*len(t.buckets), 8)
	for n*slots > t.limit {
		n /= 2
	}
	if n <= len(t.buckets) {
		return false
	}
	*t = shareTable{limit: t.limit} // lets the old one go first
	t.buckets = make([]bucket, n)
	for i := range b.gates.n {
		n := node(1 + b.nin + i)
		t.put(b.keyOf(n), n)
	}
	return true
}
