package block

// Mul returns the product of a and b in GF(2^128) = GF(2)[X]/(X^128 + X^7 + X^2 +
// X + 1), bit t being the coefficient of X^t (protocol 4.5). It is constant time
// in both.
func Mul(a, b Block) Block {
	var r Block
	for t := 127; t >= 0; t-- {
		r = r.shl1().Xor(a.And(Mask(b.Bit(t))))
	}
	return r
}

// Pack128 returns the sum over t of X^t * v[t]; v has at most 128 blocks.
func Pack128(v []Block) Block {
	var r Block
	for t := len(v) - 1; t >= 0; t-- {
		r = r.shl1().Xor(v[t])
	}
	return r
}

// phGroup is the number of blocks that PHKey.Update takes at once.
const phGroup = 32

// PHKey is a public challenge chi prepared for the universal hash
//
//	PH_chi(v_0, ..., v_{m-1}) = sum of chi^(m-i) * v_i
//
// of protocol 4.5. The code is steered by chi, which is public, and never by the
// hashed values, which are secret. A PHKey may be used by several goroutines.
//
// A group of 32 values is one product sum  sum_i chi^(32-i) v_i = sum_t X^t sum of
// the v_i with bit t of chi^(32-i) set; the inner sums come from tables over four
// values each, indexed by the bits of the powers of chi.
type PHKey struct {
	pow [phGroup]Block // pow[i] = chi^(phGroup-i)
	idx [128]uint32    // bit i of idx[t] = bit t of pow[i]
}

// NewPHKey prepares chi.
func NewPHKey(chi Block) *PHKey {
	k := new(PHKey)
	p := chi
	for i := phGroup - 1; i >= 0; i-- {
		k.pow[i] = p
		p = mulPublic(p, chi)
	}
	for t := range k.idx {
		for i := range k.pow {
			k.idx[t] |= uint32(k.pow[i].Bit(t)) << i
		}
	}
	return k
}

// mulPublic is Mul for public b: a may be secret, b steers the code.
func mulPublic(a, b Block) Block {
	var tab [16]Block
	tab[1] = a
	for i := 2; i < 16; i += 2 {
		tab[i] = tab[i/2].shl1()
		tab[i+1] = tab[i].Xor(a)
	}
	r := tab[b.Hi>>60]
	for s := 120; s >= 0; s -= 4 {
		over := r.Hi >> 60
		r = Block{r.Lo<<4 ^ over ^ over<<1 ^ over<<2 ^ over<<7, r.Hi<<4 | r.Lo>>60}
		n := b.Lo
		if s >= 64 {
			n = b.Hi
		}
		r = r.Xor(tab[n>>(s&63)&15])
	}
	return r
}

// Update continues the hash with the values v: it returns the hash of what acc
// is the hash of, followed by v. The hash of nothing is the zero block.
func (k *PHKey) Update(acc Block, v []Block) Block {
	for len(v) >= phGroup {
		acc = k.group(acc, (*[phGroup]Block)(v))
		v = v[phGroup:]
	}
	return k.rest(acc, v)
}

// UpdateBytes is Update over the blocks of p, whose length is a multiple of 16.
func (k *PHKey) UpdateBytes(acc Block, p []byte) Block {
	var g [phGroup]Block
	for len(p) >= phGroup*Size {
		for i := range g {
			g[i] = Load(p[Size*i:])
		}
		acc = k.group(acc, &g)
		p = p[phGroup*Size:]
	}
	n := len(p) / Size
	for i := range g[:n] {
		g[i] = Load(p[Size*i:])
	}
	return k.rest(acc, g[:n])
}

// UpdateBits is Update over bits from..from+n-1 of b, each as the block 0 or 1.
func (k *PHKey) UpdateBits(acc Block, b Bits, from, n int) Block {
	for ; n >= phGroup; n -= phGroup {
		acc = mulPublic(acc, k.pow[0])
		for i, p := range k.pow {
			acc = acc.Xor(p.And(Mask(b.Get(from + i))))
		}
		from += phGroup
	}
	for i := range n {
		acc.Lo ^= b.Get(from + i)
		acc = mulPublic(acc, k.pow[phGroup-1])
	}
	return acc
}

// rest is Update for fewer than phGroup values.
func (k *PHKey) rest(acc Block, v []Block) Block {
	if len(v) == 0 {
		return acc
	}
	// Leading zeros do not change a hash: put acc where chi^len(v) belongs.
	var g [phGroup]Block
	copy(g[phGroup-len(v):], v)
	first := &g[phGroup-len(v)]
	*first = first.Xor(acc)
	return k.sum(&g)
}

func (k *PHKey) group(acc Block, v *[phGroup]Block) Block {
	g := *v
	g[0] = g[0].Xor(acc)
	return k.sum(&g)
}

// sum returns the sum of pow[i] * v[i].
func (k *PHKey) sum(v *[phGroup]Block) Block {
	var tab [phGroup / 4][16]Block
	for m := range tab {
		t := &tab[m]
		for i, b := range v[4*m : 4*m+4] {
			for x := range 1 << i {
				t[x|1<<i] = t[x].Xor(b)
			}
		}
	}
	var lo, hi uint64
	for t := 127; t >= 0; t-- {
		x := k.idx[t]
		lo, hi = lo<<1^Mask(hi>>63)&0x87, hi<<1|lo>>63
		a, b, c, d := &tab[0][x&15], &tab[1][x>>4&15], &tab[2][x>>8&15], &tab[3][x>>12&15]
		e, f, g, h := &tab[4][x>>16&15], &tab[5][x>>20&15], &tab[6][x>>24&15], &tab[7][x>>28&15]
		lo ^= a.Lo ^ b.Lo ^ c.Lo ^ d.Lo ^ e.Lo ^ f.Lo ^ g.Lo ^ h.Lo
		hi ^= a.Hi ^ b.Hi ^ c.Hi ^ d.Hi ^ e.Hi ^ f.Hi ^ g.Hi ^ h.Hi
	}
	return Block{lo, hi}
}
