package natpunch

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// The Port Control Protocol, RFC 6887: the MAP opcode for one UDP port. A request and its answer have 60 bytes:
//
//	version 1 (2) | R and opcode 1 | reserved 1, result 1 | lifetime 4 | client 16 (answer: epoch 4, reserved 12)
//	nonce 12 | protocol 1 | reserved 3 | internal port 2 | external port 2 | external address 16
//
// Answers may carry options after that, which are ignored.
const (
	pcpPort    = 5351
	pcpVersion = 2
	pcpMap     = 1
	pcpAnswer  = 0x80
	pcpSize    = 60
	pcpMax     = 1100 // RFC 6887 section 7
	protoUDP   = 17
)

type pcp struct {
	gw       gateway
	port     uint16
	nonce    [12]byte
	external netip.AddrPort
}

func newPCP(gw gateway, port uint16) *pcp {
	p := &pcp{gw: gw, port: port, external: netip.AddrPortFrom(netip.IPv4Unspecified(), port)}
	rand.Read(p.nonce[:])
	return p
}

func (p *pcp) name() string { return "PCP" }

func (p *pcp) request(ctx context.Context) (netip.AddrPort, time.Duration, error) {
	answer, err := p.exchange(ctx, mapLifetime)
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	external, lifetime, err := parsePCP(answer, p.nonce, p.port)
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	if external, err = usable(external); err != nil {
		return netip.AddrPort{}, 0, err
	}
	p.external = external
	return external, lifetime, nil
}

func (p *pcp) release(ctx context.Context) error {
	_, err := p.exchange(ctx, 0)
	return err
}

// exchange sends a request until an answer comes from the router.
func (p *pcp) exchange(ctx context.Context, lifetime time.Duration) ([]byte, error) {
	local := netip.AddrPortFrom(p.gw.local, 0)
	c, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.gw.addr, pcpPort)))
	if err != nil {
		return nil, fmt.Errorf("ask router %v: %w", p.gw.addr, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Now()) })
	defer stop()
	request := appendPCP(nil, p.gw.local, p.nonce, p.port, p.external, lifetime)
	end := time.Now().Add(mapWait)
	buf := make([]byte, pcpMax+1)
	for wait := mapFirst; time.Now().Before(end) && ctx.Err() == nil; wait *= 2 {
		if _, err := c.Write(request); err != nil {
			return nil, fmt.Errorf("ask router %v: %w", p.gw.addr, err)
		}
		c.SetReadDeadline(time.Now().Add(wait))
		n, err := c.Read(buf) // the socket is connected: only the router is heard
		if err == nil {
			return buf[:n], nil
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			return nil, fmt.Errorf("ask router %v: %w", p.gw.addr, err)
		}
	}
	return nil, fmt.Errorf("ask router %v: %w", p.gw.addr, errNoAnswer)
}

func appendPCP(b []byte, client netip.Addr, nonce [12]byte, port uint16, external netip.AddrPort, lifetime time.Duration) []byte {
	b = append(b, pcpVersion, pcpMap, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(lifetime/time.Second))
	from, ext := client.As16(), external.Addr().As16()
	b = append(b, from[:]...)
	b = append(b, nonce[:]...)
	b = append(b, protoUDP, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, external.Port())
	return append(b, ext[:]...)
}

// parsePCP checks an answer to a request of ours, and decodes what was granted.
func parsePCP(b []byte, nonce [12]byte, port uint16) (external netip.AddrPort, lifetime time.Duration, err error) {
	switch {
	case len(b) > pcpMax:
		return external, 0, errors.New("oversized answer")
	case len(b) >= 4 && b[0] != pcpVersion:
		return external, 0, fmt.Errorf("the router speaks version %d", b[0])
	case len(b) >= 4 && b[1] == pcpMap|pcpAnswer && b[3] != 0:
		return external, 0, fmt.Errorf("refused with result code %d", b[3])
	case len(b) < pcpSize:
		return external, 0, errors.New("truncated answer")
	case b[1] != pcpMap|pcpAnswer || [12]byte(b[24:36]) != nonce || b[36] != protoUDP || binary.BigEndian.Uint16(b[40:42]) != port:
		return external, 0, errors.New("the answer is to another request")
	}
	addr := netip.AddrFrom16([16]byte(b[44:60])).Unmap()
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[42:44])), time.Duration(binary.BigEndian.Uint32(b[4:8])) * time.Second, nil
}
