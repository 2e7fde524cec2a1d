package mesh

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/natpunch"
)

// A rogue is a party of the roster that speaks the protocol by hand: seat 0 of two, so it dials.
type rogue struct {
	t    *testing.T
	sock *Socket
	peer *Socket
	conn *quic.Conn
	ctrl *quic.Stream
}

// dial connects as far as the TLS handshake goes.
func (r *rogue) dial(ctx context.Context) error {
	return r.dialWith(ctx, r.sock.windows.config(time.Minute, -1))
}

func (r *rogue) dialWith(ctx context.Context, conf *quic.Config) error {
	tlsConf := r.sock.key.ClientTLS(alpn, identity.Exactly(r.peer.key.ID()))
	var err error
	r.conn, err = r.sock.Dial(ctx, net.UDPAddrFromAddrPort(r.peer.LocalAddr()), tlsConf, conf)
	return err
}

// greet says hello and returns the answer.
func (r *rogue) greet(h hello) (hello, error) {
	var err error
	if r.ctrl, err = r.conn.OpenStream(); err != nil {
		return hello{}, err
	}
	if _, err := r.ctrl.Write(h.append(nil, typeHello)); err != nil {
		return hello{}, err
	}
	answer, err := readHello(r.ctrl, typeWelcome)
	if err == nil {
		_, err = r.ctrl.Write([]byte{typeTake})
	}
	return answer, err
}

// join connects as a good party would, and waits until the other one has joined.
func (r *rogue) join(joined <-chan error) {
	r.t.Helper()
	if err := r.dial(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.greet(goodHello); err != nil {
		r.t.Fatal(err)
	}
	if err := <-joined; err != nil {
		r.t.Error(err)
	}
}

// stream sends raw bytes as one unidirectional stream.
func (r *rogue) stream(raw []byte) {
	r.t.Helper()
	s, err := r.conn.OpenUniStreamSync(r.t.Context())
	if err == nil {
		_, err = s.Write(raw)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	s.Close()
}

func (r *rogue) control(raw []byte) {
	r.t.Helper()
	if _, err := r.ctrl.Write(raw); err != nil {
		r.t.Fatal(err)
	}
}

var goodHello = hello{session: sessionDigest([]byte("test")), from: 0, to: 1, n: 2}

// meetRogue joins seat 1 of two with a rogue in seat 0.
func meetRogue(t *testing.T, max int) (*rogue, *Mesh) {
	t.Helper()
	all := parties(t, 2)
	r := &rogue{t: t, sock: all[0].sock, peer: all[1].sock}
	all[1].cfg.MaxMessage = max
	all[1].cfg.Linger = time.Second
	joined := make(chan error, 1)
	var m *Mesh
	go func() {
		var err error
		m, err = Join(t.Context(), all[1].sock, all[1].cfg)
		joined <- err
	}()
	if err := r.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := r.greet(goodHello)
	if err != nil || !answer.equal(goodHello.reply()) {
		t.Fatalf("welcome %v, %v", answer, err)
	}
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return r, m
}

func frame(msg string) []byte { return append(appendPrefix(nil, len(msg)), msg...) }

// TestNonsense sends what is not the protocol: the receiver gets what was right before it, then an error that blames the peer.
func TestNonsense(t *testing.T) {
	huge := binary.BigEndian.AppendUint32(nil, 1<<31)
	tests := []struct {
		name string
		send func(r *rogue)
		good int // messages "good" to be received before
		want string
	}{
		{"empty stream", func(r *rogue) { r.stream(nil) }, 0, "unexpected EOF"},
		{"half a prefix", func(r *rogue) { r.stream([]byte{0, 0}) }, 0, "unexpected EOF"},
		{"short message", func(r *rogue) { r.stream(frame("good")); r.stream(frame("xx")[:5]) }, 1, "unexpected EOF"},
		{"bytes behind", func(r *rogue) { r.stream(append(frame("good"), 0)) }, 1, "bytes behind a message"},
		{"too large", func(r *rogue) { r.stream(frame("good")); r.stream(frame("1234567890!")) }, 1, "message too large: 11 bytes, limit 10"},
		{"huge", func(r *rogue) { r.stream(huge) }, 0, "message too large"},
		{"reset stream", func(r *rogue) {
			s, err := r.conn.OpenUniStream()
			if err != nil {
				r.t.Fatal(err)
			}
			s.Write(frame("good")[:6])
			s.CancelWrite(7)
		}, 0, "canceled by remote"},
		{"garbage control", func(r *rogue) { r.control(bytes.Repeat([]byte{0xff}, countSize)) }, 0, "not a goodbye"},
		{"hello again", func(r *rogue) { r.control(goodHello.append(nil, typeHello)) }, 0, "not a goodbye"},
		{"end of control", func(r *rogue) { r.ctrl.Close() }, 0, "control stream: unexpected EOF"},
		{"half a goodbye", func(r *rogue) { r.control([]byte{typeGoodbye}); r.ctrl.Close() }, 0, "control stream: unexpected EOF"},
		{"two goodbyes", func(r *rogue) {
			r.control(appendCount(appendCount(nil, typeGoodbye, 5), typeGoodbye, 5))
		}, 0, "a second goodbye"},
		{"goodbye too early", func(r *rogue) {
			r.stream(frame("good"))
			r.control(appendCount(nil, typeGoodbye, 0))
		}, 1, "more messages than its goodbye counts"},
		{"unasked confirmation", func(r *rogue) { r.control(appendCount(nil, typeHave, 0)) }, 0, "it confirms what was not said"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, m := meetRogue(t, 10)
			test.send(r)
			var err error
			for got := 0; ; got++ {
				var msg []byte
				if msg, err = m.RecvFrom(t.Context(), 0); err != nil {
					if got < test.good && test.name != "goodbye too early" { // its order is the network's
						t.Errorf("received %d messages, want %d", got, test.good)
					}
					break
				}
				if string(msg) != "good" {
					t.Errorf("received %q", msg)
				}
			}
			var violation *ViolationError
			if !errors.As(err, &violation) && !errors.Is(err, channel.ErrTooLarge) {
				// A stream may pass its goodbye: then the count is complete first, and the peer has left properly.
				var left *LeftError
				if test.name != "goodbye too early" || !errors.As(err, &left) {
					t.Errorf("error is %v", err)
				}
			} else if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %q, want it to say %q", err, test.want)
			}
			<-r.conn.Context().Done() // and the peer is told
		})
	}
}

