package pathconn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	// MaxPacket is the largest UDP payload that QUIC may use: with the overhead of a relay it still fits into 1500 bytes.
	MaxPacket = 1400

	queueSize = 1024 // packets from relays and other sockets that wait for QUIC
)

// A Config says what a Conn does with packets that are not QUIC's or not a peer's. Both functions are called by the one
// goroutine that reads, and must not block.
type Config struct {
	Intercept func(p []byte, from netip.AddrPort) // packets whose first two bits are zero; p is valid during the call
}

// A Conn is a UDP socket with paths. It serves one quic.Transport; its other methods may be called concurrently.
type Conn struct {
	*net.UDPConn
	cfg   Config
	batch *ipv4.PacketConn
	local *net.UDPAddr

	queue  chan injected
	waking atomic.Bool

	deadlineMu sync.Mutex
	deadline   time.Time // that quic-go set

	table atomic.Pointer[table]
	mu    sync.Mutex // serialises changes of table
	next  uint32

	dropped atomic.Int64
}

// A table says whose an address is. It is replaced, never changed.
type table struct {
	synthetic map[netip.Addr]*Peer
	real      map[netip.AddrPort]*Peer
	allowed   map[netip.AddrPort]bool
	open      bool // unknown addresses pass
}

type injected struct {
	p    []byte
	addr *net.UDPAddr
}

// New wraps udp, which the Conn then owns. Until Restrict, QUIC packets of unknown addresses pass.
func New(udp *net.UDPConn, cfg Config) *Conn {
	c := &Conn{UDPConn: udp, cfg: cfg, batch: ipv4.NewPacketConn(udp), queue: make(chan injected, queueSize), next: 1}
	c.local = &net.UDPAddr{IP: net.IPv4(240, 255, 255, 254).To4(), Port: udp.LocalAddr().(*net.UDPAddr).Port}
	c.table.Store(&table{open: true})
	return c
}

// LocalAddr is synthetic: with a wildcard address quic-go would pin each connection to the interface that it came in by.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// Bound is the real local address.
func (c *Conn) Bound() netip.AddrPort { return plain(c.UDPConn.LocalAddr().(*net.UDPAddr)) }

// Dropped counts QUIC packets of strangers.
func (c *Conn) Dropped() int64 { return c.dropped.Load() }

// change replaces the table.
func (c *Conn) change(f func(t *table)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.table.Load()
	t := &table{synthetic: map[netip.Addr]*Peer{}, real: map[netip.AddrPort]*Peer{}, allowed: map[netip.AddrPort]bool{}, open: old.open}
	for k, v := range old.synthetic {
		t.synthetic[k] = v
	}
	for k, v := range old.real {
		t.real[k] = v
	}
	for k, v := range old.allowed {
		t.allowed[k] = v
	}
	f(t)
	c.table.Store(t)
}

// Allow lets QUIC packets of a real address pass under that address: a coordinator's.
func (c *Conn) Allow(addr netip.AddrPort) {
	c.change(func(t *table) { t.allowed[unmap(addr)] = true })
}

// Restrict drops QUIC packets of unknown addresses from now on.
func (c *Conn) Restrict() { c.change(func(t *table) { t.open = false }) }

// inject queues a packet for QUIC as if it had come from addr. It copies p; when the queue is full the packet is lost.
func (c *Conn) inject(p []byte, addr *net.UDPAddr) {
	select {
	case c.queue <- injected{append([]byte(nil), p...), addr}:
	default:
		return
	}
	if c.waking.CompareAndSwap(false, true) {
		c.UDPConn.SetReadDeadline(time.Unix(1, 0)) // ends a blocked ReadBatch
	}
}

// SetReadDeadline remembers what quic-go sets, since inject uses the deadline to wake the reader.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.deadline = t
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
		case errors.Is(err, os.ErrDeadlineExceeded) && c.waking.Load():
			c.deadlineMu.Lock()
			c.waking.Store(false)
			c.UDPConn.SetReadDeadline(c.deadline)
			c.deadlineMu.Unlock()
			continue
		case passing(err):
			continue // an ICMP error for some packet sent
		default:
			return n, err
		}
		t := c.table.Load()
		for i := range ms[:n] {
			c.sort(t, &ms[i])
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

// sort decides what becomes of one packet read.
func (c *Conn) sort(t *table, m *ipv4.Message) {
	addr, ok := m.Addr.(*net.UDPAddr)
	if !ok || m.N == 0 {
		m.N = 0
		return
	}
	from := plain(addr)
	if m.Buffers[0][0]&0xc0 == 0 {
		if c.cfg.Intercept != nil {
			c.cfg.Intercept(m.Buffers[0][:m.N], from)
		}
		m.N = 0
		return
	}
	switch p := t.real[from]; {
	case p != nil:
		m.Addr = p.addr
	case t.open || t.allowed[from]:
	default:
		m.N = 0
		c.dropped.Add(1)
	}
}

// WriteMsgUDP sends what quic-go gives: to a peer by its route, to a real address as it is.
func (c *Conn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	size := len(b)
	if s := segmentSize(oob); s > 0 {
		size = s
	}
	if size > MaxPacket {
		return 0, 0, &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", syscall.EMSGSIZE)}
	}
	ip, _ := netip.AddrFromSlice(addr.IP)
	if p := c.table.Load().synthetic[ip.Unmap()]; p != nil {
		return p.write(b, oob)
	}
	if isSynthetic(ip.Unmap()) {
		return len(b), len(oob), nil // a peer that was removed
	}
	return c.writeReal(b, oob, addr)
}

// writeReal sends through the main socket. Path errors are lost packets.
func (c *Conn) writeReal(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = c.UDPConn.WriteMsgUDP(b, oob, addr)
	if err != nil && passing(err) {
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

// Send sends one packet that is not QUIC's through the main socket, and loses it on any error.
func (c *Conn) Send(p []byte, to netip.AddrPort) {
	c.UDPConn.WriteToUDPAddrPort(p, to)
}

// passing tells errors of the path, which another moment may not give.
func passing(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.ECONNREFUSED,
		syscall.ENOBUFS, syscall.EPERM, syscall.EACCES, syscall.EADDRNOTAVAIL:
		return true
	}
	return false
}

func plain(a *net.UDPAddr) netip.AddrPort { return unmap(a.AddrPort()) }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
