package block

// Transpose turns 128 columns into rows: bit q of dst[r] = bit first+r of
// cols[q], for 0 <= r < len(dst) (protocol 3). first and len(dst) are multiples
// of 128.
func Transpose(dst []Block, cols *[128]Bits, first int) {
	if first%128 != 0 || len(dst)%128 != 0 {
		panic("block: transposition of a partial tile")
	}
	for r := 0; r < len(dst); r += 128 {
		tile := (*[128]Block)(dst[r:])
		for q := range tile {
			tile[q] = Load(cols[q][(first+r)/8:])
		}
		transposeTile(tile)
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
