package mesh

import (
	"context"
	"fmt"
)

// messageUrgency is the RFC 9218 urgency of message streams; the control stream goes before them.
const (
	controlUrgency = 1
	messageUrgency = 3
)

// write sends what SendTo queues, then says goodbye.
func (p *pair) write() {
	var scratch [prefixSize + pipelined]byte
	for sent := uint64(0); ; sent++ {
		msg, err := p.out.pop(context.Background())
		if err != nil {
			p.sayGoodbye(sent)
			return
		}
		if err := p.send(msg, scratch[:0], sent%flushEvery == flushEvery-1); err != nil {
			p.refuse(fmt.Errorf("it stopped message %d: %w", sent, err))
			return
		}
	}
}

// sayGoodbye tells the peer that these were all messages, unless the pair ends for another reason.
func (p *pair) sayGoodbye(sent uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	p.farewell = sent
	p.ctrl.Write(appendCount(nil, typeGoodbye, sent))
}

// send makes one message stream. A small message is left to quic-go to send; a large one, and a small one if flush is set, has
// left for the wire when send returns.
func (p *pair) send(msg, scratch []byte, flush bool) error {
	s, err := p.conn.OpenUniStreamSync(p.conn.Context())
	if err != nil {
		return err
	}
	s.SetPriority(messageUrgency, false)
	scratch = appendPrefix(scratch, len(msg))
	if len(msg) <= pipelined {
		scratch = append(scratch, msg...)
		if flush {
			_, err = s.WriteWithLimit(scratch, unlimited)
		} else {
			_, err = s.Write(scratch)
		}
	} else {
		_, err = s.Write(scratch)
		if err == nil {
			_, err = s.WriteWithLimit(msg, unlimited)
		}
	}
	if err != nil {
		return err
	}
	return s.Close()
}

// unlimited is a limiter for WriteWithLimit, which, unlike Write, returns only when the last byte was put into a packet.
func unlimited(n int) int { return n }
