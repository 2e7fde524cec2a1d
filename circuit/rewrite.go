package circuit

// maxRewrites bounds how many rewrites one call of Xor or And tries, so that no chain of gates makes it slow.
const maxRewrites = 64

// Xor returns x ^ y.
func (b *Builder) Xor(x, y Wire) Wire {
	if b.err != nil {
		return 0
	}
	b.fuel = maxRewrites
	return b.signedXor(x, y)
}

// And returns x & y.
func (b *Builder) And(x, y Wire) Wire {
	if b.err != nil {
		return 0
	}
	b.fuel = maxRewrites
	return b.and(x, y)
}

func (b *Builder) signedXor(x, y Wire) Wire {
	return b.xor(x&^negated, y&^negated) ^ (x^y)&negated
}

// xor returns x ^ y for positive x and y. The result may be a complement.
func (b *Builder) xor(x, y Wire) Wire {
	if x > y {
		x, y = y, x
	}
	switch {
	case x == y:
		return 0
	case x == 0:
		return y
	}
	key := xorKey(x, y)
	if n, ok := b.find(key); ok {
		return Wire(n) << 1
	}
	if b.fuel > 0 {
		b.fuel--
		if z, ok := b.rewriteXor(x, y); ok {
			return z
		}
	}
	return b.newGate(x, y, key)
}

// rewriteXor is given the older operand first, in which the newer cannot occur. It applies (p^q)^p = q, also one level deeper, (p^q)^(p^r) = q^r and (a&p)^(a&q) = a&(p^q).
func (b *Builder) rewriteXor(x, y Wire) (Wire, bool) {
	if z, ok := b.cancel(y, x); ok {
		return z, true
	}
	if p, q, ok := b.isXor(x.node()); ok {
		r, s, ok := b.isXor(y.node())
		if !ok {
			return 0, false
		}
		c, d, ok := without(p, q, r, s)
		if !ok {
			return 0, false
		}
		return b.xor(c, d), true
	}
	p, q, okx := b.isAnd(x.node())
	r, s, oky := b.isAnd(y.node())
	if !okx || !oky {
		return 0, false
	}
	c, d, ok := without(p, q, r, s)
	if !ok {
		return 0, false
	}
	common := p
	if c == p {
		common = q
	}
	return b.factor(x, y, common, c, d)
}

// cancel returns x ^ y if x is an XOR in which y occurs, at most two levels deep.
func (b *Builder) cancel(x, y Wire) (Wire, bool) {
	p, q, ok := b.isXor(x.node())
	switch {
	case !ok:
		return 0, false
	case p == y:
		return q, true
	case q == y:
		return p, true
	}
	if r, s, ok := b.isXor(p.node()); ok && (r == y || s == y) {
		return b.xor(r^s^y, q), true
	}
	if r, s, ok := b.isXor(q.node()); ok && (r == y || s == y) {
		return b.xor(r^s^y, p), true
	}
	return 0, false
}

// factor returns common & (c^d), which equals x ^ y = (common&c) ^ (common&d), if that costs no further AND: it is there
// already, or both x and y are used nowhere else so far.
func (b *Builder) factor(x, y, common, c, d Wire) (Wire, bool) {
	neg := (c ^ d) & negated
	c, d = c&^negated, d&^negated
	if b.used.has(int(x.node())) || b.used.has(int(y.node())) {
		sum, ok := b.find(xorKey(min(c, d), max(c, d)))
		if !ok {
			return 0, false
		}
		if _, ok := b.findAnd(common, Wire(sum)<<1); !ok {
			return 0, false
		}
	}
	return b.and(common, b.xor(c, d)^neg), true
}

// without finds an operand that the pairs p, q and r, s have in common and returns the other two.
func without(p, q, r, s Wire) (c, d Wire, ok bool) {
	switch {
	case p == r:
		return q, s, true
	case p == s:
		return q, r, true
	case q == r:
		return p, s, true
	case q == s:
		return p, r, true
	}
	return 0, 0, false
}

// and returns x & y.
func (b *Builder) and(x, y Wire) Wire {
	if x < y {
		x, y = y, x
	}
	switch {
	case y == 0:
		return 0
	case y == 1, x == y:
		return x
	case x == y^negated:
		return 0
	}
	key := andKey(x, y)
	if n, ok := b.find(key); ok {
		return b.polarity(n, x, y)
	}
	if b.fuel > 0 {
		b.fuel--
		if z, ok := b.rewriteAnd(y, x); ok { // the older one first: its rewrites are the likelier to exist
			return z
		}
		if z, ok := b.rewriteAnd(x, y); ok {
			return z
		}
	}
	return b.newGate(x, y, key)
}

// polarity returns x & y from the AND gate at n, whose operands are x and y or complements of them, by XORs alone.
func (b *Builder) polarity(n node, x, y Wire) Wire {
	p, q, _ := b.gate(n)
	z := Wire(n) << 1
	nx, ny := x^p, y^q // what to negate: (p^nx)&(q^ny) = p&q ^ nx&q ^ ny&p ^ nx&ny
	if nx != 0 {
		z = b.signedXor(z, q)
	}
	if ny != 0 {
		z = b.signedXor(z, p)
	}
	return z ^ nx&ny
}

// rewriteAnd simplifies u & v by what u is made of.
func (b *Builder) rewriteAnd(u, v Wire) (Wire, bool) {
	if !b.isGate(u.node()) {
		return 0, false
	}
	p, q, and := b.gate(u.node())
	if !and {
		return b.rewriteAndXor(p, q, u&negated, v)
	}
	if q.node() == v.node() {
		p, q = q, p
	}
	if p.node() == v.node() {
		switch {
		case u&negated == 0 && p == v: // (p&q)&p = p&q
			return u, true
		case u&negated == 0: // (p&q)&!p = 0
			return 0, true
		case p == v: // !(p&q)&p = p ^ p&q
			return b.signedXor(v, u^negated), true
		default: // !(p&q)&!p = !p
			return v, true
		}
	}
	r, s, ok := b.isAnd(v.node())
	if !ok || (u|v)&negated != 0 {
		return 0, false
	}
	if p == r^negated || p == s^negated || q == r^negated || q == s^negated {
		return 0, true // (p&q)&(!p&s) = 0
	}
	if _, d, ok := without(p, q, r, s); ok { // (p&q)&(p&d) = (p&q)&d
		return b.and(u, d), true
	}
	return 0, false
}

// rewriteAndXor simplifies (p^q^neg) & v.
func (b *Builder) rewriteAndXor(p, q, neg, v Wire) (Wire, bool) {
	if q.node() == v.node() {
		p, q = q, p
	}
	if p.node() == v.node() { // where v is 1, p is known
		return b.and(v, q^neg^(p^v)^negated), true
	}
	pv, ok := b.findAnd(p, v)
	if !ok {
		return 0, false
	}
	qv, ok := b.findAnd(q, v)
	if !ok {
		return 0, false
	}
	x, y := b.polarity2(pv, p, v), b.polarity2(qv, q^neg, v)
	return b.signedXor(x, y), true
}

// findAnd finds an AND of x and y or complements of them. It spares most of the looks at the table.
func (b *Builder) findAnd(x, y Wire) (node, bool) {
	if !b.anded.has(int(x.node())) || !b.anded.has(int(y.node())) {
		return 0, false
	}
	return b.find(andKey(x, y))
}

// polarity2 is polarity for operands in either order.
func (b *Builder) polarity2(n node, x, y Wire) Wire {
	return b.polarity(n, max(x, y), min(x, y))
}
