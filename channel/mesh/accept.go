package mesh

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// accept takes the connections of the parties that dial us, and turns everyone else down, for as long as the Mesh lives.
func (m *Mesh) accept() {
	busy := make(chan struct{}, mostHandshakes)
	for {
		conn, err := m.sock.listener.Accept(m.ctx)
		if err != nil {
			return // closed, by us or with the socket
		}
		select {
		case busy <- struct{}{}:
			m.running.Go(func() {
				defer func() { <-busy }()
				if code, ok := m.greet(conn); !ok {
					m.sock.windows.forget(conn)
					conn.CloseWithError(code, "")
				}
			})
		default:
			conn.CloseWithError(codeBusy, "")
		}
	}
}

// greet checks who dialed, and for what session and seat. Only a key on the roster is told anything at all.
func (m *Mesh) greet(conn *quic.Conn) (code quic.ApplicationErrorCode, ok bool) {
	id, err := identity.PeerID(conn.ConnectionState().TLS)
	if err != nil {
		return codeStranger, false
	}
	peer, known := m.seats[id]
	if !known || peer.Seat > m.cfg.Self {
		return codeStranger, false
	}
	ctx, cancel := context.WithTimeout(m.ctx, silenceTimeout)
	defer cancel()
	ctrl, err := conn.AcceptStream(ctx)
	if errors.Is(err, net.ErrClosed) {
		return codeSilent, false // it preferred another connection
	}
	if err != nil {
		m.note(peer, "it connected and said nothing")
		return codeSilent, false
	}
	lift := cutOff(ctx, ctrl)
	defer lift()
	theirs, err := readHello(ctrl, typeHello)
	switch {
	case errors.Is(err, net.ErrClosed):
		return codeSilent, false
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.note(peer, "it connected and said nothing")
		return codeSilent, false
	case err != nil:
		m.note(peer, "it connected and did not say hello: "+err.Error())
		return codeViolation, false
	}
	ours := m.hello(peer)
	if !theirs.equal(ours.reply()) {
		m.note(peer, "it is in another session or seat")
		return codeSession, false
	}
	ctrl.SetPriority(controlUrgency, false)
	if _, err := ctrl.Write(ours.append(nil, typeWelcome)); err != nil {
		return codeSilent, false
	}
	var take [1]byte
	switch _, err := io.ReadFull(ctrl, take[:]); {
	case err != nil:
		return codeSilent, false // it preferred another connection, or went away
	case take[0] != typeTake:
		return codeViolation, false
	}
	if !lift() {
		return codeSilent, false
	}
	if m.install(peer, conn, ctrl) == nil {
		return codeTaken, false
	}
	return 0, true
}

// note remembers, for Join's error, why a party that dialed us was turned down.
func (m *Mesh) note(peer Peer, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turnedDown[peer.Seat] = why
}

// hello is what we say to a peer.
func (m *Mesh) hello(peer Peer) hello {
	return hello{session: m.session, from: m.cfg.Self, to: peer.Seat, n: len(m.pairs)}
}

func readHello(r io.Reader, typ byte) (hello, error) {
	var b [helloSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return hello{}, noEOF(err)
	}
	return parseHello(b[:], typ)
}

// cutOff makes reads of s fail when ctx ends, until lifted. The first call of lift reports false if it came too late.
func cutOff(ctx context.Context, s *quic.Stream) (lift func() bool) {
	return context.AfterFunc(ctx, func() { s.SetReadDeadline(time.Unix(1, 0)) })
}
