package circuit

// A word is one gate in 8 bytes: operand A in bits 0 to 30, operand B in bits 31 to 61, the kind in bits 62 and 63. Both
// constants are of kind 3 and differ in B.
type word uint64

const operandMask = 1<<31 - 1

func pack(g Gate) word {
	switch g.Op {
	case Zero:
		return 3 << 62
	case One:
		return 3<<62 | 1<<31
	}
	return word(g.Op)<<62 | word(g.B)<<31 | word(g.A)
}

func unpack(w word) Gate {
	a, b := Wire(w&operandMask), Wire(w>>31&operandMask)
	if w>>62 == 3 {
		return Gate{Op: Zero + Op(b)}
	}
	return Gate{Op: Op(w >> 62), A: a, B: b}
}

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
)

// A gateList is a growing list of words in chunks of chunkSize, so that growing a large one copies nothing.
type gateList struct {
	chunks [][]word
	n      int
	spare  [][]word // empty chunks for reuse
}

func (l *gateList) at(i int) word { return l.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (l *gateList) push(w word) {
	if l.n>>chunkBits == len(l.chunks) {
		l.chunks = append(l.chunks, l.newChunk())
	}
	last := len(l.chunks) - 1
	l.chunks[last] = append(l.chunks[last], w)
	l.n++
}

// newChunk returns an empty chunk. The first one grows from nothing, since most circuits are small.
func (l *gateList) newChunk() []word {
	if k := len(l.spare); k > 0 {
		c := l.spare[k-1]
		l.spare = l.spare[:k-1]
		return c
	}
	if len(l.chunks) == 0 {
		return nil
	}
	return make([]word, 0, chunkSize)
}
