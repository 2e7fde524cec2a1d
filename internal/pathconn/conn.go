package pathconn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

// MaxPacket is the largest UDP payload that QUIC may use: with the overhead of a relay it still fits into 1500 bytes.
const MaxPacket = 1400

// A Config says what becomes of packets that are not QUIC's, and of errors. The functions must not block.
type Config struct {
	Intercept func(p []byte, from netip.AddrPort)        // a packet whose first two bits are zero; p is valid during the call
	Lost      func(to netip.AddrPort, why syscall.Errno) // why a packet did not leave this machine
}

// A Conn is a UDP socket with paths. It serves one quic.Transport; its other methods may be called concurrently.
type Conn struct {
	*net.UDPConn
	core
	batch *ipv4.PacketConn
	local *net.UDPAddr

	deadlineMu sync.Mutex
	deadline   time.Time // that quic-go set
	waking     bool      // the socket's deadline is wakeReader's
}

// New wraps udp, which the Conn then owns. Until Restrict, QUIC packets of unknown addresses pass.
func New(udp *net.UDPConn, cfg Config) *Conn {
	c := &Conn{UDPConn: udp, batch: ipv4.NewPacketConn(udp)}
	c.init(cfg, c.writeReal, c.wakeReader)
	c.local = &net.UDPAddr{IP: net.IPv4(240, 255, 255, 254).To4(), Port: udp.LocalAddr().(*net.UDPAddr).Port}
	return c
}

// LocalAddr is synthetic: with a wildcard address quic-go would pin each connection to the interface that it came in by.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// Bound is the real local address.
func (c *Conn) Bound() netip.AddrPort { return plain(c.UDPConn.LocalAddr().(*net.UDPAddr)) }

// wakeReader ends a blocked ReadBatch.
func (c *Conn) wakeReader() {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if !c.waking {
		c.waking = true
		c.UDPConn.SetReadDeadline(time.Unix(1, 0))
	}
}

// woken tells whether wakeReader ended a read, and if so makes room for the next call of it. What was queued before that call is
// to be looked for afterwards.
func (c *Conn) woken() bool {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if !c.waking {
		return false
	}
	c.waking = false
	c.UDPConn.SetReadDeadline(c.deadline)
	return true
}

// SetReadDeadline remembers what quic-go sets, since wakeReader uses the deadline too.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.deadline = t
	if c.waking {
		return nil // woken sets it
	}
	return c.UDPConn.SetReadDeadline(t)
}

// ReadBatch reads packets for quic-go. Slots keep their buffers; a slot of a packet that is not for QUIC gets length zero,
// which quic-go ignores.
func (c *Conn) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	for {
		if n := c.takeInjected(ms); n > 0 {
			return n, nil
		}
		n, err := c.batch.ReadBatch(ms, flags)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && c.woken():
			continue
		case errnoOf(err) != 0 && passing(errnoOf(err)):
			continue // an ICMP error for some packet sent
		default:
			return n, err
		}
		for i := range ms[:n] {
			m := &ms[i]
			addr, ok := m.Addr.(*net.UDPAddr)
			if ok {
				m.N, addr = c.sort(m.Buffers[0][:m.N], addr)
			}
			if addr == nil {
				m.N = 0
				continue
			}
			m.Addr = addr
		}
		return n, nil
	}
}

func (c *Conn) takeInjected(ms []ipv4.Message) int {
	for n := range ms {
		select {
		case in := <-c.queue:
			ms[n].N, ms[n].NN, ms[n].Addr = copy(ms[n].Buffers[0], in.p), 0, in.addr
		default:
			return n
		}
	}
	return len(ms)
}

// WriteMsgUDP sends what quic-go gives, if it is not too large.
func (c *Conn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if err := fits(b, oob); err != nil {
		return 0, 0, err
	}
	return c.write(b, oob, addr)
}

// fits refuses packets above MaxPacket.
func fits(b, oob []byte) error {
	size := len(b)
	if s := segmentSize(oob); s > 0 {
		size = s
	}
	if size > MaxPacket {
		return &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", syscall.EMSGSIZE)}
	}
	return nil
}

// writeReal sends through the main socket. Path errors are lost packets.
func (c *Conn) writeReal(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = c.UDPConn.WriteMsgUDP(b, oob, addr)
	if errno := errnoOf(err); errno != 0 && passing(errno) {
		if c.cfg.Lost != nil {
			c.cfg.Lost(plain(addr), errno)
		}
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

// Send sends one packet that is not QUIC's through the main socket, and loses it on any error.
func (c *Conn) Send(p []byte, to netip.AddrPort) {
	c.UDPConn.WriteToUDPAddrPort(p, to)
}

func errnoOf(err error) (errno syscall.Errno) {
	errors.As(err, &errno)
	return errno
}

// passing tells errors of the path, which another moment may not give. EMSGSIZE (path MTU discovery) and EIO (segmentation
// offload) are quic-go's to handle.
func passing(errno syscall.Errno) bool {
	switch errno {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.ECONNREFUSED,
		syscall.ENOBUFS, syscall.EPERM, syscall.EACCES, syscall.EADDRNOTAVAIL:
		return true
	}
	return false
}
