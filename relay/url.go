package relay

import (
	"fmt"
	"net"
	"strconv"

	"github.com/pion/stun/v3"
)

// A Transport is how a client speaks to a TURN server.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls" // over TCP
)

// A URL names a TURN server (RFC 7065): turn:HOST[:PORT][?transport=udp|tcp], turns:HOST[:PORT].
type URL struct {
	Host      string // name or address
	Port      uint16
	Transport Transport
}

// ParseURL reads a TURN URL.
func ParseURL(s string) (URL, error) {
	u, err := stun.ParseURI(s)
	if err != nil {
		return URL{}, fmt.Errorf("parse relay URL %q: %w", s, err)
	}
	if u.Port < 1 || u.Port > 65535 || u.Host == "" {
		return URL{}, fmt.Errorf("parse relay URL %q: host or port missing or out of range", s)
	}
	out := URL{Host: u.Host, Port: uint16(u.Port)}
	switch {
	case u.Scheme == stun.SchemeTypeTURN && u.Proto == stun.ProtoTypeUDP:
		out.Transport = UDP
	case u.Scheme == stun.SchemeTypeTURN && u.Proto == stun.ProtoTypeTCP:
		out.Transport = TCP
	case u.Scheme == stun.SchemeTypeTURNS && u.Proto == stun.ProtoTypeTCP:
		out.Transport = TLS
	default:
		return URL{}, fmt.Errorf("parse relay URL %q: want turn: over udp or tcp, or turns: over tcp", s)
	}
	return out, nil
}

// HostPort is the server as net.Dial takes it.
func (u URL) HostPort() string { return net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port))) }

// String is the URL in its canonical form, with the port.
func (u URL) String() string {
	switch u.Transport {
	case TCP:
		return "turn:" + u.HostPort() + "?transport=tcp"
	case TLS:
		return "turns:" + u.HostPort()
	}
	return "turn:" + u.HostPort()
}
