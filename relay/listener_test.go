package relay

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v3"
)

// A pipeListener hands out ends of pipes as connections from an address.
type pipeListener struct {
	net.Listener
	conns chan net.Conn
}

type pipeEnd struct {
	net.Conn
	from net.Addr
}

func (p pipeEnd) RemoteAddr() net.Addr { return p.from }

func (l *pipeListener) Accept() (net.Conn, error) { return <-l.conns, nil }

// accept makes a connection through a listener, of a client that has an allocation or of a stranger.
func accept(t *testing.T, known bool) (ours net.Conn, theirs net.Conn) {
	t.Helper()
	raw := &pipeListener{conns: make(chan net.Conn, 1)}
	theirs, end := net.Pipe()
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:5000"))
	raw.conns <- pipeEnd{end, from}
	b := newBook(Config{})
	if known {
		b.clients[sourceOf(from)] = &client{}
	}
	ours, err := newListener(raw, b).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// TestSlowStrangers holds how long whoever has no allocation may stay, whatever he sends, and how long a client may be silent.
func TestSlowStrangers(t *testing.T) {
	frame := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	for name, c := range map[string]struct {
		send  func(w io.Writer)
		known bool
		want  time.Duration
	}{
		"silent stranger":  {func(io.Writer) {}, false, strangerWait},
		"dribbling":        {func(w io.Writer) { dribble(w, frame, time.Second) }, false, strangerWait},
		"only asking":      {func(w io.Writer) { dribble(w, bytes.Repeat(frame, 1000), time.Millisecond) }, false, strangerWait},
		"silent client":    {func(io.Writer) {}, true, idleWait},
		"dribbling client": {func(w io.Writer) { dribble(w, frame, time.Hour) }, true, idleWait},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := accept(t, c.known)
				var sending sync.WaitGroup
				sending.Go(func() { c.send(theirs) })
				begin := time.Now()
				var err error
				for buf := make([]byte, 1600); err == nil; {
					_, err = ours.Read(buf)
				}
				if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != c.want {
					t.Errorf("%v after %v, want a timeout after %v", err, time.Since(begin), c.want)
				}
				ours.Close()
				sending.Wait()
			})
		})
	}
}

func dribble(w io.Writer, p []byte, pause time.Duration) {
	for i := range p {
		if _, err := w.Write(p[i : i+1]); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// TestDeafClient gives up a client that takes nothing.
func TestDeafClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := accept(t, true)
		begin := time.Now()
		if _, err := ours.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != stuckWait {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%v, want the end", err)
		}
	})
}

// TestFrames reads frames whole, however they arrive, and nothing else.
func TestFrames(t *testing.T) {
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("someone")).Raw
	data := []byte("\x40\x00\x00\x05hello\x00\x00\x00")
	ours, theirs := accept(t, true)
	go dribble(theirs, append(append(bytes.Clone(request), data...), request...), 0)
	buf := make([]byte, 1600)
	for i, want := range [][]byte{request, data, request} {
		if n, err := ours.Read(buf); err != nil || !bytes.Equal(buf[:n], want) {
			t.Errorf("frame %d: % x, %v; want % x", i, buf[:n], err, want)
		}
	}
	for name, head := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\n\r\n", "TLS": "\x16\x03\x01\x02\x00\x01\x00", "long STUN": "\x00\x01\xff\xfc!\x12\xa4B", "odd STUN": "\x00\x01\x00\x01!\x12\xa4B",
		"long channel data": "\x40\x00\x06\x40data", "longest": "\x40\x00\xff\xffdata", "no channel": "\x80\x00\x00\x04data", "QUIC": "\xc0\x00\x00\x00\x01",
	} {
		ours, theirs := accept(t, true)
		go theirs.Write([]byte(head))
		if n, err := ours.Read(buf); !errors.Is(err, errFrame) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

// TestThousandStrangers has a thousand connections of strangers, of which none does anything: a party comes in beside them, from its
// own address and from a crowded one. When the relay ends, all are closed.
func TestThousandStrangers(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Serve(Config{Secret: secret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true}, nil, []net.Listener{tcp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var strangers []net.Conn
	for i := range 1000 {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(10+i%5))}}
		c, err := from.DialContext(t.Context(), "tcp4", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		strangers = append(strangers, c)
	}
	for i, from := range []string{"127.0.0.2", "127.0.0.10"} {
		cfg := clientOf(t, tcp.Addr().String(), from, "r", string(rune('a'+i)), make(inbox, 8))
		cfg.Transport = TCP
		mustAllocate(t, cfg)
	}
	s.Close()
	for _, c := range strangers {
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a stranger's connection outlives the relay: %v", err)
		}
	}
}

// TestCrowdedSource keeps one address from taking all the room.
func TestCrowdedSource(t *testing.T) {
	raw := &pipeListener{conns: make(chan net.Conn, 1000)}
	l := newListener(raw, newBook(Config{}))
	add := func(from string) net.Conn {
		_, end := net.Pipe()
		raw.conns <- pipeEnd{end, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
		return end
	}
	var in []net.Conn
	for range mostOfNetwork {
		add("[2001:db8::1]:1")
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, c)
	}
	refused := add("[2001:db8::2]:1") // of the same /64
	add("[2001:db8:0:1::1]:1")
	c, err := l.Accept()
	if err != nil || c.RemoteAddr().String() != "[2001:db8:0:1::1]:1" {
		t.Errorf("accepted %v, %v", c.RemoteAddr(), err)
	}
	if _, err := refused.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the one too many is not closed: %v", err)
	}
	in[0].Close()
	in[0].Close() // counts once
	add("[2001:db8::3]:1")
	if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != "[2001:db8::3]:1" {
		t.Errorf("accepted %v, %v", c.RemoteAddr(), err)
	}
}

// FuzzFrames gives a connection whatever a network may bring.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00!\x12\xa4B123456789012"))
	f.Add([]byte("\x40\x00\x00\x05hello\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var head [4]byte
		copy(head[:], p)
		if size, err := frameSize(head); err == nil && (size < 4 || size > mostFrame || size%4 != 0) {
			t.Errorf("% x: a frame of %d bytes", head, size)
		}
	})
}
