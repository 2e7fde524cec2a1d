package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"github.com/tacit-mpc/tacit/natpunch"
)

// listenFailed explains why a UDP socket could not be opened.
func listenFailed(addr string, err error) error {
	e := &Error{Reason: BadAddress, Op: "listening on " + addr, Err: err, Hint: "--listen takes an address of this machine, such as :4433 or 127.0.0.1:0"}
	if errors.Is(err, syscall.EADDRINUSE) {
		e.Reason, e.Err, e.Hint = PortInUse, errors.New("the port is in use"), "choose another port, or let the system choose one: --listen :0"
	}
	return e
}

// hostPorts completes addresses to hand out, "host" or "host:port", with the port of our socket.
func hostPorts(given []string, port uint16) ([]string, error) {
	var all []string
	for _, g := range given {
		host, portText, err := net.SplitHostPort(g)
		if err != nil { // no port: an IPv6 address may stand in brackets or without
			host, portText = g, strconv.Itoa(int(port))
			if n := len(g); n > 2 && g[0] == '[' && g[n-1] == ']' {
				host = g[1 : n-1]
			}
		}
		if p, err := strconv.ParseUint(portText, 10, 16); err != nil || p == 0 || host == "" {
			return nil, &Error{Reason: BadAddress, Op: "reading --advertise", Err: fmt.Errorf("%q is no address", g), Hint: "give HOST or HOST:PORT, as in --advertise 203.0.113.5:4433"}
		}
		all = append(all, net.JoinHostPort(host, portText))
	}
	return all, nil
}

// coordinatorAddrs is where a coordinator on a socket says that it is: what it was told to say; else the address it listens on; else those of
// every interface, global ones first, loopback only if there is nothing else.
func coordinatorAddrs(local netip.AddrPort, given []string) ([]string, error) {
	if len(given) > 0 {
		return hostPorts(given, local.Port())
	}
	hosts, err := natpunch.Hosts(local, false)
	if err == nil && len(hosts) == 0 {
		hosts, err = natpunch.Hosts(local, true)
	}
	if err != nil {
		return nil, explain("finding our addresses", err)
	}
	slices.Reverse(hosts)
	var all []string
	for _, h := range hosts {
		all = append(all, h.String())
	}
	if len(all) == 0 {
		return nil, &Error{Reason: BadAddress, Op: "finding our addresses", Err: errors.New("this machine has none"), Hint: "name one: --advertise HOST"}
	}
	return all, nil
}

// checkHostPort checks an address of the coordinator.
func checkHostPort(addr string) error {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q has no port", addr)
	}
	if port, err := strconv.ParseUint(portText, 10, 16); err != nil || port == 0 || host == "" {
		return fmt.Errorf("%q is no address", addr)
	}
	return nil
}

// candidates are the addresses at which the other parties may reach our socket. Loopback is among them; the coordinator hands it
// out only to those who reach it over loopback too.
func candidates(ctx context.Context, local netip.AddrPort, given []string) (all []netip.AddrPort, advertised []netip.AddrPort, err error) {
	named, err := hostPorts(given, local.Port())
	if err != nil {
		return nil, nil, err
	}
	for _, hp := range named {
		host, portText, _ := net.SplitHostPort(hp)
		port, _ := strconv.ParseUint(portText, 10, 16)
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, nil, &Error{Reason: BadAddress, Op: "reading --advertise", Err: err, Hint: "give an address of this machine"}
		}
		for _, ip := range ips {
			advertised = append(advertised, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	hosts, err := natpunch.Hosts(local, true)
	if err != nil {
		return nil, nil, explain("finding our addresses", err)
	}
	return append(slices.Clone(advertised), hosts...), advertised, nil
}
