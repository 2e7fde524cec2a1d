package coord

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
)

// The format, version 1. A connection is two sequences of frames:
//
//	frame: type 1 | length 3 | payload            numbers are big endian
//	text:  length 1 or 2 | printable UTF-8
//	list:  length 2 or 3 in bytes | elements
//
// A party's first frame is a join, whose first byte is the version. Frames of unknown type, longer than their type's maximum,
// with trailing bytes or with a second way to write the same thing are refused: a message has one encoding. The type and the
// beginning of an end frame stay as they are in later versions, so that a refusal for the version can be read.
const wireVersion = 1

type frameType uint8

// The types, with the largest payload of each.
const (
	frameJoin  frameType = 0x01
	frameOpen  frameType = 0x02
	frameReady frameType = 0x03
	frameBye   frameType = 0x04 // a party's last frame

	frameWelcome frameType = 0x11
	frameEvent   frameType = 0x12
	frameRoster  frameType = 0x13
	frameNonces  frameType = 0x14
	frameStart   frameType = 0x15
	frameEnd     frameType = 0x16 // the coordinator's last frame

	framePing frameType = 0x20 // either way; says only that its sender lives
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
	case frameWelcome:
		return 64
	case frameEvent:
		return maxName + maxReason + 64
	case frameRoster:
		return maxRoster
	case frameNonces:
		return 32 * MaxSeats
	case frameEnd:
		return 2*maxValue + maxReason + 256
	}
	return 0 // frameStart, framePing
}

func (t frameType) fromParty() bool       { return t >= frameJoin && t <= frameBye }
func (t frameType) fromCoordinator() bool { return t >= frameWelcome && t <= frameEnd }

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
	if t != framePing && !allowed(t) {
		return 0, 0, &garbage{fmt.Errorf("unexpected frame %#x", h[0])}
	}
	if n > t.max() {
		return 0, 0, &garbage{fmt.Errorf("frame %#x of %d bytes, the limit is %d", h[0], n, t.max())}
	}
	return t, n, nil
}

var errShape = errors.New("malformed")

// Text is what people will see, so it is printable and cannot move the cursor or reverse the line.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// clean makes printable text of at most max bytes out of anything.
func clean(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	for len(s) > max {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

func addText(b *cryptobyte.Builder, s string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func readText(s *cryptobyte.String, max int, out *string) bool {
	var raw cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&raw) || len(raw) > max || !printable(string(raw)) {
		return false
	}
	*out = string(raw)
	return true
}

func addFields(b *cryptobyte.Builder, fields []Field) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, f := range fields {
			addText(b, f.Name)
			addText(b, f.Value)
		}
	})
}

func readFields(s *cryptobyte.String, out *[]Field) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || len(list) > maxFields {
		return false
	}
	seen := make(map[string]bool)
	for !list.Empty() {
		var f Field
		if !readText(&list, maxField, &f.Name) || f.Name == "" || seen[f.Name] || !readText(&list, maxValue, &f.Value) {
			return false
		}
		seen[f.Name] = true
		*out = append(*out, f)
	}
	return true
}

func addAddr(b *cryptobyte.Builder, a netip.AddrPort) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(a.Addr().AsSlice()) }) // empty for none
	b.AddUint16(a.Port())
}

func readAddr(s *cryptobyte.String, out *netip.AddrPort) bool {
	var raw cryptobyte.String
	var port uint16
	if !s.ReadUint8LengthPrefixed(&raw) || !s.ReadUint16(&port) {
		return false
	}
	addr, ok := netip.AddrFromSlice(raw)
	if len(raw) != 0 && (!ok || addr.Is4In6() || port == 0) || len(raw) == 0 && port != 0 {
		return false
	}
	*out = netip.AddrPortFrom(addr, port)
	return true
}

func addAddrs(b *cryptobyte.Builder, addrs []netip.AddrPort) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, a := range addrs {
			addAddr(b, a)
		}
	})
}

func readAddrs(s *cryptobyte.String, out *[]netip.AddrPort) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var a netip.AddrPort
		if len(*out) == maxAddrs || !readAddr(&list, &a) || !a.IsValid() {
			return false
		}
		*out = append(*out, a)
	}
	return true
}

// Seats are one byte, with 0xff for Coordinator and AnySeat where these are allowed.
const noSeat = 0xff

func addSeat(b *cryptobyte.Builder, seat int) { b.AddUint8(uint8(seat)) } // -1 becomes noSeat

func readSeat(s *cryptobyte.String, allowNone bool, out *int) bool {
	var v uint8
	if !s.ReadUint8(&v) || v >= MaxSeats && !(allowNone && v == noSeat) {
		return false
	}
	*out = int(v)
	if v == noSeat {
		*out = -1
	}
	return true
}

// addSeats writes an ascending list of seats as a set: bit i of 64 for seat i.
func addSeats(b *cryptobyte.Builder, seats []int) {
	var set uint64
	for _, seat := range seats {
		set |= 1 << seat
	}
	b.AddUint64(set)
}

func readSeats(s *cryptobyte.String, out *[]int) bool {
	var set uint64
	if !s.ReadUint64(&set) {
		return false
	}
	*out = []int{}
	for seat := range MaxSeats {
		if set>>seat&1 == 1 {
			*out = append(*out, seat)
		}
	}
	return true
}

func addBool(b *cryptobyte.Builder, v bool) {
	if v {
		b.AddUint8(1)
	} else {
		b.AddUint8(0)
	}
}

func readBool(s *cryptobyte.String, out *bool) bool {
	var v uint8
	if !s.ReadUint8(&v) || v > 1 {
		return false
	}
	*out = v == 1
	return true
}
