package mesh

import "syscall"

// Socket options that package syscall does not name: they exceed the administrator's limits, with CAP_NET_ADMIN.
const (
	soSendBufferForce    = 0x20
	soReceiveBufferForce = 0x21
)

var (
	receiveBuffer = bufferOption{plain: syscall.SO_RCVBUF, force: soReceiveBufferForce}
	sendBuffer    = bufferOption{plain: syscall.SO_SNDBUF, force: soSendBufferForce}
)

type bufferOption struct{ plain, force int }

// setBuffer grows a socket buffer to size, as far as allowed, and returns the size it has then, never less than before.
func (c *packetConn) setBuffer(o bufferOption, size int) (got int, err error) {
	raw, err := c.UDPConn.SyscallConn()
	if err != nil {
		return 0, err
	}
	ctlErr := raw.Control(func(fd uintptr) {
		if got, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, o.plain); err != nil || got >= size {
			return
		}
		// Refused options leave the buffer as it is; what counts is what it is then.
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, o.plain, size)
		if got, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, o.plain); err != nil || got >= size {
			return
		}
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, o.force, size)
		got, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, o.plain)
	})
	if ctlErr != nil {
		return 0, ctlErr
	}
	return got, err
}
