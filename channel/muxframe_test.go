package channel

import (
	"bytes"
	"testing"
)

func TestFrameLayout(t *testing.T) {
	got := frame{kind: frameCredit, label: "ot", payload: []byte{1, 2, 3, 4}}.encode()
	if want := []byte{1, 2, 3, 4, 'o', 't', 0x42}; !bytes.Equal(got, want) {
		t.Errorf("encoded %x, want %x", got, want)
	}
	for n := range got {
		if _, err := decodeFrame(got[n:]); n > 0 && err == nil {
			t.Errorf("decoded without the first %d bytes", n)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("payload\x61\x01"))
	f.Add([]byte{1, 2, 3, 4, 'o', 't', 0x42})
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := decodeFrame(b)
		if err == nil && !bytes.Equal(fr.encode(), b) {
			t.Errorf("%x decodes to %+v, which encodes to %x", b, fr, fr.encode())
		}
	})
}
