package mpc

import (
	"encoding/binary"
	"errors"
)

// Transport framing (protocol 5.1). One channel message is one frame:
//
//	u8 step || LE32 batch || LE32 fragment number || u8 last || payload
//
// The payload is exactly maxPayload bytes in every fragment but the last. An abort frame is all zero but for last = 1 and
// has no payload; a leave frame carries one byte, the reason.
const (
	headerSize = 10
	maxPayload = 4 << 20
)

// A frame is one parsed channel message. The payload is the tail of the message.
type frame struct {
	step     step
	batch    uint32
	fragment uint32
	last     bool
	payload  []byte
}

var errFrame = errors.New("malformed frame")

// parseFrame checks everything about a frame that does not depend on the run.
func parseFrame(p []byte) (frame, error) {
	if len(p) < headerSize || len(p) > headerSize+maxPayload || p[9] > 1 {
		return frame{}, errFrame
	}
	f := frame{
		step:     step(p[0]),
		batch:    binary.LittleEndian.Uint32(p[1:]),
		fragment: binary.LittleEndian.Uint32(p[5:]),
		last:     p[9] == 1,
		payload:  p[headerSize:],
	}
	switch {
	case f.step == stepAbort || f.step == stepLeave:
		want := 0
		if f.step == stepLeave {
			want = 1
		}
		if f.batch != 0 || f.fragment != 0 || !f.last || len(f.payload) != want {
			return frame{}, errFrame
		}
	case f.step >= numSteps:
		return frame{}, errFrame
	case !f.last && len(f.payload) != maxPayload:
		return frame{}, errFrame
	}
	return f, nil
}

// appendHeader appends the header of a frame.
func appendHeader(p []byte, st step, batch, fragment uint32, last bool) []byte {
	p = append(p, byte(st))
	p = binary.LittleEndian.AppendUint32(p, batch)
	p = binary.LittleEndian.AppendUint32(p, fragment)
	if last {
		return append(p, 1)
	}
	return append(p, 0)
}

// A fragmenter cuts one logical message of known length, written piece by piece, into frames.
type fragmenter struct {
	name   name
	left   int64 // bytes not yet written
	frames [][]byte
}

func newFragmenter(m name, length int64) *fragmenter {
	f := &fragmenter{name: m, left: length}
	f.next()
	return f
}

// next begins the next frame.
func (f *fragmenter) next() {
	n := min(f.left, maxPayload)
	p := make([]byte, 0, headerSize+n)
	f.frames = append(f.frames, appendHeader(p, f.name.step, f.name.batch, uint32(len(f.frames)), f.left <= maxPayload))
}

// Write adds p to the message.
func (f *fragmenter) Write(p []byte) (int, error) {
	if int64(len(p)) > f.left {
		return 0, errors.New("message longer than announced")
	}
	total := len(p)
	for len(p) > 0 {
		cur := &f.frames[len(f.frames)-1]
		n := copy((*cur)[len(*cur):cap(*cur)], p)
		*cur = (*cur)[:len(*cur)+n]
		f.left -= int64(n)
		p = p[n:]
		if len(*cur) == cap(*cur) && f.left > 0 {
			f.next()
		}
	}
	return total, nil
}

// An assembler puts one logical message of known length together again. The length is checked before memory is taken.
type assembler struct {
	name     name
	left     int64
	fragment uint32
	buf      []byte
}

func newAssembler(m name, length int64) *assembler { return &assembler{name: m, left: length} }

// add takes the next frame. It reports whether the message is complete, and fails on any frame but the exact next one.
func (a *assembler) add(f frame) (done bool, err error) {
	want := min(a.left, maxPayload)
	if f.step != a.name.step || f.batch != a.name.batch || f.fragment != a.fragment ||
		int64(len(f.payload)) != want || f.last != (a.left <= maxPayload) {
		return false, errFrame
	}
	switch {
	case f.last && f.fragment == 0:
		a.buf = f.payload
	case f.fragment == 0:
		a.buf = append(make([]byte, 0, a.left), f.payload...)
	default:
		a.buf = append(a.buf, f.payload...)
	}
	a.left -= want
	a.fragment++
	return f.last, nil
}
