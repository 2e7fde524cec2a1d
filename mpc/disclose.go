package mpc

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

var errLabels = errors.New("masked values do not fit our labels")

// disclose checks a chunk (EV1, protocol 20.1 and 20.2): the evaluator proves the masked values to each garbler with a hash of the
// labels, and both sides go on with the proof that the tables were right. It is the last thing done with a chunk.
func (e *engine) disclose(ctx context.Context, t uint32, w *work) error {
	defer w.mem.erase()
	if w.ands == 0 {
		if e.garbles() {
			e.walkValues(w.chunk, nil, nil, nil)
		}
		return nil
	}
	e.s.watch("evaluated", t, w)
	var err error
	if e.garbles() {
		err = e.followValues(ctx, t, w)
	} else {
		err = e.discloseValues(ctx, t, w)
	}
	if t > 1 {
		e.s.ledger.retire(t - 1)
	}
	if err == nil {
		e.s.where.finish(w.ands)
	}
	return err
}

// discloseValues sends EV1 and accumulates the evaluator's part of the proof.
func (e *engine) discloseValues(ctx context.Context, t uint32, w *work) error {
	v := w.eval
	var chi [block.Size]byte
	if err := e.s.random(chi[:]); err != nil {
		return err
	}
	for _, i := range e.plan.peers(e.s.self) {
		h := e.s.labelHash(t, i, v.label[i])
		if err := e.s.send(ctx, i, stepEV1, t, v.out, h[:], chi[:]); err != nil {
			return err
		}
	}
	m := make([]block.Block, w.ands)
	for k := range m {
		a, b := v.left.Get(k), v.right.Get(k)
		wrong := a&b ^ v.out.Get(k) ^ a&v.bitRight.Get(k) ^ b&v.bitLeft.Get(k) ^ v.bitOut.Get(k)
		m[k] = e.s.delta.And(block.Mask(wrong)).Xor(checkTerm(a, b, v.keyLeft[k], v.keyRight[k], v.keyOut[k]))
	}
	e.accumulate(chi[:], m)
	return nil
}

// followValues receives EV1, checks it, and accumulates a garbler's part of the proof.
func (e *engine) followValues(ctx context.Context, t uint32, w *work) error {
	ev := e.plan.evaluator
	msg, err := e.s.receive(ctx, ev, stepEV1, t)
	if err != nil {
		return err
	}
	size := block.BitsLen(w.ands)
	hash, chi := msg[size:size+hashSize], msg[size+hashSize:]
	var out block.Bits
	err = e.s.verify(stepEV1, t, func(int) (err error) {
		if out, err = block.ParseBits(msg[:size], w.ands); err != nil {
			return err
		}
		block.MulAdd(w.label, out, e.s.delta)
		if h := e.s.labelHash(t, e.s.self, w.label); !constantTimeEqual(h[:], hash) {
			return errLabels
		}
		return nil
	})
	if err != nil {
		return err
	}
	left, right := block.NewBits(w.ands), block.NewBits(w.ands)
	e.walkValues(w.chunk, out, left, right)
	m := make([]block.Block, w.ands)
	for k := range m {
		m[k] = checkTerm(left.Get(k), right.Get(k), w.macLeft[k], w.macRight[k], w.macOut[k])
	}
	e.accumulate(chi, m)
	return nil
}

// labelHash is hL towards garbler i.
func (s *session) labelHash(t uint32, i int, labels []block.Block) [hashSize]byte {
	o := block.NewOracle("lab", s.sid, block.LE32(t), []byte{byte(i)})
	o.Begin(uint64(block.Size) * uint64(len(labels)))
	o.Blocks(labels)
	return o.Sum()
}

// checkTerm is a*right ^ b*left ^ out, where a and b are the masked values of the left and the right input.
func checkTerm(a, b uint64, left, right, out block.Block) block.Block {
	return right.And(block.Mask(a)).Xor(left.And(block.Mask(b))).Xor(out)
}

// accumulate adds PH_chi of the chunk to the proof, and erases m.
func (e *engine) accumulate(chi []byte, m []block.Block) {
	key := block.NewPHKey(block.Load(chi))
	e.proof = e.proof.Xor(key.Update(block.Block{}, m))
	clear(m)
}
