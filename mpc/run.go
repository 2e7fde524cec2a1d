package mpc

import (
	"context"
	"fmt"

	"github.com/tacit-mpc/tacit/channel"
)

// Run computes job together with the other parties of ch, which must carry nothing else, and returns the outputs this party
// learns, in the order of its list (nil if none). in are this party's input bits. Run does not close ch.
//
// It is one session: fresh keys, one evaluation, erased at the end, whatever the end. The error is an *AbortError if a check
// failed, a *LostError if a party was lost, and wraps the context's error if ctx ended the run. After an error nothing is
// known about what others learned; an honest party never gets a wrong output.
func Run(ctx context.Context, ch channel.Channel, job Job, in []bool, cfg *Config) ([]bool, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	pre := cfg.Pre
	if pre == nil {
		pre = Interactive()
	}
	p, err := newPlan(ch.N(), &job, pre.dealer())
	if err != nil {
		return nil, err
	}
	self := int(ch.Self())
	if len(in) != p.inputs(self) {
		return nil, fmt.Errorf("party %d gives %d input bits, the circuit takes %d", self, len(in), p.inputs(self))
	}
	if ch.MaxMessage() < headerSize+maxPayload {
		return nil, fmt.Errorf("channel carries messages of %d bytes, need %d", ch.MaxMessage(), headerSize+maxPayload)
	}
	s, runCtx := newSession(ctx, ch, p, cfg)
	out, err := s.run(runCtx, job, pre, in)
	if err := s.close(runCtx, err); err != nil && out == nil {
		return nil, err
	}
	return out, nil
}

// run goes from the session start to the outputs.
func (s *session) run(ctx context.Context, job Job, pre Preprocessor, in []bool) ([]bool, error) {
	if err := s.start(ctx, s.plan.configDigest(&job)); err != nil {
		return nil, err
	}
	from, err := pre.start(s)
	if err != nil {
		return nil, err
	}
	defer from.erase()
	e := newEngine(s, from)
	bits, err := e.run(ctx, in)
	if err != nil {
		s.end(err)
	}
	e.ahead.wait()
	if err != nil || bits == nil {
		return nil, err
	}
	out := make([]bool, len(s.plan.outputs[s.self]))
	for k := range out {
		out[k] = bits.Get(k) == 1
	}
	clear(bits)
	return out, nil
}
