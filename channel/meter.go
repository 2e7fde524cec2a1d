package channel

import (
	"context"
	"sync/atomic"
)

// A Meter is a Channel that counts what passes through another.
type Meter struct {
	Channel
	sent, received []counter
}

// A Count is a number of messages and of the bytes in them, without what the network adds.
type Count struct {
	Bytes, Messages int64
}

type counter struct{ bytes, messages atomic.Int64 }

func (c *counter) add(msg int) {
	c.bytes.Add(int64(msg))
	c.messages.Add(1)
}

func (c *counter) count() Count { return Count{c.bytes.Load(), c.messages.Load()} }

// NewMeter counts what passes through ch.
func NewMeter(ch Channel) *Meter {
	return &Meter{Channel: ch, sent: make([]counter, ch.N()), received: make([]counter, ch.N())}
}

// SendTo counts messages that were accepted.
func (m *Meter) SendTo(ctx context.Context, to Party, msg []byte) error {
	n := len(msg)
	err := m.Channel.SendTo(ctx, to, msg)
	if err == nil {
		m.sent[to].add(n)
	}
	return err
}

// RecvFrom counts messages that were returned.
func (m *Meter) RecvFrom(ctx context.Context, from Party) ([]byte, error) {
	msg, err := m.Channel.RecvFrom(ctx, from)
	if err == nil {
		m.received[from].add(len(msg))
	}
	return msg, err
}

// Sent returns what was sent to a party so far.
func (m *Meter) Sent(to Party) Count { return m.sent[to].count() }

// Received returns what was received from a party so far.
func (m *Meter) Received(from Party) Count { return m.received[from].count() }

// Total returns what was sent to and received from all parties so far.
func (m *Meter) Total() (sent, received Count) {
	for p := range m.sent {
		sent = sent.plus(m.sent[p].count())
		received = received.plus(m.received[p].count())
	}
	return sent, received
}

func (c Count) plus(d Count) Count { return Count{c.Bytes + d.Bytes, c.Messages + d.Messages} }