// TestStoppedMessage has the receiver refuse one of our streams: the pair is over, for the order is lost.
func TestStoppedMessage(t *testing.T) {
	r, m := meetRogue(t, 1<<20)
	if err := m.SendTo(t.Context(), 0, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	s, err := r.conn.AcceptUniStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.CancelRead(1)
	for err = nil; err == nil; {
		err = m.SendTo(t.Context(), 0, make([]byte, 1<<20))
	}
	var violation *ViolationError
	if !errors.As(err, &violation) {
		t.Errorf("send after the peer stopped a message: %v", err)
	}
}

// TestWrongHello dials with a key of the roster and says something else than the right hello.
func TestWrongHello(t *testing.T) {
	change := func(f func(*hello)) []byte {
		h := goodHello
		f(&h)
		return h.append(nil, typeHello)
	}
	for name, test := range map[string]struct {
		raw  []byte
		code quic.ApplicationErrorCode
	}{
		"session": {change(func(h *hello) { h.session[31] ^= 1 }), codeSession},
		"from":    {change(func(h *hello) { h.from = 1 }), codeSession},
		"to":      {change(func(h *hello) { h.to = 0 }), codeSession},
		"parties": {change(func(h *hello) { h.n = 3 }), codeSession},
		"type":    {goodHello.append(nil, typeWelcome), codeViolation},
		"no take": {append(goodHello.append(nil, typeHello), typeHave), codeViolation},
		"garbage": {bytes.Repeat([]byte("GET / "), 20), codeViolation},
	} {
		t.Run(name, func(t *testing.T) {
			all := parties(t, 2)
			r := &rogue{t: t, sock: all[0].sock, peer: all[1].sock}
			joined := make(chan error, 1)
			go func() {
				m, err := Join(t.Context(), all[1].sock, all[1].cfg)
				if err == nil {
					defer m.Close()
				}
				joined <- err
			}()
			if err := r.dial(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctrl, err := r.conn.OpenStream()
			if err != nil {
				t.Fatal(err)
			}
			ctrl.Write(test.raw)
			<-r.conn.Context().Done()
			var app *quic.ApplicationError
			if err := context.Cause(r.conn.Context()); !errors.As(err, &app) || app.ErrorCode != test.code {
				t.Errorf("refused with %v, want code %#x", err, test.code)
			}
			// The party itself is not disturbed: the right hello is welcome.
			r.join(joined)
		})
	}
}

// TestEarlyStranger has a key dial that is not on the roster, before the roster is known: it waits, and is told nothing.
func TestEarlyStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulate(t, 3, time.Millisecond)
		stranger := &rogue{t: t, sock: sim.socks[2], peer: sim.socks[1]}
		if err := stranger.dial(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ctrl, err := stranger.conn.OpenStream(); err != nil {
			t.Fatal(err)
		} else {
			ctrl.Write(goodHello.append(nil, typeHello))
		}
		time.Sleep(time.Second) // the server's half of the handshake
		sim.joinTwo(t, Config{})
		<-stranger.conn.Context().Done()
		var app *quic.ApplicationError
		if err := context.Cause(stranger.conn.Context()); !errors.As(err, &app) || app.ErrorCode != codeStranger {
			t.Errorf("refused with %v", err)
		}
	})
}

