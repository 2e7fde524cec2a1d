package mesh

import (
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
	p.out.drop(err)
	p.in.finish(err)
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
