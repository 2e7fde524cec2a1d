package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/turn/v4"
	"golang.org/x/sync/errgroup"
)

const (
	queueSize     = 512                    // packets that wait to be sent; more are dropped
	queueFor      = 150 * time.Millisecond // that a packet waits there at most: QUIC has a use for a loss, none for a delay
	permitEvery   = 2 * time.Minute        // permissions live five
	permitAtATime = 16
	firstRTO      = 150 * time.Millisecond
	giveBackIn    = time.Second // that a slow connection may take for the last word
	maxPacket     = 1600
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

	// Dial opens the connection to the server, over "udp" or "tcp"; nil means net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// An Allocation is a relayed address at a TURN server, with a socket of its own (ChannelData cannot share one with QUIC, RFC
// 9443). It refreshes itself and its permissions, and pings itself through the relay: when the relay no longer carries, for
// whatever reason, Doubts tells within about a second while traffic flows, and Done is closed some seconds later.
type Allocation struct {
	cfg     ClientConfig
	conn    net.PacketConn
	client  *turn.Client
	relayed net.PacketConn
	addr    netip.AddrPort

	queue  chan packet
	pulse  *pulse
	doubts chan bool
	wg     sync.WaitGroup
	cancel context.CancelCauseFunc
	ctx    context.Context
	close  func() error // does its work once: the library's own Close is not for two at a time

	traffic atomic.Int64 // packets of the caller, both ways

	mu    sync.Mutex
	peers map[netip.Addr]struct{} // permitted
}

type packet struct {
	p  []byte
	to netip.AddrPort
	at time.Time
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
	a := &Allocation{cfg: cfg, conn: conn, client: client, queue: make(chan packet, queueSize), pulse: newPulse(),
		doubts: make(chan bool, 1), peers: map[netip.Addr]struct{}{}}
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
		} else if a.ctx.Err() != nil {
			err = context.Cause(a.ctx)
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

// Relayed is the address at the relay to which peers send.
func (a *Allocation) Relayed() netip.AddrPort { return a.addr }

// Done is closed when the allocation has ended; Err then says why.
func (a *Allocation) Done() <-chan struct{} { return a.ctx.Done() }

// Err is nil while the allocation lives, and ErrDead or net.ErrClosed afterwards.
func (a *Allocation) Err() error { return context.Cause(a.ctx) }

// Doubts tells true when the relay has not answered for a moment, and false when it answers again; the latest counts. While in
// doubt the allocation is still tried: another one may be made meanwhile.
func (a *Allocation) Doubts() <-chan bool { return a.doubts }

// Send queues one packet for a peer and never blocks: when the queue is full or the allocation has ended the packet is dropped, as
// a network would, and Send returns false. It copies p.
func (a *Allocation) Send(p []byte, to netip.AddrPort) bool {
	a.traffic.Add(1)
	return a.enqueue(append([]byte(nil), p...), to)
}

func (a *Allocation) enqueue(p []byte, to netip.AddrPort) bool {
	if a.ctx.Err() != nil {
		return false
	}
	select {
	case a.queue <- packet{p, to, time.Now()}:
		return true
	default:
		return false
	}
}

// Permit lets packets from the addresses through the relay, from now until Close. It may be called again: an address whose
// party has no allocation yet is refused by relays that know rooms. It takes a round trip, or as long as the allocation takes
// to find out that it is dead.
func (a *Allocation) Permit(addrs ...netip.Addr) error {
	errs := make([]error, len(addrs))
	var asking errgroup.Group
	asking.SetLimit(permitAtATime)
	for i, ip := range addrs {
		asking.Go(func() error {
			errs[i] = a.permit(ip)
			return nil
		})
	}
	_ = asking.Wait() // they tell through errs
	return errors.Join(errs...)
}

func (a *Allocation) permit(ip netip.Addr) error {
	err := context.Cause(a.ctx)
	if err == nil {
		err = a.client.CreatePermission(net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 1)))
	}
	if err != nil {
		return fmt.Errorf("permit %v at relay %v: %w", ip, a.cfg.Addr, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.peers[ip] = struct{}{}
	return nil
}

// Permitted tells whether Permit has let packets from an address through.
func (a *Allocation) Permitted(ip netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.peers[ip]
	return ok
}

// Traffic counts the packets to and from peers.
func (a *Allocation) Traffic() int64 { return a.traffic.Load() }

// Close gives the relayed address back. It may be called by several at once; each returns when it is done.
func (a *Allocation) Close() error { return a.close() }

func (a *Allocation) end() error {
	a.cancel(net.ErrClosed)
	if a.relayed != nil {
		a.conn.SetWriteDeadline(time.Now().Add(giveBackIn))
		a.relayed.Close() // sends the refresh with lifetime zero
	}
	a.die(net.ErrClosed)
	a.wg.Wait()
	return nil
}

// die ends the allocation at once and wakes whoever waits for the server: transactions under way, and those to come, fail.
func (a *Allocation) die(why error) {
	a.cancel(why)
	a.conn.Close()
	a.client.Close()
}
