package pathconn

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

// A View is a second socket to one peer as far as QUIC can tell: what a QUIC client makes another path of. What is written to it
// goes to the peer by the route in use, whatever address QUIC gives. Nothing is ever read from it: all packets of the peer arrive at
// the Conn, and the peer's QUIC is one for all paths.
type View struct {
	Conn net.PacketConn // for a quic.Transport, with the fast path if the socket has it

	peer  *Peer
	seal  atomic.Pointer[func(p []byte) []byte]
	sizes atomic.Pointer[sizes]
}

func newView(p *Peer) *View {
	v := &View{peer: p}
	v.sizes.Store(new(sizes))
	return v
}

// Seal has f change every packet that is written from now on, whose result is sent once and not again by Resend; nil ends that. It
// marks the probes of a path that is not in use yet.
func (v *View) Seal(f func(p []byte) []byte) {
	if f == nil {
		v.seal.Store(nil)
		return
	}
	v.sizes.Store(new(sizes)) // a path that QUIC measures afresh
	v.seal.Store(&f)
}

func (v *View) write(b, oob []byte) (n, oobn int, err error) {
	if seal := v.seal.Load(); seal != nil {
		segments(b, oob, func(s []byte) { v.peer.send(v.peer.route.Load(), nil, (*seal)(s), nil) })
		return len(b), len(oob), nil
	}
	return v.peer.write(v.sizes.Load(), b, oob)
}

// View makes a second socket to p.
func (c *Conn) View(p *Peer) *View {
	v := newView(p)
	v.Conn = &fastView{silent: newSilent(c.LocalAddr()), view: v, conn: c}
	return v
}

// View makes a second socket to p.
func (c *Plain) View(p *Peer) *View {
	v := newView(p)
	v.Conn = &plainView{silent: newSilent(c.LocalAddr()), view: v}
	return v
}

// silent is the reading half of a view: it waits until a deadline is set, which quic-go does to end its reader.
type silent struct {
	local net.Addr
	once  *sync.Once
	end   chan struct{}
}

func newSilent(local net.Addr) silent { return silent{local, new(sync.Once), make(chan struct{})} }

func (s silent) wait() error {
	<-s.end
	return net.ErrClosed
}

func (s silent) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		s.Close()
	}
	return nil
}

func (s silent) Close() error {
	s.once.Do(func() { close(s.end) })
	return nil
}

func (s silent) ReadFrom([]byte) (int, net.Addr, error) { return 0, nil, s.wait() }
func (s silent) LocalAddr() net.Addr                    { return s.local }
func (s silent) SetDeadline(t time.Time) error          { return s.SetReadDeadline(t) }
func (s silent) SetWriteDeadline(time.Time) error       { return nil }
func (s silent) SetReadBuffer(int) error                { return nil }
func (s silent) SetWriteBuffer(int) error               { return nil }

type plainView struct {
	silent
	view *View
}

func (v *plainView) WriteTo(b []byte, _ net.Addr) (int, error) {
	n, _, err := v.view.write(b, nil)
	return n, err
}

// fastView is a view with the methods that quic-go wants for out-of-band data.
type fastView struct {
	silent
	view *View
	conn *Conn

	tuned atomic.Bool // quic-go has asked for its buffers
}

func (v *fastView) ReadBatch([]ipv4.Message, int) (int, error) { return 0, v.wait() }

func (v *fastView) ReadMsgUDP([]byte, []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	return 0, 0, 0, nil, v.wait()
}

func (v *fastView) WriteMsgUDP(b, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	if err := fits(b, oob); err != nil {
		return 0, 0, err
	}
	return v.view.write(b, oob)
}

func (v *fastView) WriteTo(b []byte, _ net.Addr) (int, error) {
	n, _, err := v.WriteMsgUDP(b, nil, nil)
	return n, err
}

// SyscallConn is withheld until quic-go has asked for its buffers (receive, then send), which are the Conn's: with it, quic-go would
// print to the standard logger what it thinks of them.
func (v *fastView) SyscallConn() (syscall.RawConn, error) {
	if !v.tuned.Load() {
		return nil, errors.New("a view has no buffers")
	}
	return v.conn.UDPConn.SyscallConn()
}

// SetWriteBuffer does nothing: the Conn has its buffers.
func (v *fastView) SetWriteBuffer(int) error {
	v.tuned.Store(true)
	return nil
}
