package block

// Transpose transposes in place every 128 x 128 bit tile of m, that is m[0:128],
// m[128:256] and so on: bit q of the new block r of a tile is bit r of its old
// block q (protocol 3). len(m) is a multiple of 128. A matrix of rows x 128 bits
// kept by columns within each tile becomes one kept by rows.
func Transpose(m []Block) {
	if len(m)%128 != 0 {
		panic("block: transposition of a partial tile")
	}
	for ; len(m) > 0; m = m[128:] {
		transposeTile((*[128]Block)(m))
	}
}

// transposeTile transposes a 128 x 128 bit matrix in place by swapping ever
// smaller off-diagonal squares.
func transposeTile(m *[128]Block) {
	for i := range 64 {
		m[i].Hi, m[i+64].Lo = m[i+64].Lo, m[i].Hi
	}
	for w, mask := 32, uint64(0x00000000ffffffff); w > 0; w, mask = w/2, mask^mask<<(w/2&63) {
		for i := 0; i < 128; i += 2 * w {
			for a := i; a < i+w; a++ {
				x, y := &m[a], &m[a+w]
				t := (x.Lo>>w ^ y.Lo) & mask
				u := (x.Hi>>w ^ y.Hi) & mask
				x.Lo ^= t << w
				y.Lo ^= t
				x.Hi ^= u << w
				y.Hi ^= u
			}
		}
	}
}
