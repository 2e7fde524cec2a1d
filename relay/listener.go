package relay

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits of connections over TCP and TLS.
const (
	strangerWait  = 10 * time.Second // until a connection has an allocation
	idleWait      = 6 * time.Minute  // without a byte; longer than the refresh interval of every client
	stuckWait     = 10 * time.Second // for a client to take what is sent to it
	mostOfNetwork = 256              // connections of an IPv4 address or an IPv6 /64: all parties may sit behind one
	mostFrame     = 1600
	readAhead     = 8 << 10
	longestRepair = time.Second
)

// A listener bounds what strangers can hold, and outlives failures to accept, which the TURN library does not.
type listener struct {
	net.Listener
	book *book

	mu       sync.Mutex
	conns    map[*conn]struct{}
	networks map[netip.Prefix]int
	closed   bool
}

func newListener(l net.Listener, b *book) *listener {
	return &listener{Listener: l, book: b, conns: map[*conn]struct{}{}, networks: map[netip.Prefix]int{}}
}

// Accept returns the next connection for which there is room.
func (l *listener) Accept() (net.Conn, error) {
	pause := time.Duration(0)
	for {
		raw, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil { // for example out of file descriptors
			pause = min(max(2*pause, 5*time.Millisecond), longestRepair)
			time.Sleep(pause)
			continue
		}
		pause = 0
		c := &conn{Conn: raw, listener: l, in: bufio.NewReaderSize(raw, readAhead), opened: time.Now(), client: sourceOf(raw.RemoteAddr()), network: networkOf(raw.RemoteAddr())}
		if l.enter(c) {
			return c, nil
		}
		raw.Close()
	}
}

func networkOf(a net.Addr) netip.Prefix {
	ip := addrPort(a).Addr()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}

func (l *listener) enter(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= l.book.cfg.Total || l.networks[c.network] >= mostOfNetwork {
		return false
	}
	l.conns[c] = struct{}{}
	l.networks[c.network]++
	return true
}

func (l *listener) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.conns[c]; !ok {
		return
	}
	delete(l.conns, c)
	if l.networks[c.network]--; l.networks[c.network] == 0 {
		delete(l.networks, c.network)
	}
}

// Close closes the connections too.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	l.closed = true
	var all []*conn
	for c := range l.conns {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
	return err
}

// A conn is dropped when its client does not come to an allocation, falls silent, takes nothing, or sends no TURN.
type conn struct {
	net.Conn
	listener *listener
	in       *bufio.Reader
	opened   time.Time
	client   source
	network  netip.Prefix
}

// Read reads one message or one piece of channel data (RFC 8656 section 12.5), whole: the library pieces them together by
// recursion, byte by byte if it has to.
func (c *conn) Read(p []byte) (int, error) {
	until := c.opened.Add(strangerWait)
	if c.listener.book.known(c.client) {
		until = time.Now().Add(idleWait)
	}
	c.SetReadDeadline(until)
	head, err := c.in.Peek(4)
	if err != nil {
		return 0, err
	}
	size, err := frameSize([4]byte(head))
	if err != nil || size > len(p) {
		return 0, fmt.Errorf("relay: a frame of %d bytes: %w", size, errFrame)
	}
	return io.ReadFull(c.in, p[:size])
}

var errFrame = errors.New("relay: no STUN message and no channel data, or too long")

// frameSize reads the size of a frame, header and padding included.
func frameSize(head [4]byte) (int, error) {
	size := int(binary.BigEndian.Uint16(head[2:]))
	switch {
	case head[0] < 4 && size%4 == 0: // STUN: a header of 20 bytes
		size += 20
	case head[0]&0xc0 == 0x40: // a channel number and a length
		size = 4 + (size+3)&^3
	default:
		return 0, errFrame
	}
	if size > mostFrame {
		return size, errFrame
	}
	return size, nil
}

// Write gives up a client that takes nothing: what follows half a frame would be garbage.
func (c *conn) Write(p []byte) (int, error) {
	c.listener.book.answered(c.client, p)
	c.SetWriteDeadline(time.Now().Add(stuckWait))
	n, err := c.Conn.Write(p)
	if err != nil {
		c.Close()
	}
	return n, err
}

func (c *conn) Close() error {
	c.listener.leave(c)
	return c.Conn.Close()
}
