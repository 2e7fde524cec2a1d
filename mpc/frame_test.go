package mpc

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestFrameLayout(t *testing.T) {
	got := hex.EncodeToString(append(appendHeader(nil, stepGB1, 0x01020304, 5, true), 0xaa))
	if want := "1c" + "04030201" + "05000000" + "01" + "aa"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseFrameRefuses(t *testing.T) {
	good := map[string][]byte{
		"empty message": appendHeader(nil, stepIN2, 0, 0, true),
		"abort":         closingFrame(&AbortError{}),
		"leave":         closingFrame(ErrSilent),
		"full":          append(appendHeader(nil, stepGB1, 1, 0, false), make([]byte, maxPayload)...),
	}
	for what, p := range good {
		if _, err := parseFrame(p); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for cut := range headerSize {
			if _, err := parseFrame(p[:cut]); err == nil {
				t.Errorf("%s: accepted its first %d bytes", what, cut)
			}
		}
	}
	bad := map[string][]byte{
		"unknown step":         appendHeader(nil, numSteps, 0, 0, true),
		"last neither 0 nor 1": append(appendHeader(nil, stepIN2, 0, 0, true)[:9], 2),
		"too long":             append(appendHeader(nil, stepGB1, 1, 0, true), make([]byte, maxPayload+1)...),
		"short, not last":      append(appendHeader(nil, stepGB1, 1, 0, false), make([]byte, maxPayload-1)...),
		"abort with a reason":  append(appendHeader(nil, stepAbort, 0, 0, true), 1),
		"abort with a batch":   appendHeader(nil, stepAbort, 1, 0, true),
		"abort, not last":      appendHeader(nil, stepAbort, 0, 0, false),
		"leave without reason": appendHeader(nil, stepLeave, 0, 0, true),
	}
	for what, p := range bad {
		if _, err := parseFrame(p); err == nil {
			t.Errorf("accepted: %s", what)
		}
	}
}

// TestFragments cuts messages around the size of a fragment and puts them together again.
func TestFragments(t *testing.T) {
	for _, size := range []int{0, 1, maxPayload - 1, maxPayload, maxPayload + 1, 2*maxPayload + 3} {
		msg := make([]byte, size)
		for i := range msg {
			msg[i] = byte(i * 7)
		}
		frames := fragment(t, name{stepGB1, 3}, msg)
		if want := max(1, (size+maxPayload-1)/maxPayload); want != len(frames) {
			t.Errorf("%d bytes: %d frames, want %d", size, len(frames), want)
		}
		a := newAssembler(name{stepGB1, 3}, int64(size))
		for i, p := range frames {
			f, err := parseFrame(p)
			if err != nil {
				t.Fatal(err)
			}
			done, err := a.add(f)
			if err != nil || done != (i == len(frames)-1) {
				t.Fatalf("%d bytes, frame %d: done %v, %v", size, i, done, err)
			}
		}
		if !bytes.Equal(a.buf, msg) {
			t.Errorf("%d bytes come back different", size)
		}
	}
}

func fragment(t *testing.T, m name, msg []byte) [][]byte {
	t.Helper()
	w := newFragmenter(m, int64(len(msg)))
	for p := msg; len(p) > 0; { // in uneven pieces
		n := min(len(p), 1<<20+3)
		if _, err := w.Write(p[:n]); err != nil {
			t.Fatal(err)
		}
		p = p[n:]
	}
	if w.left != 0 {
		t.Fatalf("%d bytes missing", w.left)
	}
	return w.frames
}

func TestFragmenterKeepsItsLength(t *testing.T) {
	w := newFragmenter(name{stepGB1, 1}, 3)
	if _, err := w.Write(make([]byte, 4)); err == nil {
		t.Error("wrote more than announced")
	}
}

// TestAssemblerRefuses checks that no memory is taken for a frame that is not exactly the next one.
func TestAssemblerRefuses(t *testing.T) {
	m := name{stepGB1, 3}
	frames := fragment(t, m, make([]byte, maxPayload+5))
	parse := func(p []byte) frame {
		f, err := parseFrame(p)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second := parse(frames[0]), parse(frames[1])
	short := second
	short.payload = short.payload[:4]
	long := second
	long.payload = append(long.payload[:5:5], 0)
	other := second
	other.batch++
	for what, seq := range map[string][]frame{
		"second first": {second}, "first twice": {first, first}, "short": {first, short}, "long": {first, long}, "other batch": {first, other},
		"too early": {{step: m.step, batch: m.batch, last: true, payload: make([]byte, 5)}},
	} {
		a := newAssembler(m, maxPayload+5)
		var err error
		for _, f := range seq {
			_, err = a.add(f)
		}
		if err == nil {
			t.Errorf("accepted: %s", what)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(closingFrame(&AbortError{}))
	f.Add(closingFrame(ErrSilent))
	f.Add(append(appendHeader(nil, stepXT1, 2, 0, true), 1, 2, 3))
	f.Fuzz(func(t *testing.T, p []byte) {
		fr, err := parseFrame(p)
		if err != nil {
			return
		}
		if again := append(appendHeader(nil, fr.step, fr.batch, fr.fragment, fr.last), fr.payload...); !bytes.Equal(again, p) {
			t.Errorf("%x parses but reads back as %x", p, again)
		}
	})
}
