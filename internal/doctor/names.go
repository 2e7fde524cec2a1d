package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// resolveWithin bounds looking up one name, mostAddrs what is used of the answer.
const (
	resolveWithin = 3 * time.Second
	mostAddrs     = 8
)

// A resolver looks names up and keeps which had no answer.
type resolver struct{ failed []Result }

// all are the addresses of several "host:port".
func (r *resolver) all(ctx context.Context, hostPorts []string) (all []netip.AddrPort) {
	for _, hp := range hostPorts {
		all = append(all, r.addrs(ctx, hp)...)
	}
	return all
}

// addrs are the addresses of a "host:port".
func (r *resolver) addrs(ctx context.Context, hostPort string) []netip.AddrPort {
	all, err := resolve(ctx, hostPort)
	if err != nil {
		r.failed = append(r.failed, Result{Code: "names", Subject: hostPort, Status: Fail, Detail: err.Error(), Hint: "check the name, and that this machine's name server answers"})
	}
	return all
}

func resolve(ctx context.Context, hostPort string) (all []netip.AddrPort, err error) {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("read address: %q is no port", portText)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for _, ip := range ips[:min(len(ips), mostAddrs)] {
		all = append(all, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	return all, nil
}

// checks are the results so far as checks.
func (r *resolver) checks() (all []Check) {
	for _, f := range r.failed {
		all = append(all, Check{Code: f.Code, Subject: f.Subject, Run: func(context.Context) Result { return f }})
	}
	return all
}
