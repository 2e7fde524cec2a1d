package mesh

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/tacit-mpc/tacit/channel"
)

// TestWireFormat pins the bytes: a change of any needs a new ALPN.
func TestWireFormat(t *testing.T) {
	h := hello{session: sessionDigest([]byte("test")), from: 1, to: 63, n: 64}
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"hello":   {h.append(nil, typeHello), "019b548e74af009f4289b2e137e33392e01aff55f9ed7ea87ccbcc305290543630" + "0001003f0040"},
		"goodbye": {appendCount(nil, typeGoodbye, 258), "040000000000000102"},
		"have":    {appendCount(nil, typeHave, 258), "050000000000000102"},
		"prefix":  {appendPrefix(nil, 70000), "00011170"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s is %s, want %s", name, got, c.want)
		}
	}
	if back, err := parseHello(h.append(nil, typeWelcome), typeWelcome); err != nil || !back.equal(h) || !back.reply().reply().equal(h) {
		t.Errorf("hello %v became %v, %v", h, back, err)
	}
	if h.equal(h.reply()) {
		t.Error("a hello equals its reply")
	}
}

func FuzzHello(f *testing.F) {
	f.Add(hello{from: 1, to: 2, n: 3}.append(nil, typeHello))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b, typeHello)
		if err == nil && !bytes.Equal(h.append(nil, typeHello), b) {
			t.Errorf("%x is read as %v", b, h)
		}
	})
}

func FuzzCount(f *testing.F) {
	f.Add(appendCount(nil, typeGoodbye, 5))
	f.Add(appendCount(nil, typeHave, 1<<63))
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, count, err := parseCount(b)
		if err == nil && !bytes.Equal(appendCount(nil, typ, count), b) {
			t.Errorf("%x is read as %d, %d", b, typ, count)
		}
	})
}

// FuzzMessage reads a stream of any bytes in small pieces: either it is one message, or an error, and memory is bounded.
func FuzzMessage(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 'h', 'i'})
	f.Add([]byte{0, 0, 0, 2, 'h'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		const max = 1000
		r := bytes.NewReader(b)
		msg, err := readMessage(iotest.OneByteReader(r), max)
		if err == nil {
			err = readEnd(r)
		}
		switch {
		case err == nil && !bytes.Equal(append(appendPrefix(nil, len(msg)), msg...), b):
			t.Errorf("%x is read as %x", b, msg)
		case err == io.EOF:
			t.Errorf("%x gives a bare EOF", b)
		case errors.Is(err, channel.ErrTooLarge) && len(b) >= prefixSize && bytes.Compare(b[:4], appendPrefix(nil, max)) <= 0:
			t.Errorf("%x is too large", b)
		}
	})
}

// TestMemoryFollowsArrival announces much and sends little.
func TestMemoryFollowsArrival(t *testing.T) {
	announced := append(appendPrefix(nil, 1<<30), make([]byte, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 100
	for range rounds {
		if _, err := readMessage(bytes.NewReader(announced), 1<<30); err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	bytesPer := (after.TotalAlloc - before.TotalAlloc) / rounds
	if bytesPer > 1<<20 {
		t.Errorf("%d bytes for 1000 that arrived", bytesPer)
	}
}
