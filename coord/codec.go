package coord

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
)

// The parts that payloads are made of: each add has a read that accepts exactly what add writes.

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

func addIP(b *cryptobyte.Builder, ip netip.Addr) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(ip.AsSlice()) }) // empty for none
}

func readIP(s *cryptobyte.String, out *netip.Addr) bool {
	var raw cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&raw) {
		return false
	}
	ip, ok := netip.AddrFromSlice(raw)
	*out = ip
	return len(raw) == 0 || ok && !ip.Is4In6()
}

func addAddr(b *cryptobyte.Builder, a netip.AddrPort) {
	addIP(b, a.Addr())
	b.AddUint16(a.Port())
}

// readAddr reads an address with its port, or neither.
func readAddr(s *cryptobyte.String, out *netip.AddrPort) bool {
	var ip netip.Addr
	var port uint16
	if !readIP(s, &ip) || !s.ReadUint16(&port) || ip.IsValid() != (port != 0) {
		return false
	}
	*out = netip.AddrPortFrom(ip, port)
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

func readCause(s *cryptobyte.String, out *Cause) bool {
	var v uint8
	ok := s.ReadUint8(&v) && v < uint8(causes)
	*out = Cause(v)
	return ok
}

func readState(s *cryptobyte.String, out *State) bool {
	var v uint8
	ok := s.ReadUint8(&v) && v < uint8(states)
	*out = State(v)
	return ok
}
