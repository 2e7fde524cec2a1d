package natpunch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	natpmp "github.com/jackpal/go-nat-pmp"
)

// pmp asks by NAT-PMP, RFC 6886.
type pmp struct {
	client *natpmp.Client
	port   uint16
}

func newPMP(gw gateway, port uint16) *pmp {
	return &pmp{natpmp.NewClientWithLocalAndTimeout(gw.addr.AsSlice(), gw.local.AsSlice(), mapWait), port}
}

func (p *pmp) name() string { return "NAT-PMP" }

func (p *pmp) request(ctx context.Context) (netip.AddrPort, time.Duration, error) {
	ip, err := p.client.GetExternalAddress()
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	if ctx.Err() != nil {
		return netip.AddrPort{}, 0, context.Cause(ctx)
	}
	m, err := p.client.AddPortMappingWithDuration("udp", int(p.port), int(p.port), mapLifetime)
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	if m.InternalPort != p.port {
		return netip.AddrPort{}, 0, errors.New("the answer is to another request")
	}
	external, err := usable(netip.AddrPortFrom(netip.AddrFrom4(ip.ExternalIPAddress), m.MappedExternalPort))
	return external, time.Duration(m.PortMappingLifetimeInSeconds) * time.Second, err
}

func (p *pmp) release(context.Context) error {
	if _, err := p.client.AddPortMapping("udp", int(p.port), 0, 0); err != nil {
		return fmt.Errorf("delete mapping: %w", err)
	}
	return nil
}
