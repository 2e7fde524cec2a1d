package ot

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/tacit-mpc/tacit/internal/block"
	"golang.org/x/sync/errgroup"
)

// The SoftSpoken extension (Roy22; protocol section 9). The 128-column matrices V
// and W are kept in tiles of 128 rows: block 128*z+q of a matrix is rows 128z ..
// 128z+127 of column q, until block.Transpose turns the tiles into rows.

// MACLink is the MAC side j of a link after set-up. It has one owner.
type MACLink struct {
	link   Link
	leaves [][]block.Expander // leaf x of tree c
	next   uint64             // batches below are used up
}

// KeyLink is the key side i of a link after set-up. It has one owner.
type KeyLink struct {
	link   Link
	delta  block.Block
	leaves [][]block.Expander // leaf x of tree c as number x ^ alpha_c; number 0 is missing
	next   uint64
}

// Wipe forgets the leaves. Their expanded keys are the standard library's, and cannot be
// overwritten.
func (m *MACLink) Wipe() { m.leaves = nil }

// Wipe overwrites Delta and forgets the leaves.
func (k *KeyLink) Wipe() { k.leaves, k.delta = nil, block.Block{} }

// checkBatch refuses a batch whose streams were used, and a bad number of rows.
func checkBatch(leaves [][]block.Expander, next *uint64, batch uint32, rows int) error {
	if leaves == nil || uint64(batch) < *next {
		return errUsed
	}
	if rows < 128 || rows%128 != 0 {
		return fmt.Errorf("ot: batch of %d rows", rows)
	}
	*next = uint64(batch) + 1
	return nil
}

// folder sums the leaf streams of one tree over one slab by pairwise folding.
type folder struct {
	batch  uint32
	first  uint64 // block of the streams where the slab begins
	leaves []block.Expander
	tmp    [8][]byte
	sums   [][]byte // sums[b] collects the streams of the leaves with bit b set
	zero   []byte
}

// leaf sets dst to src XOR the stream of leaf x.
func (f *folder) leaf(dst, src []byte, x int) {
	if f.leaves[x].IsZero() {
		copy(dst, src)
		return
	}
	f.leaves[x].XOR(dst, src, block.DomCOT, f.batch, f.first)
}

// fold sets dst to the sum of the streams of leaves x .. x+2^level-1, level >= 1.
func (f *folder) fold(dst []byte, x, level int) {
	right, sum := f.tmp[level-1], f.sums[level-1]
	if level == 1 {
		f.leaf(right, f.zero, x+1)
		f.leaf(dst, right, x)
	} else {
		f.fold(dst, x, level-1)
		f.fold(right, x+1<<(level-1), level-1)
		subtle.XORBytes(dst, dst, right)
	}
	subtle.XORBytes(sum, sum, right)
}

// expand computes one slab of all columns into m (in tiles), and hands the sum u_c of
// tree c to each in turn. cols has room for the slab.
func expand(l Link, leaves [][]block.Expander, batch uint32, row int, m []block.Block, each func(c int, u []byte)) {
	w := len(m) / 8 // bytes of the slab in one column
	buf := make([]byte, (128+2+l.Depth)*w)
	cut := func() (b []byte) { b, buf = buf[:w:w], buf[w:]; return b }
	var cols [128][]byte
	for q := range cols {
		cols[q] = cut()
	}
	u := cut()
	f := folder{batch: batch, first: uint64(row / 128), zero: cut()}
	for lv := range l.Depth {
		f.tmp[lv] = cut()
	}
	for c := range leaves {
		f.leaves, f.sums = leaves[c], cols[l.Depth*c:][:l.Depth]
		f.fold(u, 0, l.Depth)
		each(c, u)
	}
	for z := range w / 16 {
		for q := range cols {
			m[128*z+q] = block.Load(cols[q][16*z:])
		}
	}
}

