package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// A dialer connects to one peer: it races the peer's addresses, trying each again with growing pauses, until one answers with the
// peer's key and the session's hello, or time is over.
type dialer struct {
	m    *Mesh
	peer Peer

	greeting sync.Mutex // one hello at a time, so that the peer never has to choose

	mu       sync.Mutex
	attempts []Attempt // by address
}

func newDialer(m *Mesh, peer Peer) *dialer {
	d := &dialer{m: m, peer: peer}
	for _, a := range peer.Addrs {
		d.attempts = append(d.attempts, Attempt{Addr: a, Why: "no answer yet"})
	}
	return d
}

// run ends when ctx does, or the peer is connected and does not take that back.
func (d *dialer) run(ctx context.Context) {
	for {
		p := d.race(ctx)
		if p == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-p.gone:
			if !refused(p.end()) {
				return
			}
		}
	}
}

// race tries every address, each a little after the one before, until one has won or ctx ends.
func (d *dialer) race(ctx context.Context) (winner *pair) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var tries sync.WaitGroup
	for i, a := range d.peer.Addrs {
		tries.Go(func() {
			pause := firstBackoff
			for wait := time.Duration(i) * stagger; ; wait, pause = pause, min(pause*3/2, longestBackoff) {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
				p, err := d.try(ctx, cancel, a)
				if err == nil {
					winner = p
					return
				}
				d.note(i, err, ctx.Err() != nil)
			}
		})
	}
	tries.Wait()
	return winner
}

// note remembers how a try ended. One that was cut short says nothing about its address.
func (d *dialer) note(i int, err error, cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts[i].Tries++
	if !cut {
		d.attempts[i].Why = wordDial(d.attempts[i].Addr, err, d.m.sock.loss(d.attempts[i].Addr))
	}
}

// try dials one address and says hello. If that succeeds it stops the other tries, before one of them says hello too.
func (d *dialer) try(ctx context.Context, stop context.CancelFunc, addr netip.AddrPort) (*pair, error) {
	tlsConf := d.m.sock.key.ClientTLS(alpn, identity.Exactly(d.peer.ID))
	conf := d.m.sock.windows.config(d.m.cfg.Patience, -1)
	conn, err := d.m.sock.Dial(ctx, net.UDPAddrFromAddrPort(addr), tlsConf, conf)
	if err != nil {
		return nil, err
	}
	d.greeting.Lock()
	defer d.greeting.Unlock()
	p, err := d.greet(ctx, conn)
	if err != nil {
		d.m.sock.windows.forget(conn)
		conn.CloseWithError(codeRaced, "")
		return nil, err
	}
	stop()
	return p, nil
}

// greet says hello on the control stream, waits for the answer, and takes the connection.
func (d *dialer) greet(ctx context.Context, conn *quic.Conn) (*pair, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // another address won, or time is over
	}
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	ctrl, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	ctrl.SetPriority(controlUrgency, false)
	ours := d.m.hello(d.peer)
	if _, err := ctrl.Write(ours.append(nil, typeHello)); err != nil {
		return nil, err
	}
	lift := cutOff(ctx, ctrl)
	defer lift()
	theirs, err := readHello(ctrl, typeWelcome)
	if err != nil {
		return nil, err
	}
	if !theirs.equal(ours.reply()) {
		return nil, errors.New("it answered for another session or seat")
	}
	if _, err := ctrl.Write([]byte{typeTake}); err != nil {
		return nil, err
	}
	// Once the pair stands Join may return, and end ctx.
	if lift() {
		if p := d.m.install(d.peer, conn, ctrl); p != nil {
			return p, nil
		}
	}
	return nil, errors.New("too late")
}

func (d *dialer) tried() []Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Attempt(nil), d.attempts...)
}

// wordDial says in a few words why an address did not give the peer. lost is what the kernel said about packets to it, if it did.
func wordDial(addr netip.AddrPort, err, lost error) string {
	var key *identity.KeyError
	var app *quic.ApplicationError
	var handshake *quic.HandshakeTimeoutError
	var idle *quic.IdleTimeoutError
	var transport *quic.TransportError
	switch {
	case errors.As(err, &key):
		return "another key answered: " + key.Got.Short()
	case errors.As(err, &app) && app.Remote:
		return refusal(app.ErrorCode)
	case (errors.As(err, &handshake) || errors.As(err, &idle)) && lost != nil:
		return lost.Error()
	case errors.As(err, &handshake), errors.As(err, &idle):
		return fmt.Sprintf("no answer within %s", handshakeTimeout)
	case errors.As(err, &transport) && transport.Remote && transport.ErrorCode == quic.ConnectionRefused:
		return "it takes no connections now"
	case errors.As(err, &transport) && transport.Remote && transport.ErrorCode.IsCryptoError():
		return "it turned our key down"
	case errors.As(err, &transport) && !transport.Remote && transport.ErrorCode == quic.InternalError:
		if _, why, ok := strings.Cut(transport.ErrorMessage, "->"+addr.String()+": "); ok {
			return why // of net's "write udp from->to: why"
		}
		return transport.ErrorMessage
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it answered, but did not join within %s", helloTimeout)
	case isContext(err):
		return "no answer in time"
	}
	return err.Error()
}
