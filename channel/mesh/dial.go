package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// A dialer connects to one peer: it races the peer's addresses, and again with growing pauses, until one answers with the
// peer's key and the session's hello, or time is over.
type dialer struct {
	m    *Mesh
	peer Peer

	greeting sync.Mutex // one hello at a time, so that the peer never has to choose

	mu       sync.Mutex
	won      bool
	attempts []Attempt // by address
}

func newDialer(m *Mesh, peer Peer) *dialer {
	d := &dialer{m: m, peer: peer}
	for _, a := range peer.Addrs {
		d.attempts = append(d.attempts, Attempt{Addr: a, Why: "not tried yet"})
	}
	return d
}

// run ends when the peer is connected or ctx ends.
func (d *dialer) run(ctx context.Context) {
	for pause := firstBackoff; ; pause = min(pause*3/2, longestBackoff) {
		if d.race(ctx) {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// race tries every address, each a little after the one before, and ends when one has won or all have failed.
func (d *dialer) race(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var tries sync.WaitGroup
	for i := range d.attempts {
		tries.Go(func() {
			select {
			case <-time.After(time.Duration(i) * stagger):
			case <-ctx.Done():
				return
			}
			err := d.try(ctx, d.attempts[i].Addr)
			if err == nil {
				cancel() // the others
				return
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if ctx.Err() == nil || d.attempts[i].Tries == 0 {
				d.attempts[i].Why = wordDial(err)
			}
			d.attempts[i].Tries++
		})
	}
	tries.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.won
}

// try dials one address and says hello.
func (d *dialer) try(ctx context.Context, addr netip.AddrPort) error {
	tlsConf := d.m.sock.key.ClientTLS(alpn, identity.Exactly(d.peer.ID))
	conf := d.m.sock.windows.config(d.m.cfg.Patience, -1)
	conn, err := d.m.sock.Dial(ctx, net.UDPAddrFromAddrPort(addr), tlsConf, conf)
	if err != nil {
		return err
	}
	d.greeting.Lock()
	defer d.greeting.Unlock()
	if err := d.greet(ctx, conn); err != nil {
		d.m.sock.windows.forget(conn)
		conn.CloseWithError(codeRaced, "")
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.won = true
	return nil
}

// greet says hello on the control stream and waits for the answer.
func (d *dialer) greet(ctx context.Context, conn *quic.Conn) error {
	if err := ctx.Err(); err != nil {
		return err // another address won
	}
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	ctrl, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	ctrl.SetPriority(controlUrgency, false)
	ours := d.m.hello(d.peer)
	if _, err := ctrl.Write(ours.append(nil, typeHello)); err != nil {
		return err
	}
	defer cutOff(ctx, ctrl)()
	theirs, err := readHello(ctrl, typeWelcome)
	if err != nil {
		return err
	}
	if !theirs.equal(ours.reply()) {
		return errors.New("it answered for another session or seat")
	}
	if _, err := ctrl.Write([]byte{typeTake}); err != nil {
		return err
	}
	if !d.m.install(d.peer, conn, ctrl) {
		return errors.New("too late")
	}
	return nil
}

func (d *dialer) tried() []Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Attempt(nil), d.attempts...)
}

// wordDial says in a few words why an address did not give the peer.
func wordDial(err error) string {
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
	case errors.As(err, &handshake), errors.As(err, &idle):
		return fmt.Sprintf("no answer within %s", handshakeTimeout)
	case errors.As(err, &transport) && transport.Remote && transport.ErrorCode == quic.ConnectionRefused:
		return "it takes no connections now"
	case errors.As(err, &transport) && transport.Remote && transport.ErrorCode.IsCryptoError():
		return "it turned our key down"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it answered, but did not join within %s", helloTimeout)
	case isContext(err):
		return "no answer in time"
	}
	return err.Error()
}
