package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
)

// A pair is the connection to one peer. Three goroutines belong to it: read takes message streams in order, write makes them,
// control reads the control stream and learns of the end.
type pair struct {
	peer  channel.Party
	conn  *quic.Conn
	ctrl  *quic.Stream // written under mu
	max   int          // bytes of a message
	in    *queue       // read to RecvFrom
	out   *queue       // SendTo to write
	ended func(*pair)  // called once, with err set
	path  Path         // without RTT

	running   sync.WaitGroup
	delivered chan struct{} // closed when the peer has confirmed every message
	gone      chan struct{} // closed with err set

	mu       sync.Mutex
	err      error    // why the pair ended
	received uint64   // messages
	goodbye  uint64   // messages the peer says it has sent in all; noGoodbye until then
	farewell uint64   // the same, said by us
	alive    liveness // see liveness.go
}

const noGoodbye = math.MaxUint64

// messageUrgency is the RFC 9218 urgency of message streams; the control stream goes before them.
const (
	controlUrgency = 1
	messageUrgency = 3
)

func newPair(peer channel.Party, conn *quic.Conn, ctrl *quic.Stream, max, queueSize int, ended func(*pair)) *pair {
	return &pair{
		peer: peer, conn: conn, ctrl: ctrl, max: max, ended: ended,
		in: newQueue(queueSize), out: newQueue(queueSize),
		delivered: make(chan struct{}), gone: make(chan struct{}),
		goodbye: noGoodbye, farewell: noGoodbye,
		alive: liveness{heard: time.Now()},
	}
}

func (p *pair) start() {
	p.running.Go(p.read)
	p.running.Go(p.write)
	p.running.Go(p.control)
}

// read takes the message streams in the order of their ids, each to its end.
func (p *pair) read() {
	ctx := p.conn.Context()
	for {
		s, err := p.conn.AcceptUniStream(ctx)
		if err != nil {
			return // control says why
		}
		msg, err := readMessage(s, p.max)
		if err == nil {
			// Handing it on before the end of the stream arrives saves waiting for one more packet. An ended queue refuses it:
			// nobody listens, but the peer may still be waiting for us to take it.
			p.in.push(context.Background(), msg)
			err = readEnd(s)
		}
		if err == nil {
			err = p.count()
		}
		if err != nil {
			p.refuse(err)
			return
		}
	}
}

// count notes a message, and confirms the goodbye if it was the last.
func (p *pair) count() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received++
	return p.confirm()
}

// confirm answers the goodbye once every message it counts is here. p.mu is held.
func (p *pair) confirm() error {
	if p.goodbye == noGoodbye || p.received < p.goodbye {
		return nil
	}
	if p.received > p.goodbye {
		return errors.New("more messages than its goodbye counts")
	}
	p.in.finish(&LeftError{Reason: Done})
	p.out.drop(&LeftError{Reason: Done}) // it no longer listens
	_, err := p.ctrl.Write(appendCount(nil, typeHave, p.received))
	return err
}

// refuse ends the pair because of what the peer sent.
func (p *pair) refuse(err error) {
	if p.conn.Context().Err() != nil {
		return // the connection ended meanwhile; control says why
	}
	if errors.Is(err, channel.ErrTooLarge) {
		p.fail(err, codeTooLarge, "")
		return
	}
	p.fail(&ViolationError{What: err.Error()}, codeViolation, "")
}

// control reads the control stream, then learns how the connection ended.
func (p *pair) control() {
	var frame [countSize]byte
	var err error
	for err == nil {
		if _, err = io.ReadFull(p.ctrl, frame[:]); err == nil {
			err = p.handle(frame[:])
		}
	}
	p.refuse(fmt.Errorf("control stream: %w", noEOF(err)))
	<-p.conn.Context().Done()
	p.fail(endOf(context.Cause(p.conn.Context()), p.lastHeard()), codeViolation, "")
}

func (p *pair) handle(frame []byte) error {
	typ, count, err := parseCount(frame)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch typ {
	case typeGoodbye:
		if p.goodbye != noGoodbye || count == noGoodbye {
			return errors.New("a second goodbye")
		}
		p.goodbye = count
		return p.confirm()
	default: // typeHave
		select {
		case <-p.delivered:
			return errors.New("a second confirmation")
		default:
		}
		if p.farewell == noGoodbye || count != p.farewell {
			return errors.New("it confirms what was not said")
		}
		close(p.delivered)
		return nil
	}
}

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

// fail ends the pair for good; the first reason counts. The peer is told code and text.
func (p *pair) fail(err error, code quic.ApplicationErrorCode, text string) {
	p.mu.Lock()
	first := p.err == nil
	if first {
		p.err = err
	}
	p.mu.Unlock()
	if !first {
		return
	}
	p.in.finish(err)
	p.out.drop(err)
	p.conn.CloseWithError(code, text)
	close(p.gone)
	p.ended(p)
}

// end is why the pair ended, nil while it has not.
func (p *pair) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// close takes leave: it sends what is queued, waits up to linger until the peer has it, and ends the connection. It reports
// whether the peer has everything, or is gone anyway.
func (p *pair) close(linger time.Duration) bool {
	p.in.drop(channel.ErrClosed)
	p.out.finish(channel.ErrClosed)
	timer := time.NewTimer(linger)
	defer timer.Stop()
	all := true
	select {
	case <-p.delivered:
	case <-p.gone:
	case <-timer.C:
		all = false
	}
	p.leave(Done, "")
	return all
}

// leave ends the connection at once and says why.
func (p *pair) leave(why Reason, text string) {
	p.fail(channel.ErrClosed, quic.ApplicationErrorCode(why), text)
	p.in.drop(channel.ErrClosed)
	p.out.drop(channel.ErrClosed)
	p.running.Wait()
}