// TestLateStrangers has a stranger and a party that is connected already dial a Mesh at work.
func TestLateStrangers(t *testing.T) {
	all := parties(t, 2)
	meshes := join(t, all)
	stranger := &rogue{t: t, sock: parties(t, 1)[0].sock, peer: all[1].sock}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := stranger.dial(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stranger was answered: %v", err)
	}
	again := &rogue{t: t, sock: all[0].sock, peer: all[1].sock}
	if err := again.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	again.greet(goodHello)
	<-again.conn.Context().Done()
	var app *quic.ApplicationError
	if err := context.Cause(again.conn.Context()); !errors.As(err, &app) || app.ErrorCode != codeTaken {
		t.Errorf("a second connection of a party was refused with %v", err)
	}
	if err := meshes[0].SendTo(t.Context(), 1, []byte("undisturbed")); err != nil {
		t.Fatal(err)
	}
	if msg, err := meshes[1].RecvFrom(t.Context(), 0); err != nil || string(msg) != "undisturbed" {
		t.Errorf("%q, %v", msg, err)
	}
}

// TestHigherSeatDials has a party dial that should be dialed.
func TestHigherSeatDials(t *testing.T) {
	all := parties(t, 2)
	r := &rogue{t: t, sock: all[1].sock, peer: all[0].sock}
	go func() {
		if m, err := Join(t.Context(), all[0].sock, all[0].cfg); err == nil {
			m.Close()
		}
	}()
	if err := r.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := r.greet(hello{session: goodHello.session, from: 1, to: 0, n: 2})
	var app *quic.ApplicationError
	if !errors.As(err, &app) || app.ErrorCode != codeStranger {
		t.Errorf("refused with %v", err)
	}
}

// TestSilent connects with a key of the roster and says nothing: it is dropped after a while, and the party's seat stays free.
func TestSilent(t *testing.T) {
	for name, say := range map[string][]byte{
		"nothing": nil, "half a hello": goodHello.append(nil, typeHello)[:20], "does not take": goodHello.append(nil, typeHello),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := simulate(t, 2, time.Millisecond)
				r := &rogue{t: t, sock: sim.socks[0], peer: sim.socks[1]}
				joined := make(chan error, 1)
				go func() {
					m, err := Join(t.Context(), sim.socks[1], sim.pairConfig(Config{}, 1))
					if err == nil {
						defer m.Close()
					}
					joined <- err
				}()
				if err := r.dial(t.Context()); err != nil {
					t.Fatal(err)
				}
				if say != nil {
					ctrl, err := r.conn.OpenStream()
					if err != nil {
						t.Fatal(err)
					}
					ctrl.Write(say)
				}
				start := time.Now()
				<-r.conn.Context().Done()
				var app *quic.ApplicationError
				if err := context.Cause(r.conn.Context()); !errors.As(err, &app) || app.ErrorCode != codeSilent {
					t.Errorf("refused with %v", err)
				}
				if d := time.Since(start); d > 2*silenceTimeout {
					t.Errorf("dropped after %s", d)
				}
				r.join(joined)
			})
		})
	}
}

// TestHostileCandidates holds that a peer's first packets go to no address that no party has, whoever names it.
func TestHostileCandidates(t *testing.T) {
	all := parties(t, 2)
	var u PeerUpdate
	for _, a := range []string{
		"224.0.0.251:5353", "[ff02::fb]:5353", "255.255.255.255:9", "240.0.0.1:9", "0.0.0.0:9", "[::]:9", "[::ffff:127.0.0.1]:22",
		"169.254.169.254:80", "[fe80::1]:9", "198.51.100.1:0",
	} {
		u.Candidates = append(u.Candidates, natpunch.Candidate{Addr: netip.MustParseAddrPort(a), Kind: natpunch.Host})
		u.Relayed = append(u.Relayed, netip.MustParseAddrPort(a))
	}
	u.Seat = 1
	all[0].sock.Update(u)
	meshes := join(t, all)
	w := meshes[0].ways[1]
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.spray) != 1 || w.spray[0] != all[1].sock.LocalAddr() || len(w.relayed) != 0 {
		t.Errorf("sends to %v, and over relays to %v", w.spray, w.relayed)
	}
}
