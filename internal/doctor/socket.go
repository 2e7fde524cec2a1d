package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/natpunch"
)

// Limits on waiting.
const (
	settleWithin = 5 * time.Second  // all STUN servers; natpunch gives each three
	mapWithin    = 10 * time.Second // the router, by three protocols
)

// A socket is a UDP socket with a STUN client and, towards others, a STUN responder on it. One goroutine reads it.
type socket struct {
	conn    *net.UDPConn
	stun    *natpunch.STUN
	reading sync.WaitGroup
	heard   chan []byte // packets that are not STUN; the newest are lost when nobody takes them
}

func openSocket(listen string) (*socket, error) {
	local, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	conn, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil, err // net's error says what was done, and where
	}
	s := &socket{conn: conn, heard: make(chan []byte, 8)}
	s.stun = natpunch.NewSTUN(func(p []byte, to netip.AddrPort) { s.conn.WriteToUDPAddrPort(p, to) })
	s.reading.Go(s.read)
	return s, nil
}

func (s *socket) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an ICMP error of an earlier packet
		}
		if answer := natpunch.Respond(buf[:n], from); answer != nil {
			s.conn.WriteToUDPAddrPort(answer, from)
			continue
		}
		if s.stun.Handle(buf[:n], from) {
			continue
		}
		select {
		case s.heard <- append([]byte(nil), buf[:n]...):
		default:
		}
	}
}

func (s *socket) close() {
	s.conn.Close()
	s.reading.Wait()
}

// local is the bound address; its IP is unspecified if the socket listens on every interface.
func (s *socket) local() netip.AddrPort {
	a := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// A view is what STUN servers and the router tell about a socket, as it becomes known.
type view struct {
	gather  *natpunch.Gatherer
	settled chan struct{} // closed when every server has answered or been given up
	mapped  chan struct{} // closed when the router has answered or been given up
}

func watch(s *socket, servers []netip.AddrPort, loopback, portMap bool) *view {
	v := &view{settled: make(chan struct{}), mapped: make(chan struct{})}
	var settled, mapped sync.Once
	v.gather = natpunch.Gather(natpunch.GatherConfig{
		Local: s.local(), Loopback: loopback, STUN: s.stun, Servers: servers, PortMap: portMap,
		Changed: func(g natpunch.Gathered) {
			if g.Settled {
				settled.Do(func() { close(v.settled) })
			}
			if g.Mapping != "" {
				mapped.Do(func() { close(v.mapped) })
			}
		},
	})
	return v
}

// whenSettled is what is known when all servers have answered or been given up.
func (v *view) whenSettled(ctx context.Context) natpunch.Gathered {
	return v.when(ctx, v.settled, settleWithin)
}

// whenMapped is what is known when the router has answered or been given up.
func (v *view) whenMapped(ctx context.Context) natpunch.Gathered {
	return v.when(ctx, v.mapped, mapWithin)
}

func (v *view) when(ctx context.Context, known <-chan struct{}, within time.Duration) natpunch.Gathered {
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-known:
	case <-limit.C:
	case <-ctx.Done():
	}
	return v.gather.Now()
}
