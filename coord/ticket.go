package coord

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// A Ticket is all that a party needs to find the coordinator and take one seat of one session. Whoever has it first owns the
// seat, so it travels over a channel that its reader trusts.
type Ticket struct {
	Session     SessionID
	Seat        int
	Secret      Secret      // of this seat
	Coordinator identity.ID // the only key that the party accepts from the coordinator
	Addrs       []string    // "host:port" of the coordinator, best first; host is an IP address or a name
}

const ticketVersion = 1

// Kinds of addresses in a ticket.
const (
	addrIPv4 = 4
	addrIPv6 = 6
	addrName = 0
)

// Encode writes the ticket as one word of at most 200 characters that begins with "tacit1" and ends with a checksum. It keeps
// as many addresses as fit, in their order, and fails if none does or one is malformed.
//
//	version 1 | session 8 | seat 1 | secret 16 | coordinator's key 32 | addresses
//	address: kind 1 (4, 6: IP; 0: name, with its length 1) | host | port 2, big endian
func (t Ticket) Encode() (string, error) {
	if t.Seat < 0 || t.Seat >= MaxSeats {
		return "", fmt.Errorf("encode ticket: no seat %d", t.Seat)
	}
	b := cryptobyte.NewBuilder([]byte{ticketVersion})
	b.AddBytes(t.Session[:])
	b.AddUint8(uint8(t.Seat))
	b.AddBytes(t.Secret.b[:])
	b.AddBytes(t.Coordinator[:])
	data, err := b.Bytes()
	if err != nil {
		return "", fmt.Errorf("encode ticket: %w", err)
	}
	fits := 0
	for _, addr := range t.Addrs {
		a, err := appendTicketAddr(addr)
		if err != nil {
			return "", fmt.Errorf("encode ticket: address %q: %w", addr, err)
		}
		if len(data)+len(a) <= (maxWordLength-len(wordPrefix)-wordChecksum)*5/8 {
			data, fits = append(data, a...), fits+1
		}
	}
	if fits == 0 {
		return "", fmt.Errorf("encode ticket: none of the %d addresses fits", len(t.Addrs))
	}
	return encodeWord(data), nil
}

// ParseTicket reads a ticket in either letter case. Where a character was mistyped the error wraps *MistypedError; no error
// quotes the ticket.
func ParseTicket(word string) (Ticket, error) {
	data, err := decodeWord(word)
	if err != nil {
		return Ticket{}, fmt.Errorf("parse ticket: %w", err)
	}
	t, err := parseTicket(data)
	if err != nil {
		return Ticket{}, fmt.Errorf("parse ticket: %w", err)
	}
	return t, nil
}

func parseTicket(data []byte) (Ticket, error) {
	var t Ticket
	var version, seat uint8
	s := cryptobyte.String(data)
	if !s.ReadUint8(&version) {
		return Ticket{}, errors.New("it is empty")
	}
	if version != ticketVersion {
		return Ticket{}, fmt.Errorf("version %d, this program reads version %d", version, ticketVersion)
	}
	if !s.CopyBytes(t.Session[:]) || !s.ReadUint8(&seat) || !s.CopyBytes(t.Secret.b[:]) || !s.CopyBytes(t.Coordinator[:]) || s.Empty() {
		return Ticket{}, errors.New("its end is missing")
	}
	if t.Seat = int(seat); t.Seat >= MaxSeats {
		return Ticket{}, fmt.Errorf("no seat %d", t.Seat)
	}
	for !s.Empty() {
		addr, err := readTicketAddr(&s)
		if err != nil {
			return Ticket{}, fmt.Errorf("address %d: %w", len(t.Addrs)+1, err)
		}
		t.Addrs = append(t.Addrs, addr)
	}
	return t, nil
}

func appendTicketAddr(addr string) ([]byte, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errors.New("want host:port")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, errors.New("want a port of 1 to 65535")
	}
	var b cryptobyte.Builder
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip = ip.Unmap(); ip.Zone() != "" {
			return nil, errors.New("an address with a zone means nothing on another machine")
		}
		kind := uint8(addrIPv6)
		if ip.Is4() {
			kind = addrIPv4
		}
		b.AddUint8(kind)
		b.AddBytes(ip.AsSlice())
	} else {
		if err := checkHostName(host); err != nil {
			return nil, err
		}
		b.AddUint8(addrName)
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(strings.ToLower(host))) })
	}
	b.AddUint16(uint16(port))
	return b.Bytes()
}

func readTicketAddr(s *cryptobyte.String) (string, error) {
	var kind uint8
	var port uint16
	var host string
	s.ReadUint8(&kind)
	switch kind {
	case addrIPv4, addrIPv6:
		var ip []byte
		if !s.ReadBytes(&ip, map[uint8]int{addrIPv4: 4, addrIPv6: 16}[kind]) {
			return "", errors.New("cut short")
		}
		addr, _ := netip.AddrFromSlice(ip)
		if addr.Is4In6() {
			return "", errors.New("an IPv4 address written as IPv6")
		}
		host = addr.String()
	case addrName:
		var name cryptobyte.String
		if !s.ReadUint8LengthPrefixed(&name) {
			return "", errors.New("cut short")
		}
		if host = string(name); host != strings.ToLower(host) {
			return "", errors.New("a host name in capitals")
		}
		if err := checkHostName(host); err != nil {
			return "", err
		}
	default:
		return "", fmt.Errorf("unknown kind %d", kind)
	}
	if !s.ReadUint16(&port) || port == 0 {
		return "", errors.New("no port")
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port))), nil
}

// checkHostName accepts letters, digits, dots and hyphens (RFC 1123), and nothing that reads as an IP address.
func checkHostName(host string) error {
	if host == "" || len(host) > 253 || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return errors.New("neither an IP address nor a host name")
	}
	for _, c := range host {
		if c > 0x7f {
			return errors.New("neither an IP address nor a host name")
		}
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return errors.New("an IP address written as a name")
	}
	return nil
}
