package mesh

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// packetConn is what QUIC sends and receives through. It keeps quic-go's fast path (out-of-band data, recvmmsg, segmentation
// offload), which needs the methods of *net.UDPConn, and stands where path choice comes to stand: below QUIC, above UDP.
//
// For quic-go a failed write ends the connection, but an unreachable network may be reachable again in a second: such errors
// count as packets lost on the way, and patience decides.
type packetConn struct {
	*net.UDPConn

	mu      sync.Mutex
	buffers [2]buffer // receive, send
	tuned   bool      // quic-go has asked for its buffers
}

// WriteMsgUDP sends a packet, or loses it.
func (c *packetConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = c.UDPConn.WriteMsgUDP(b, oob, addr)
	if err != nil && passing(err) {
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

// passing tells errors of the path, which another moment may not give. EMSGSIZE (path MTU discovery) and EIO (segmentation
// offload) are quic-go's to handle.
func passing(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ECONNREFUSED,
		syscall.ENOBUFS, syscall.EPERM, syscall.EACCES, syscall.EADDRNOTAVAIL:
		return true
	}
	return false
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
