package mesh

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"

	"github.com/tacit-mpc/tacit/internal/pathconn"
)

// packetConn is what QUIC sends and receives through: the socket with its paths, and the kernel's buffers.
type packetConn struct {
	*pathconn.Conn

	mu      sync.Mutex
	buffers [2]buffer // receive, send
	tuned   bool      // quic-go has asked for its buffers
}

// losses keeps why packets did not leave this machine, by address.
type losses struct {
	mu  sync.Mutex
	why map[netip.AddrPort]error
}

const mostLosses = 256 // addresses whose last error is kept

func (l *losses) note(to netip.AddrPort, why syscall.Errno) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil || len(l.why) >= mostLosses {
		l.why = make(map[netip.AddrPort]error)
	}
	l.why[to] = why
}

// last is the reason why the last lost packet to addr was lost. Nil means that none was lost here.
func (l *losses) last(addr netip.AddrPort) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why[addr]
}

// A BufferWarning says that the kernel grants a socket less buffer than QUIC wants. Bursts beyond it are lost and sent again.
// On Linux the administrator raises the limits: sysctl net.core.rmem_max=7340032 net.core.wmem_max=7340032.
type BufferWarning struct {
	Direction string // "receive" or "send"
	Want, Got int    // bytes
}

func (w *BufferWarning) Error() string {
	return fmt.Sprintf("UDP %s buffer is %d KiB, want %d KiB", w.Direction, w.Got>>10, w.Want>>10)
}

type buffer struct{ want, got int }

// SetReadBuffer and SetWriteBuffer are how quic-go asks for buffers. We grow them as far as the kernel lets us and keep the
// outcome for warnings.
func (c *packetConn) SetReadBuffer(size int) error {
	got, err := c.setBuffer(receiveBuffer, size)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buffers[0] = buffer{want: size, got: got}
	return err
}

func (c *packetConn) SetWriteBuffer(size int) error {
	got, err := c.setBuffer(sendBuffer, size)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buffers[1] = buffer{want: size, got: got}
	c.tuned = true
	return err
}

// SyscallConn is withheld until quic-go has asked for its buffers (receive, then send): with it, quic-go inspects the buffers
// by itself and prints to the standard logger, which belongs to the application.
func (c *packetConn) SyscallConn() (syscall.RawConn, error) {
	c.mu.Lock()
	tuned := c.tuned
	c.mu.Unlock()
	if !tuned {
		return nil, errors.New("the socket's buffers are not set yet")
	}
	return c.UDPConn.SyscallConn()
}

func (c *packetConn) warnings() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []error
	for i, b := range c.buffers {
		if b.got < b.want {
			all = append(all, &BufferWarning{Direction: [...]string{"receive", "send"}[i], Want: b.want, Got: b.got})
		}
	}
	return all
}
