package coord

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/identity"
)

// A Port is a TCP port that carries coordination over TLS 1.3, and other protocols under the same key, told apart by ALPN: so a
// party for which one port is open has everything. It outlives sessions: Server.Serve takes its connections from it.
//
// Strangers cannot hold it up: a handshake has to end within five seconds, and there is room for a limited number of connections,
// in all and from one source.
type Port struct {
	listener net.Listener
	key      *identity.Key
	coord    *branch
	gate     *gate
	end      context.CancelFunc
	accepts  sync.WaitGroup

	mu     sync.Mutex
	others []*branch
}

// Limits on the open connections of a Port, of all protocols.
const (
	portLinks       = 4096
	portSourceLinks = 256 // all parties may sit behind one address, with relays over TCP
)

// OpenPort serves the listener, which the Port owns from then on.
func OpenPort(listener net.Listener, key *identity.Key) *Port {
	ctx, end := context.WithCancel(context.Background())
	p := &Port{listener: listener, key: key, coord: newBranch(listener, ALPN), gate: newGate(portLinks, portSourceLinks), end: end}
	p.accepts.Go(func() { p.acceptAll(ctx) })
	return p
}

// Listener takes the connections of another protocol, after their handshake: *tls.Conn, in which the client showed no
// certificate. Closing it closes neither them nor the Port.
func (p *Port) Listener(alpn string) net.Listener {
	b := newBranch(p.listener, alpn)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others = append(p.others, b)
	return b
}

// branch finds who takes connections of a protocol; nil if nobody does.
func (p *Port) branch(alpn string) *branch {
	if alpn == ALPN {
		return p.coord
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.others {
		if b.alpn == alpn {
			return b
		}
	}
	return nil
}

// Addr is where the Port listens.
func (p *Port) Addr() net.Addr { return p.listener.Addr() }

// Close stops accepting. Connections that were handed out live on.
func (p *Port) Close() error {
	p.end()
	err := p.listener.Close()
	p.accepts.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.others {
		b.Close()
	}
	return err
}

func (p *Port) acceptAll(ctx context.Context) {
	var pause time.Duration
	for {
		c, err := p.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return
		case err != nil: // for example out of file descriptors
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		pause = 0
		guest := &guest{Conn: c}
		if guest.visitor = p.gate.enter(addrPort(c.RemoteAddr()), func() { c.Close() }); guest.visitor == nil {
			c.Close()
			continue
		}
		p.accepts.Go(func() { p.welcome(ctx, guest) })
	}
}

// welcome does the handshake and hands the connection to whoever serves its protocol.
func (p *Port) welcome(ctx context.Context, c *guest) {
	within, stop := context.WithTimeout(ctx, joinWithin)
	defer stop()
	t := tls.Server(c, &tls.Config{GetConfigForClient: p.configFor})
	if t.HandshakeContext(within) == nil {
		if b := p.branch(t.ConnectionState().NegotiatedProtocol); b != nil {
			c.visitor.settle()
			if b.put(within, t) {
				return
			}
		}
	}
	c.Close()
}

// configFor finds the protocol that a client asks for. One that asks for none of ours is told so by TLS.
func (p *Port) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if len(hello.SupportedProtos) == 0 {
		return nil, errors.New("the client names no protocol")
	}
	config := p.key.ServerTLS(ALPN, anybody)
	i := slices.IndexFunc(hello.SupportedProtos, func(alpn string) bool { return p.branch(alpn) != nil })
	if i >= 0 && hello.SupportedProtos[i] != ALPN {
		config.NextProtos, config.ClientAuth, config.VerifyConnection = hello.SupportedProtos[i:i+1], tls.NoClientCert, nil
	}
	return config, nil
}

// A guest is a connection that counts until it is closed.
type guest struct {
	net.Conn
	once    sync.Once
	visitor *visitor
}

func (g *guest) Close() error {
	err := g.Conn.Close()
	g.once.Do(g.visitor.exit)
	return err
}

// A branch is the listener of one protocol.
type branch struct {
	alpn   string
	addr   net.Addr
	conns  chan *tls.Conn
	closed chan struct{}
	once   sync.Once
}

func newBranch(listener net.Listener, alpn string) *branch {
	return &branch{alpn: alpn, addr: listener.Addr(), conns: make(chan *tls.Conn), closed: make(chan struct{})}
}

// put hands over a connection if somebody takes it in time.
func (b *branch) put(ctx context.Context, c *tls.Conn) bool {
	select {
	case b.conns <- c:
		return true
	case <-b.closed:
	case <-ctx.Done():
	}
	return false
}

func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

func (b *branch) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *branch) Addr() net.Addr { return b.addr }

// acceptFrom serves what comes over a Port until ctx ends.
func (s *Server) acceptFrom(ctx context.Context, p *Port) {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	for {
		select {
		case c := <-p.coord.conns:
			handlers.Go(func() { s.ServeConn(ctx, c) })
		case <-ctx.Done():
			return
		}
	}
}
