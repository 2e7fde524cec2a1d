package mpc

import (
	"bytes"
	"errors"
	"io"

	"github.com/tacit-mpc/tacit/internal/block"
)

// A coinSet is the public coins of one batch (protocol 5.4): every party commits to a share of each coin when the batch starts,
// and opens it when what the coin challenges is fixed. When an opening may leave is for the step machine to decide. A coin
// is used once.
type coinSet struct {
	s        *session
	batch    uint32
	ids      []byte
	openings [][openSize]byte   // ours, v || r, by position in ids
	shares   [][][hashSize]byte // v by position and party; of a peer once its opening is checked
	open     []uint64           // parties whose share is known, by position
	commits  [][]byte           // by party, as broadcast in XT1
}

// newCoins draws our shares of the coins of a batch from private randomness.
func (s *session) newCoins(batch uint32, rand io.Reader) (*coinSet, error) {
	c := &coinSet{s: s, batch: batch, ids: s.plan.coins(batch), commits: make([][]byte, s.plan.n)}
	c.openings = make([][openSize]byte, len(c.ids))
	c.shares = make([][][hashSize]byte, len(c.ids))
	c.open = make([]uint64, len(c.ids))
	var own []byte
	for k, id := range c.ids {
		o := c.openings[k][:]
		if _, err := io.ReadFull(rand, o); err != nil {
			return nil, err
		}
		com := c.commit(id, s.self, o)
		own = append(own, com[:]...)
		c.shares[k] = make([][hashSize]byte, s.plan.n)
		copy(c.shares[k][s.self][:], o)
		c.open[k] = 1 << s.self
	}
	c.commits[s.self] = own
	return c, nil
}

func (c *coinSet) commit(id byte, i int, opening []byte) [hashSize]byte {
	return block.RO("coin-commit", c.s.sid, block.LE32(c.batch), []byte{id}, []byte{byte(i)}, opening[:hashSize], opening[hashSize:])
}

// commitments are our commitments, 32 bytes a coin in increasing id: a broadcast field of XT1.
func (c *coinSet) commitments() []byte { return c.commits[c.s.self] }

// committed takes the commitments of a peer. The slice is kept.
func (c *coinSet) committed(from int, com []byte) { c.commits[from] = com }

// opening returns v || r of our share of a coin, to be sent.
func (c *coinSet) opening(id byte) []byte { return c.openings[c.at(id)][:] }

// opened checks a peer's opening of its share of a coin.
func (c *coinSet) opened(id byte, from int, opening []byte) error {
	k := c.at(id)
	com := c.commits[from]
	if len(opening) != openSize || len(com) != hashSize*len(c.ids) {
		return errOpening
	}
	err := errOpening
	want := c.commit(id, from, opening)
	if constantTimeEqual(want[:], com[hashSize*k:hashSize*(k+1)]) {
		err = nil
		copy(c.shares[k][from][:], opening)
		c.open[k] |= 1 << from
	}
	return err
}

var errCoin = errors.New("internal error: coin used before all shares are open, or twice")

// value returns the coin once all shares are open, and forgets the shares: a coin is used once.
func (c *coinSet) value(id byte) ([hashSize]byte, error) {
	k := c.at(id)
	if c.open[k] != ^uint64(0)>>(64-c.s.plan.n) {
		return [hashSize]byte{}, errCoin
	}
	fields := [][]byte{c.s.sid, block.LE32(c.batch), {id}}
	for i := range c.shares[k] {
		fields = append(fields, c.shares[k][i][:])
	}
	v := block.RO("coin", fields...)
	clear(c.shares[k])
	clear(c.openings[k][:])
	c.open[k] = 0
	return v, nil
}

// erase overwrites the shares that were not used.
func (c *coinSet) erase() {
	for k := range c.openings {
		clear(c.openings[k][:])
		clear(c.shares[k])
	}
}

// at is the position of a coin that exists in this batch.
func (c *coinSet) at(id byte) int { return bytes.IndexByte(c.ids, id) }
