//go:build !linux

package mesh

type bufferOption bool

const (
	receiveBuffer bufferOption = true
	sendBuffer    bufferOption = false
)

// setBuffer asks for a socket buffer. What the kernel granted is not known here: it counts as granted unless refused.
func (c *packetConn) setBuffer(o bufferOption, size int) (got int, err error) {
	set := c.UDPConn.SetWriteBuffer
	if o == receiveBuffer {
		set = c.UDPConn.SetReadBuffer
	}
	if set(size) != nil {
		return 0, nil
	}
	return size, nil
}
