package mesh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// A dialer connects to one peer: it dials, with growing pauses, until the peer answers with its key and the session's hello, or
// time is over. Where the packets go is the way's business.
type dialer struct {
	m    *Mesh
	peer Peer
	way  *way

	mu   sync.Mutex
	last string // how the last try ended
}

// run ends when ctx does, or the peer is connected and does not take that back.
func (d *dialer) run(ctx context.Context) {
	for pause := firstBackoff; ; pause = min(pause*3/2, longestBackoff) {
		p, err := d.try(ctx)
		if err == nil {
			select {
			case <-ctx.Done():
				return
			case <-p.gone:
				if !refused(p.end()) {
					return
				}
			}
		} else if ctx.Err() == nil {
			d.mu.Lock()
			d.last = wordDial(err)
			d.mu.Unlock()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// try dials and says hello.
func (d *dialer) try(ctx context.Context) (*pair, error) {
	tlsConf := d.m.sock.key.ClientTLS(alpn, identity.Exactly(d.peer.ID))
	conf := d.m.sock.windows.config(d.m.cfg.Patience, -1)
	conn, err := d.m.sock.transport.Dial(ctx, d.way.quic.Addr(), tlsConf, conf)
	if err != nil {
		return nil, err
	}
	p, err := d.greet(ctx, conn)
	if err != nil {
		d.m.sock.windows.forget(conn)
		conn.CloseWithError(codeRaced, "")
		return nil, err
	}
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
			if !d.m.cfg.HideMoves {
				u := &upgrader{way: d.way, pair: p}
				d.m.running.Go(u.run)
			}
			return p, nil
		}
	}
	return nil, errors.New("too late")
}

func (d *dialer) why() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// wordDial says in a few words why a try did not give the peer.
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
	case errors.As(err, &transport) && !transport.Remote && transport.ErrorCode == quic.InternalError:
		return transport.ErrorMessage
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it answered, but did not join within %s", helloTimeout)
	case isContext(err):
		return "no answer in time"
	}
	return err.Error()
}
