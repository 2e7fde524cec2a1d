package mpc

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/internal/block"
)

var (
	errConfig  = errors.New("another configuration: circuit, outputs, evaluator, parties, context or parameters differ")
	errSession = errors.New("another session id")
)

// start runs S0 and S1 (protocol 6): the parties compare their configuration and agree on a fresh session id. Nothing that
// depends on a secret is sent before it returns.
func (s *session) start(ctx context.Context, cfg [hashSize]byte) error {
	nonces := make([][]byte, s.plan.n)
	nonces[s.self] = make([]byte, hashSize)
	if err := s.random(nonces[s.self]); err != nil {
		return err
	}
	if err := s.broadcast(ctx, stepHello, 0, nonces[s.self], cfg[:]); err != nil {
		return err
	}
	hello, err := s.gather(ctx, stepHello, 0)
	if err != nil {
		return err
	}
	err = s.verify(stepHello, 0, func(from int) error {
		nonces[from] = hello[from][:hashSize]
		if !constantTimeEqual(hello[from][hashSize:], cfg[:]) {
			return errConfig
		}
		return nil
	})
	if err != nil {
		return err
	}
	sid := block.RO("sid", append([][]byte{cfg[:]}, nonces...)...)
	s.sid = sid[:]
	if err := s.broadcast(ctx, stepAck, 0, s.sid); err != nil {
		return err
	}
	ack, err := s.gather(ctx, stepAck, 0)
	if err != nil {
		return err
	}
	return s.verify(stepAck, 0, func(from int) error {
		if !constantTimeEqual(ack[from], s.sid) {
			return errSession
		}
		return nil
	})
}

// drawDelta draws our global key (protocol 3): uniform but for its lowest bit, which makes the lowest bits of all keys XOR to 1.
func (s *session) drawDelta() error {
	p := s.mem.newBytes(block.Size)
	if err := s.random(p); err != nil {
		return err
	}
	s.delta = block.Load(p)
	s.delta.Lo &^= 1
	s.delta.Lo |= s.plan.deltaLSB(s.self)
	s.watch("delta", 0, nil)
	return nil
}

// deltaLSB is the lowest bit of party i's global key.
func (p *plan) deltaLSB(i int) uint64 {
	if i == p.evaluator {
		return uint64(p.n & 1)
	}
	return 1
}
