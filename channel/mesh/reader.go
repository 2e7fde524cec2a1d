package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/tacit-mpc/tacit/channel"
)

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
	p.out.drop(&LeftError{Reason: Done}) // it no longer listens
	p.in.finish(&LeftError{Reason: Done})
	_, err := p.ctrl.Write(appendCount(nil, typeHave, p.received))
	return err
}

// refuse ends the pair because of what the peer sent.
func (p *pair) refuse(err error) {
	if errors.Is(err, net.ErrClosed) || p.conn.Context().Err() != nil {
		return // the connection as a whole has ended; control says why
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
