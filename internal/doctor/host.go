package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/natpunch"
)

// The codes of a host's ports.
const (
	codeBindUDP   = "bind-udp"
	codeBindTCP   = "bind-tcp"
	codeRelayUDP  = "bind-relay-udp"
	codeRelayTCP  = "bind-relay-tcp"
	codeAddress   = "address"
	codeSelfProbe = "self-probe"
)

// A HostConfig says which ports a host wants to open.
type HostConfig struct {
	Listen      string   // UDP and TCP of the coordinator, "host:port"
	RelayListen string   // UDP and TCP of the relay; "" means that there is none
	STUN        []string // STUN servers to ask how the world sees us, "host:port"
}

// Host examines whether a host's ports can be opened, and as far as this machine can tell whether they are reached.
func Host(ctx context.Context, cfg HostConfig) (Report, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	key, err := identity.Generate()
	if err != nil {
		return Report{}, err
	}
	var names resolver
	servers := names.all(ctx, cfg.STUN)
	checks := names.checks()
	sock, err := openSocket(cfg.Listen)
	tcp := cfg.Listen
	if err == nil {
		defer sock.close()
		tcp = samePort(cfg.Listen, sock.local().Port())
	}
	checks = append(checks, value(codeBindUDP, cfg.Listen, bindResult(cfg.Listen, err)), bindCheck(codeBindTCP, "tcp", tcp))
	if cfg.RelayListen != "" {
		checks = append(checks, bindCheck(codeRelayUDP, "udp", cfg.RelayListen), bindCheck(codeRelayTCP, "tcp", cfg.RelayListen))
	}
	checks = append(checks, buffersCheck(key))
	if sock == nil {
		return Report{Checks: Run(ctx, checks)}.ofHost(ctx, start, natpunch.Gathered{}, netip.AddrPort{})
	}
	local := sock.local()
	v := watch(sock, servers, local.Addr().IsLoopback(), !local.Addr().IsLoopback() && !allLoopback(servers))
	defer v.gather.Close()
	checks = append(checks, Check{Code: codeAddress, Run: func(context.Context) Result { return addressResult(local) }})
	if !local.Addr().IsLoopback() {
		checks = append(checks, natChecks(sock, v, servers, hostAsks)...)
		checks = append(checks, Check{Code: codeSelfProbe, Run: func(ctx context.Context) Result { return selfProbe(ctx, v) }})
	}
	r := Report{Checks: Run(ctx, checks)}
	return r.ofHost(ctx, start, v.gather.Now(), local)
}

// ofHost completes a report.
func (r Report) ofHost(ctx context.Context, start time.Time, known natpunch.Gathered, local netip.AddrPort) (Report, error) {
	if ctx.Err() != nil && context.Cause(ctx) != context.DeadlineExceeded {
		return Report{}, context.Cause(ctx)
	}
	r.Candidates = addresses(known.Candidates)
	r.Verdict, r.Why = r.concludeHost(known, local)
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// concludeHost judges a host by its ports and addresses.
func (r Report) concludeHost(g natpunch.Gathered, local netip.AddrPort) (Verdict, string) {
	for _, c := range r.Checks {
		if c.Status == Fail && slices.Contains([]string{codeBindUDP, codeBindTCP, codeRelayUDP, codeRelayTCP}, c.Code) {
			return NoPath, "a port cannot be opened: " + c.Detail
		}
	}
	for _, c := range g.Candidates {
		if c.Kind == natpunch.Mapped {
			return ReachableLikely, fmt.Sprintf("the router maps %v to us for UDP: advertise it; TCP has to be forwarded by hand", c.Addr)
		}
	}
	public := publicOf(local)
	switch {
	case len(public) > 0 && r.status(codeUDP) != Fail:
		return ReachableLikely, fmt.Sprintf("this machine has the public address %v; a firewall before it cannot be seen from here", public[0])
	case len(public) > 0:
		return LocalOnly, "no UDP comes back from outside, though this machine has a public address: a firewall drops it"
	case local.Addr().IsLoopback():
		return LocalOnly, "it listens on this machine alone"
	}
	return LocalOnly, fmt.Sprintf("no address of this machine is public: forward UDP and TCP port %d to it and advertise the router's address", local.Port())
}

// publicOf are the addresses of a socket that the internet can route.
func publicOf(local netip.AddrPort) (all []netip.Addr) {
	if !local.IsValid() {
		return nil
	}
	hosts, err := natpunch.Hosts(local, false)
	if err != nil {
		return nil
	}
	for _, h := range hosts {
		if a := h.Addr(); a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a) {
			all = append(all, a)
		}
	}
	return all
}

// shared is the address space between carriers' NATs and homes (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func addressResult(local netip.AddrPort) Result {
	if public := publicOf(local); len(public) > 0 {
		return Result{Status: OK, Detail: fmt.Sprintf("this machine has the public address %v", public[0])}
	}
	if local.Addr().IsLoopback() {
		return Result{Status: OK, Detail: "it listens on this machine alone", Gloss: "parties on this machine reach it, nobody else"}
	}
	return Result{Status: Warn, Detail: "no address of this machine is public", Gloss: "parties on the same network reach it; others only through a forwarded port"}
}

func value(code, subject string, r Result) Check {
	return Check{Code: code, Subject: subject, Run: func(context.Context) Result { return r }}
}

func bindCheck(code, network, addr string) Check {
	return Check{Code: code, Subject: addr, Run: func(context.Context) Result { return bindResult(addr, bind(network, addr)) }}
}

func bind(network, addr string) error {
	if network == "tcp" {
		l, err := net.Listen("tcp", addr)
		if err == nil {
			err = l.Close()
		}
		return err
	}
	c, err := net.ListenPacket("udp", addr)
	if err == nil {
		err = c.Close()
	}
	return err
}

func bindResult(addr string, err error) Result {
	switch {
	case err == nil:
		return Result{Status: OK, Detail: "can be opened"}
	case errors.Is(err, syscall.EADDRINUSE):
		return Result{Status: Fail, Detail: addr + " is in use", Hint: "another program has it; choose another port"}
	case errors.Is(err, syscall.EACCES):
		return Result{Status: Fail, Detail: addr + " may not be opened", Hint: "ports below 1024 may take an administrator: setcap cap_net_bind_service=+ep"}
	}
	return Result{Status: Fail, Detail: err.Error(), Hint: "name an address of this machine, such as :4433"}
}

func samePort(listen string, port uint16) string {
	host, _, _ := net.SplitHostPort(listen)
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// selfProbe sends to the address that the router maps to us, from another socket of ours.
func selfProbe(ctx context.Context, v *view) Result {
	for _, c := range v.whenMapped(ctx).Candidates {
		if c.Kind != natpunch.Mapped {
			continue
		}
		s, err := openSocket(":0")
		if err != nil {
			return Result{Status: Unknown, Detail: err.Error()}
		}
		defer s.close()
		start := time.Now()
		if _, err := s.stun.Query(ctx, c.Addr); err != nil {
			return Result{Status: Unknown, Detail: fmt.Sprintf("our own packets to %v do not come back", c.Addr), Gloss: "many routers turn nothing around; others may reach us all the same"}
		}
		return Result{Status: OK, Detail: fmt.Sprintf("our own packets to %v come in", c.Addr)}.withRTT(time.Since(start))
	}
	return Result{Status: Unknown, Detail: "there is no mapped port to try", Gloss: "whether a firewall lets parties in is seen only from outside: party doctor, there"}
}