// columnHashes returns PH_chi of all tiles but the last, plus the last, of every
// column of m (protocol 9, colhash).
func columnHashes(chi *block.PHKey, m []block.Block) (h [128]block.Block) {
	const group = 32 // columns
	last := len(m) - 128
	var wg errgroup.Group
	wg.SetLimit(runtime.GOMAXPROCS(0))
	for q := 0; q < 128; q += group {
		wg.Go(func() error {
			var v [32]block.Block
			for at := 0; at < last; at += 128 * len(v) {
				n := min(len(v), (last-at)/128)
				for c := q; c < q+group; c++ {
					for z := range n {
						v[z] = m[at+128*z+c]
					}
					h[c] = chi.Update(h[c], v[:n])
				}
			}
			return nil
		})
	}
	wg.Wait()
	block.XorInto(h[:], m[last:])
	return h
}

// answerDigest returns v~ of the column hashes.
func (l *Link) answerDigest(batch uint32, h *[128]block.Block) [32]byte {
	sid, j, i := l.ids()
	return block.RO("cot-chk", sid, block.LE32(batch), i, j, block.Append(nil, h[:]...))
}

// MACBatch is one batch at the MAC side.
type MACBatch struct {
	link     *Link
	batch    uint32
	u        block.Bits    // u_0
	v        []block.Block // V, in tiles until the answer is given
	answered bool
}

// Extend makes a batch of len(mem) rows of correlated OTs, the last 128 of which
// serve the check, and returns the corrections that go into XT1. The number of rows
// is a multiple of 128. Batch numbers ascend; each serves once. mem holds the MACs and
// belongs to the batch until Take.
func (m *MACLink) Extend(batch uint32, mem []block.Block) (*MACBatch, []byte, error) {
	rows := len(mem)
	if err := checkBatch(m.leaves, &m.next, batch, rows); err != nil {
		return nil, nil, err
	}
	b := &MACBatch{link: &m.link, batch: batch, u: block.NewBits(rows), v: mem}
	d := make([]byte, m.link.CorrectionsSize(rows))
	slabs(rows, func(row, n int) {
		u0 := b.u[row/8:][:n/8]
		out := d[m.link.CorrectionsSize(row):]
		expand(m.link, m.leaves, batch, row, b.v[row:][:n], func(c int, u []byte) {
			if c == 0 {
				copy(u0, u)
				return
			}
			subtle.XORBytes(out, u, u0)
			out = out[n/8:]
		})
	})
	return b, d, nil
}

// slabs runs f on every slab of a batch, on as many processors as there are. The
// slabs are independent, so the result does not depend on the number.
func slabs(rows int, f func(row, n int)) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for row := 0; row < rows; row += Slab {
		g.Go(func() error {
			f(row, min(Slab, rows-row))
			return nil
		})
	}
	g.Wait()
}

// Bits returns the bits u of the batch without the check rows, for the fix vectors of
// XT1. The batch keeps the memory.
func (b *MACBatch) Bits() block.Bits { return b.u[:len(b.u)-block.Size] }

// Answer takes the challenge of the key side (XT2) and returns u~ || v~ (XT3).
func (b *MACBatch) Answer(challenge []byte) ([]byte, error) {
	if b.answered {
		return nil, errUsed
	}
	if len(challenge) != ChallengeSize {
		return nil, fmt.Errorf("ot: challenge of %d bytes", len(challenge))
	}
	b.answered = true
	chi := block.NewPHKey(block.Load(challenge))
	last := len(b.u) - block.Size
	u := chi.UpdateBytes(block.Block{}, b.u[:last]).Xor(block.Load(b.u[last:]))
	h := columnHashes(chi, b.v)
	v := b.link.answerDigest(b.batch, &h)
	block.Transpose(b.v)
	return append(block.Append(nil, u), v[:]...), nil
}

