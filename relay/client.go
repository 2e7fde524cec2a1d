package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/turn/v4"
)

const (
	queueSize   = 512             // packets that wait to be sent; more are dropped
	pingEvery   = 2 * time.Second // through the relay and back
	pingMisses  = 2               // misses in a row that mean the allocation is dead
	permitEvery = 2 * time.Minute // permissions live five
	firstRTO    = 150 * time.Millisecond
	maxPacket   = 1600
)

// A ClientConfig says where and as whom to allocate. Addr, Credentials and Receive are required.
type ClientConfig struct {
	Addr        netip.AddrPort // of the TURN server
	Transport   Transport      // "" means UDP
	TLS         *tls.Config    // for TLS: pins the server's key or names the server
	Credentials Credentials

	// Receive is called with every packet that a peer sent to the relayed address, by one goroutine. It must not block and
	// not keep p.
	Receive func(p []byte, from netip.AddrPort)

	ListenUDP func() (net.PacketConn, error)                                   // nil: a fresh socket of the host
	DialTCP   func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) // nil: net.Dialer
}

// An Allocation is a relayed address at a TURN server, with a socket of its own (ChannelData cannot share one with QUIC, RFC
// 9443). It refreshes itself and its permissions, and pings itself through the relay: when the relay no longer carries, for
// whatever reason, Done is closed within about three seconds.
type Allocation struct {
	cfg     ClientConfig
	conn    net.PacketConn
	client  *turn.Client
	relayed net.PacketConn
	addr    netip.AddrPort

	queue  chan packet
	pongs  chan [pingSize]byte
	wg     sync.WaitGroup
	cancel context.CancelCauseFunc
	ctx    context.Context
	close  func() error // does its work once: the library's own Close is not for two at a time

	mu      sync.Mutex
	peers   map[netip.Addr]struct{} // permitted
	dropped int64
}

type packet struct {
	p  []byte
	to netip.AddrPort
}

// ErrDead is the cause of an allocation's end when the relay stopped carrying its packets.
var ErrDead = errors.New("the relay no longer answers")

// Allocate makes an allocation. It takes two round trips; the context bounds them.
func Allocate(ctx context.Context, cfg ClientConfig) (*Allocation, error) {
	fail := func(err error) (*Allocation, error) {
		return nil, fmt.Errorf("allocate at relay %v over %s: %w", cfg.Addr, cfg.transport(), err)
	}
	conn, err := cfg.connect(ctx)
	if err != nil {
		return fail(err)
	}
	std, err := stdnet.NewNet()
	if err != nil {
		conn.Close()
		return fail(err)
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: cfg.Addr.String(), Conn: conn, Net: bothFamilies{std}, RTO: firstRTO,
		Username: cfg.Credentials.Username, Password: cfg.Credentials.Password, Realm: Realm, LoggerFactory: silent{},
	})
	if err != nil {
		conn.Close()
		return fail(err)
	}
	a := &Allocation{cfg: cfg, conn: conn, client: client, queue: make(chan packet, queueSize), pongs: make(chan [pingSize]byte, 1),
		peers: map[netip.Addr]struct{}{}}
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	a.close = sync.OnceValue(a.end)
	a.wg.Go(a.readServer)

	// The library's calls take no context: closing the client wakes them.
	stop := context.AfterFunc(ctx, client.Close)
	a.relayed, err = client.Allocate()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		a.Close()
		return fail(err)
	}
	a.addr = addrPort(a.relayed.LocalAddr())
	a.wg.Go(a.readPeers)
	a.wg.Go(a.write)
	a.wg.Go(a.keep)
	return a, nil
}

func (c *ClientConfig) transport() Transport {
	if c.Transport == "" {
		return UDP
	}
	return c.Transport
}

// connect opens the client's own socket, or its connection to the server.
func (c *ClientConfig) connect(ctx context.Context) (net.PacketConn, error) {
	if c.transport() == UDP {
		if c.ListenUDP != nil {
			return c.ListenUDP()
		}
		return net.ListenPacket("udp", ":0")
	}
	dial := c.DialTCP
	if dial == nil {
		dial = func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr.String())
		}
	}
	conn, err := dial(ctx, c.Addr)
	if err != nil || c.transport() == TCP {
		return stunConn(conn), err
	}
	secure := tls.Client(conn, c.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return stunConn(secure), nil
}

func stunConn(c net.Conn) net.PacketConn {
	if c == nil {
		return nil
	}
	return turn.NewSTUNConn(c)
}

// bothFamilies resolves IPv6 servers too, which the library by itself does not.
type bothFamilies struct{ *stdnet.Net }

func (bothFamilies) ResolveUDPAddr(_, address string) (*net.UDPAddr, error) {
	return net.ResolveUDPAddr("udp", address)
}

// Relayed is the address at the relay to which peers send.
func (a *Allocation) Relayed() netip.AddrPort { return a.addr }

// Done is closed when the allocation has ended; Err then says why.
func (a *Allocation) Done() <-chan struct{} { return a.ctx.Done() }

// Err is nil while the allocation lives, and ErrDead or net.ErrClosed afterwards.
func (a *Allocation) Err() error { return context.Cause(a.ctx) }

// Send queues one packet for a peer and never blocks: when the queue is full or the allocation has ended the packet is dropped, as
// a network would, and Send returns false. It copies p.
func (a *Allocation) Send(p []byte, to netip.AddrPort) bool {
	if a.ctx.Err() != nil {
		return false
	}
	select {
	case a.queue <- packet{append([]byte(nil), p...), to}:
		return true
	default:
		a.mu.Lock()
		a.dropped++
		a.mu.Unlock()
		return false
	}
}

// Permit lets packets from the addresses through the relay, from now until Close. It may be called again: an address whose
// party has no allocation yet is refused by relays that know rooms.
func (a *Allocation) Permit(addrs ...netip.Addr) error {
	var failed []error
	for _, ip := range addrs {
		if err := a.client.CreatePermission(net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 1))); err != nil {
			failed = append(failed, fmt.Errorf("permit %v at relay %v: %w", ip, a.cfg.Addr, err))
			continue
		}
		a.mu.Lock()
		a.peers[ip] = struct{}{}
		a.mu.Unlock()
	}
	return errors.Join(failed...)
}

// Close gives the relayed address back. It may be called by several at once; each returns when it is done.
func (a *Allocation) Close() error { return a.close() }

func (a *Allocation) end() error {
	a.cancel(net.ErrClosed)
	if a.relayed != nil {
		a.relayed.Close() // sends the refresh with lifetime zero
	}
	a.client.Close()
	err := a.conn.Close()
	a.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}
