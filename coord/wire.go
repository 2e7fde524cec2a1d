package coord

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
)

// The format, version 2. A connection is two sequences of frames:
//
//	frame: type 1 | length 3 | payload            numbers are big endian
//	text:  length 1 or 2 | printable UTF-8
//	list:  length 2 or 3 in bytes | elements
//
// A party's first frame is a join, whose first byte is the version. Frames of unknown type, longer than their type's maximum,
// with trailing bytes or with a second way to write the same thing are refused: a message has one encoding. The type and the
// beginning of an end frame stay as they are in later versions, so that a refusal for the version can be read.
const wireVersion = 2

type frameType uint8

// The types, with the largest payload of each.
const (
	frameJoin  frameType = 0x01
	frameOpen  frameType = 0x02
	frameReady frameType = 0x03
	frameBye   frameType = 0x04 // a party's last frame

	frameAnnounce frameType = 0x05
	frameRepunch  frameType = 0x06
	frameTrouble  frameType = 0x07

	frameWelcome frameType = 0x11
	frameEvent   frameType = 0x12
	frameRoster  frameType = 0x13
	frameNonces  frameType = 0x14
	frameStart   frameType = 0x15
	frameEnd     frameType = 0x16 // the coordinator's last frame

	frameUpdate   frameType = 0x17
	frameLaunch   frameType = 0x18
	frameTroubled frameType = 0x19
	frameOffers   frameType = 0x1a

	framePing frameType = 0x20 // either way; its sender lives
	framePong frameType = 0x21 // its answer
)

// Limits of what one party may say.
const (
	maxName     = 64       // bytes of a party's name
	maxReason   = 512      // bytes of a reason
	maxField    = 64       // bytes of a field's name
	maxValue    = 4096     // bytes of a field's value
	maxFields   = 8 << 10  // bytes of a list of fields, with their lengths
	maxAddrs    = 16       // addresses of a party
	maxJoin     = 20 << 10 // two lists of fields, addresses and the rest
	maxRoster   = 1 << 20  // MaxSeats lists of constants and addresses, and the fields
	maxAnnounce = 1 << 10  // an announcement
	frameHeader = 4
)

func (t frameType) max() int {
	switch t {
	case frameJoin:
		return maxJoin
	case frameOpen:
		return 32
	case frameReady:
		return maxFields + 2
	case frameBye:
		return maxReason + 8
	case frameAnnounce:
		return maxAnnounce
	case frameRepunch:
		return 1
	case frameTrouble, frameTroubled:
		return maxReason + 8
	case frameUpdate:
		return maxAnnounce + 1
	case frameLaunch:
		return 5
	case frameOffers:
		return maxOfferBytes
	case framePing, framePong:
		return 4
	case frameWelcome:
		return maxOfferBytes + 1<<10
	case frameEvent:
		return maxName + maxReason + 64
	case frameRoster:
		return maxRoster
	case frameNonces:
		return 32 * MaxSeats
	case frameEnd:
		return 2*maxValue + maxReason + 256
	}
	return 0 // frameStart
}

func (t frameType) fromParty() bool       { return t >= frameJoin && t <= frameTrouble }
func (t frameType) fromCoordinator() bool { return t >= frameWelcome && t <= frameOffers }
func (t frameType) fromBoth() bool        { return t == framePing || t == framePong }

// A message is what one frame says.
type message interface {
	frame() frameType
	append(*cryptobyte.Builder) // the payload
}

// encode writes a whole frame.
func encode(m message) ([]byte, error) {
	t := m.frame()
	b := cryptobyte.NewBuilder([]byte{uint8(t)})
	b.AddUint24LengthPrefixed(m.append)
	frame, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode frame %#x: %w", uint8(t), err)
	}
	if n := len(frame) - frameHeader; n > t.max() {
		return nil, fmt.Errorf("encode frame %#x: %d bytes, the limit is %d", uint8(t), n, t.max())
	}
	return frame, nil
}

// readHeader reads the type and the length of a frame, and checks both before anything is allocated. What the other end did
// wrong comes back as *garbage.
func readHeader(r io.Reader, allowed func(frameType) bool) (frameType, int, error) {
	var h [frameHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, err
	}
	t, n := frameType(h[0]), int(h[1])<<16|int(h[2])<<8|int(h[3])
	if !t.fromBoth() && !allowed(t) {
		return 0, 0, &garbage{fmt.Errorf("unexpected frame %#x", h[0])}
	}
	if n > t.max() {
		return 0, 0, &garbage{fmt.Errorf("frame %#x of %d bytes, the limit is %d", h[0], n, t.max())}
	}
	return t, n, nil
}

var errShape = errors.New("malformed")

// decode reads the payload of a frame of type t, all of it.
func decode(t frameType, payload []byte) (message, error) {
	var m message
	var ok bool
	s := cryptobyte.String(payload)
	switch t {
	case frameJoin:
		if len(payload) > 0 && payload[0] != wireVersion {
			return nil, refuse(ErrVersion, "it speaks version %d, we speak version %d", wireVersion, payload[0])
		}
		m, ok = readJoin(&s)
	case frameOpen:
		var o open
		ok = s.CopyBytes(o.nonce[:])
		m = o
	case frameReady:
		var r ready
		ok = readFields(&s, &r.fields)
		m = r
	case frameBye:
		m, ok = readBye(&s)
	case frameWelcome:
		m, ok = readWelcome(&s)
	case frameEvent:
		m, ok = readEvent(&s)
	case frameRoster:
		m, ok = readRoster(&s)
	case frameNonces:
		m, ok = readNonces(&s)
	case frameStart:
		m, ok = start{}, true
	case frameEnd:
		m, ok = readEnd(&s)
	case frameAnnounce:
		m, ok = readAnnounce(&s)
	case frameRepunch:
		var r repunch
		ok = readSeat(&s, false, &r.seat)
		m = r
	case frameTrouble:
		m, ok = readTrouble(&s)
	case frameUpdate:
		m, ok = readUpdate(&s)
	case frameLaunch:
		m, ok = readLaunch(&s)
	case frameTroubled:
		var t trouble
		t, ok = readTrouble(&s)
		m = troubled(t)
	case frameOffers:
		var o offers
		ok = readGrants(&s, &o.list)
		m = o
	case framePing:
		var p ping
		ok = s.ReadUint32(&p.number)
		m = p
	case framePong:
		var p pong
		ok = s.ReadUint32(&p.number)
		m = p
	}
	if !ok || !s.Empty() {
		return nil, fmt.Errorf("frame %#x: %w", uint8(t), errShape)
	}
	return m, nil
}
