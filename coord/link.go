package coord

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// A conn is the ordered byte stream under a link: a QUIC stream that owns its connection, TLS on TCP, a net.Pipe.
type conn interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// A link is one connection between a party and the coordinator, the same at both ends: a reader that hands messages to the
// link's owner, a writer with a bounded queue, and pings both ways. The owner is one goroutine, which alone calls send and
// finish.
type link struct {
	conn     conn
	peer     identity.ID    // as the transport authenticated it
	addr     netip.AddrPort // as we see it
	out      chan []byte
	pongs    chan pong // one place: answers to come before anything else
	limit    *pace     // of incoming frames; nil for none
	settle   func()    // tells the gate that this is a party; nil for nobody to tell
	readDone chan struct{}
	rtt      stopwatch
	finished atomic.Bool // set by the owner
}

// A delivery is what a link hands to its owner: a message, or, once and last, why the link ended.
type delivery struct {
	from *link
	m    message
	err  error // with a nil message
}

// garbage is what is delivered in place of a message that could not be read, or came at the wrong end. It is also the error of
// the link then, and never sent.
type garbage struct{ err error }

func (garbage) frame() frameType { return 0 }

func (g garbage) append(b *cryptobyte.Builder) { b.SetError(g.err) }

func (g *garbage) Error() string { return g.err.Error() }

func (g *garbage) Unwrap() error { return g.err }

// outQueue bounds the frames waiting for a slow reader: some for each seat and each step of a session, and a burst of
// announcements.
const outQueue = 32 * MaxSeats

var errOwnerGone = errors.New("the owner of the link has gone")

func newLink(c conn, peer identity.ID, addr netip.AddrPort) *link {
	return &link{conn: c, peer: peer, addr: addr, out: make(chan []byte, outQueue), pongs: make(chan pong, 1), readDone: make(chan struct{})}
}

// run reads and writes until the connection ends, and returns after both have. deliver returns false when the owner no longer
// listens.
func (l *link) run(allowed func(frameType) bool, deliver func(delivery) bool) {
	writeDone := make(chan struct{})
	go func() {
		defer close(writeDone)
		l.write()
	}()
	err := l.read(allowed, deliver)
	close(l.readDone)
	l.conn.Close()
	<-writeDone
	deliver(delivery{from: l, err: err})
}

func (l *link) read(allowed func(frameType) bool, deliver func(delivery) bool) error {
	for first := true; ; first = false {
		m, err := l.next(allowed, first)
		var bad *garbage
		switch {
		case errors.As(err, &bad):
			deliver(delivery{from: l, m: *bad})
			l.drain()
			return bad.err
		case err != nil:
			return err
		}
		switch m := m.(type) {
		case ping:
			select {
			case l.pongs <- pong(m):
			default:
			}
		case pong:
			l.rtt.stop(m.number)
		default:
			if !deliver(delivery{from: l, m: m}) {
				l.drain()
				return errOwnerGone
			}
		}
		if l.limit != nil {
			if wait := l.limit.take(time.Now()); wait > 0 {
				time.Sleep(wait) // no longer than one interval
			}
		}
	}
}

// oneWay estimates how long a frame takes to the other end; 0 while that is unknown.
func (l *link) oneWay() time.Duration { return l.rtt.least() / 2 }

// drain ignores the rest, so that the last frame of our side arrives before the connection closes.
func (l *link) drain() {
	l.conn.SetReadDeadline(time.Now().Add(byeWithin))
	io.Copy(io.Discard, l.conn)
}

// next reads one frame. What the other end did wrong comes back as *garbage.
func (l *link) next(allowed func(frameType) bool, first bool) (message, error) {
	wait := lostAfter
	if first {
		wait = joinWithin
	}
	l.conn.SetReadDeadline(time.Now().Add(wait))
	t, n, err := readHeader(l.conn, allowed)
	if err != nil {
		return nil, err
	}
	l.conn.SetReadDeadline(time.Now().Add(frameWithin))
	payload := make([]byte, n)
	if _, err := io.ReadFull(l.conn, payload); err != nil {
		return nil, err
	}
	m, err := decode(t, payload)
	if err == nil && first && t.fromBoth() {
		err = errors.New("a ping came first")
	}
	if err != nil {
		return nil, &garbage{err}
	}
	return m, nil
}

// write sends what is queued; a ping after the first frame, so that the round-trip time is known soon, and whenever there was
// nothing to say. A ping is repeated while its answer is late: at a coordinator that was restarted each packet counts, for its
// system answers the next one by ending the connection.
func (l *link) write() {
	silence := time.NewTimer(pingEvery)
	defer silence.Stop()
	said := time.Now()
	var pongs chan pong // these two only once something was said, since a ping is nobody's first frame
	var quiet <-chan time.Time
	for {
		var frame []byte
		select {
		case p := <-pongs:
			frame, _ = encode(p)
		case next, more := <-l.out:
			if !more {
				l.linger()
				return
			}
			frame = next
		case <-quiet:
			number, late := l.rtt.waiting()
			if !late {
				if rest := time.Until(said.Add(pingEvery)); rest > 0 {
					silence.Reset(rest)
					continue
				}
				number = l.rtt.start()
			}
			frame, _ = encode(ping{number})
		case <-l.readDone:
			return
		}
		if !l.put(frame) {
			return
		}
		if pongs == nil {
			pongs, quiet = l.pongs, silence.C
			frame, _ = encode(ping{l.rtt.start()})
			if !l.put(frame) {
				return
			}
		}
		said = time.Now()
		silence.Reset(pingAgain)
	}
}

func (l *link) put(frame []byte) bool {
	l.conn.SetWriteDeadline(time.Now().Add(frameWithin))
	if _, err := l.conn.Write(frame); err != nil {
		l.conn.Close()
		return false
	}
	return true
}

// linger leaves the other end time to read the last frame: it closes the connection when it has.
func (l *link) linger() {
	late := time.NewTimer(byeWithin)
	defer late.Stop()
	select {
	case <-l.readDone:
	case <-late.C:
		l.conn.Close()
	}
}

// send queues a message. A link whose other end does not keep up is closed.
func (l *link) send(m message) {
	if l.finished.Load() {
		return
	}
	frame, err := encode(m)
	if err != nil {
		l.conn.Close()
		return
	}
	select {
	case l.out <- frame:
	default:
		l.conn.Close()
	}
}

// finish queues the last message of the link, which ends soon after.
func (l *link) finish(m message) {
	l.send(m)
	if !l.finished.Load() {
		l.finished.Store(true)
		close(l.out)
	}
}

// whyLost puts the end of a link into words for other people.
func whyLost(err error) string {
	if isSilence(err) {
		return fmt.Sprintf("nothing was heard of it for %v", lostAfter)
	}
	return "its connection was closed"
}

// closedByPeer tells that a link ended because the other end, or the system of its machine, closed it.
func closedByPeer(err error) bool {
	var closed *quic.ApplicationError
	var reset *quic.StatelessResetError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.As(err, &closed) && closed.Remote || errors.As(err, &reset)
}

// isSilence tells that a link ended because nothing came any more; by the transport's clock, if that was first.
func isSilence(err error) bool {
	var idle *quic.IdleTimeoutError
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &idle)
}