// Take hands over the bits u and the MACs of the batch without the check rows. It
// can be called once, after Answer.
func (b *MACBatch) Take() (u block.Bits, m []block.Block, err error) {
	if !b.answered || b.v == nil {
		return nil, nil, errUsed
	}
	n := len(b.v) - 128
	u, m = b.u[:n/8], b.v[:n]
	clear(b.u[n/8:])
	clear(b.v[n:])
	b.u, b.v = nil, nil
	return u, m, nil
}

// KeyBatch is one batch at the key side.
type KeyBatch struct {
	key   *KeyLink
	batch uint32
	w     []block.Block // W, in tiles until the check has passed
	chi   *block.PHKey  // nil before Challenge and after Check
	ok    bool
}

// Extend makes a batch of len(mem) rows of correlated OTs from the corrections
// received in XT1. Batch and rows are those of the MAC side. mem holds the keys and
// belongs to the batch until Take.
func (k *KeyLink) Extend(batch uint32, mem []block.Block, corrections []byte) (*KeyBatch, error) {
	rows := len(mem)
	if err := checkBatch(k.leaves, &k.next, batch, rows); err != nil {
		return nil, err
	}
	if int64(len(corrections)) != k.link.CorrectionsSize(rows) {
		return nil, fmt.Errorf("ot: %d bytes of corrections, want %d", len(corrections), k.link.CorrectionsSize(rows))
	}
	b := &KeyBatch{key: k, batch: batch, w: mem}
	slabs(rows, func(row, n int) {
		expand(k.link, k.leaves, batch, row, b.w[row:][:n], func(int, []byte) {})
		k.correct(b.w[row:][:n], corrections[k.link.CorrectionsSize(row):])
	})
	return b, nil
}

// correct adds the corrections of one slab to w: d_c to every column of tree c where
// Delta has a one.
func (k *KeyLink) correct(w []block.Block, d []byte) {
	for q := k.link.Depth; q < 128; q++ {
		m := block.Mask(k.delta.Bit(q))
		dc := d[(q/k.link.Depth-1)*len(w)/8:]
		for z := range len(w) / 128 {
			w[128*z+q] = w[128*z+q].Xor(block.Load(dc[16*z:]).And(m))
		}
	}
}

// Challenge draws the challenge of the consistency check (XT2). It exists only
// after Extend, that is after the corrections have arrived, and is drawn once.
func (b *KeyBatch) Challenge(rand io.Reader) ([]byte, error) {
	if b.chi != nil || b.w == nil {
		return nil, errUsed
	}
	chi, err := block.Random(rand)
	if err != nil {
		return nil, fmt.Errorf("ot: draw a challenge: %w", err)
	}
	b.chi = block.NewPHKey(chi)
	return block.Append(nil, chi), nil
}

var errConsistency = errors.New("ot: consistency check of the correlated OTs failed")

// Check verifies the answer of the MAC side (XT3). After a failure the batch is
// gone and the session must be aborted.
func (b *KeyBatch) Check(answer []byte) error {
	if b.chi == nil || b.ok || b.w == nil {
		return errUsed
	}
	if len(answer) != AnswerSize {
		b.w = nil
		return fmt.Errorf("ot: answer of %d bytes", len(answer))
	}
	u := block.Load(answer)
	h := columnHashes(b.chi, b.w)
	for q := range h {
		h[q] = h[q].Xor(u.And(block.Mask(b.key.delta.Bit(q))))
	}
	v := b.key.link.answerDigest(b.batch, &h)
	if subtle.ConstantTimeCompare(v[:], answer[16:]) != 1 {
		clear(b.w)
		b.w = nil
		return errConsistency
	}
	b.ok = true
	block.Transpose(b.w)
	return nil
}

// Take hands over the keys of the batch without the check rows. It can be called
// once, after Check has passed.
func (b *KeyBatch) Take() ([]block.Block, error) {
	if !b.ok || b.w == nil {
		return nil, errUsed
	}
	n := len(b.w) - 128
	w := b.w[:n]
	clear(b.w[n:])
	b.w = nil
	return w, nil
}
