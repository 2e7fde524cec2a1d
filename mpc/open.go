package mpc

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

var errMAC = errors.New("digest of the opening does not verify")

// opening is our message of OpenTo(<x_0..x_{m-1}>, to) (protocol 11): our bits, and a digest of their MACs under the key of the
// receiver.
func (s *session) opening(sh *shares, st step, batch uint32, to int) []byte {
	o := s.openOracle(st, batch, s.self, to)
	o.Begin(uint64(block.Size) * uint64(sh.m))
	o.Blocks(sh.mac[to])
	dig := o.Sum()
	return append(sh.x.Slice(0, sh.m), dig[:]...)
}

func (s *session) openOracle(st step, batch uint32, from, to int) *block.Oracle {
	return block.NewOracle("open", s.sid, []byte(st.String()), block.LE32(batch), []byte{byte(from)}, []byte{byte(to)})
}

// checkOpened verifies the opening of a peer against our keys and returns its bits.
func (s *session) checkOpened(sh *shares, st step, batch uint32, from int, msg []byte) (block.Bits, error) {
	n := block.BitsLen(sh.m)
	bits, err := block.ParseBits(msg[:n], sh.m)
	if err != nil {
		return nil, err
	}
	o := s.openOracle(st, batch, from, s.self)
	o.Begin(uint64(block.Size) * uint64(sh.m))
	var buf [256]block.Block
	for r := 0; r < sh.m; r += len(buf) {
		k := buf[:min(len(buf), sh.m-r)]
		copy(k, sh.key[from][r:])
		block.MulAdd(k, bits[r/8:], s.delta)
		o.Blocks(k)
	}
	clear(buf[:])
	dig := o.Sum()
	if !constantTimeEqual(dig[:], msg[n:]) {
		return nil, errMAC
	}
	return bits, nil
}

// openTo sends our part of an opening to one party.
func (s *session) openTo(ctx context.Context, sh *shares, st step, batch uint32, to int) error {
	return s.send(ctx, to, st, batch, s.opening(sh, st, batch, to))
}

// opened receives everybody's part of an opening to us and returns the opened values, after all digests verified.
func (s *session) opened(ctx context.Context, sh *shares, st step, batch uint32) (block.Bits, error) {
	msgs, err := s.gather(ctx, st, batch)
	if err != nil {
		return nil, err
	}
	sum := sh.x.Slice(0, sh.m)
	err = s.verify(st, batch, func(from int) error {
		bits, err := s.checkOpened(sh, st, batch, from, msgs[from])
		for i := range bits {
			sum[i] ^= bits[i]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sum, nil
}
