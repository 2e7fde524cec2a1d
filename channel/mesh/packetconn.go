package mesh

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
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
	losses  map[netip.AddrPort]error
}

const mostLosses = 256 // addresses whose last error is kept

// WriteMsgUDP sends a packet, or loses it.
func (c *packetConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = c.UDPConn.WriteMsgUDP(b, oob, addr)
	if errno := syscall.Errno(0); errors.As(err, &errno) && passing(errno) {
		c.lost(addr, errno)
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

// lost keeps the reason why a packet to addr was lost.
func (c *packetConn) lost(addr *net.UDPAddr, why syscall.Errno) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.losses == nil || len(c.losses) >= mostLosses {
		c.losses = make(map[netip.AddrPort]error)
	}
	c.losses[addrPort(addr)] = why
}

// loss is the reason why the last lost packet to addr was lost, and forgets it. Nil means that none was lost here.
func (c *packetConn) loss(addr netip.AddrPort) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	why := c.losses[addr]
	delete(c.losses, addr)
	return why
}

// passing tells errors of the path, which another moment may not give. EMSGSIZE (path MTU discovery) and EIO (segmentation
// offload) are quic-go's to handle.
func passing(errno syscall.Errno) bool {
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
