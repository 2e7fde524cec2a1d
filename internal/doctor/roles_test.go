package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/natpunch"
	"github.com/tacit-mpc/tacit/relay"
)

// TestMain lets the test binary be the two ends in processes of their own, which tests start inside network namespaces.
func TestMain(m *testing.M) {
	var err error
	switch os.Getenv("DOCTOR_TEST_ROLE") {
	case "server":
		err = serverRole()
	case "party":
		err = partyRole()
	case "host":
		err = hostRole()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var secret = []byte("a secret of sixteen bytes at least")

// A server is what `pre` has on its ports: a coordinator over QUIC and TLS, STUN on the same socket, and a relay over UDP, TCP and, at
// the coordinator's port, TLS.
type server struct {
	id    identity.ID
	coord netip.AddrPort
	relay netip.AddrPort
	close func()
}

func serve(at, relayAt netip.AddrPort, local bool) (*server, error) {
	key, err := identity.Generate()
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	at = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	tcp, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, err
	}
	relayUDP, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(relayAt))
	if err != nil {
		return nil, err
	}
	relayAt = relayUDP.LocalAddr().(*net.UDPAddr).AddrPort()
	relayTCP, err := net.Listen("tcp", relayAt.String())
	if err != nil {
		return nil, err
	}
	port := coord.OpenPort(tcp, key)
	turn, err := relay.Serve(relay.Config{Secret: secret, Addr: at.Addr(), Local: local}, []*net.UDPConn{relayUDP}, []net.Listener{relayTCP, port.Listener(alpnTURN)})
	if err != nil {
		return nil, err
	}
	host, err := coord.NewServer(coord.ServerConfig{Key: key, Seats: 2})
	if err != nil {
		return nil, err
	}
	transport := &quic.Transport{Conn: udp}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { host.Serve(ctx, transport, port) })
	running.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := transport.ReadNonQUICPacket(ctx, buf)
			if err != nil {
				return
			}
			if r := natpunch.Respond(buf[:n], from.(*net.UDPAddr).AddrPort()); r != nil {
				transport.WriteTo(r, from)
			}
		}
	})
	return &server{key.ID(), at, relayAt, func() {
		stop()
		port.Close()
		turn.Close()
		running.Wait()
		transport.Close()
		udp.Close()
	}}, nil
}

// A task is what a party is told to do, as JSON.
type task struct {
	Addrs       []string    `json:"addrs"`
	Coordinator identity.ID `json:"coordinator"`
	RelayURL    string      `json:"relay_url"`
	STUN        []string    `json:"stun"`
	TURN        string      `json:"turn"` // with the secret
}

func (k task) config() (PartyConfig, error) {
	cfg := PartyConfig{Addrs: k.Addrs, Coordinator: k.Coordinator, RelayURL: k.RelayURL, STUN: k.STUN}
	if k.TURN == "" {
		return cfg, nil
	}
	u, err := relay.ParseURL(k.TURN)
	if err != nil {
		return cfg, err
	}
	c, err := Mint(secret)
	cfg.Relays = []Relay{{URL: u, Credentials: &c}}
	return cfg, err
}

// Where the server of a lab is: the coordinator and its relay on one address, bare STUN servers on others.
var (
	labCoordinator = netip.MustParseAddrPort("203.0.113.1:443")
	labRelay       = netip.MustParseAddrPort("203.0.113.1:3478")
	labElsewhere   = netip.MustParseAddrPort("203.0.113.2:3480")
	labV6          = netip.MustParseAddrPort("[2001:db8:fff::1]:3480")
)

// serverRole serves in a namespace, writes its key, and ends with its standard input.
func serverRole() error {
	s, err := serve(labCoordinator, labRelay, false)
	if err != nil {
		return err
	}
	defer s.close()
	for _, at := range []netip.AddrPort{labElsewhere, labV6} {
		bare, err := openSocket(at.String())
		if err != nil {
			return err
		}
		defer bare.close()
	}
	fmt.Println(s.id)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// partyRole reads a task and writes the report.
func partyRole() error {
	var k task
	if err := json.NewDecoder(os.Stdin).Decode(&k); err != nil {
		return err
	}
	cfg, err := k.config()
	if err != nil {
		return err
	}
	r, err := Party(context.Background(), cfg)
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(r))
}

// hostRole reads what a host wants to open and writes the report.
func hostRole() error {
	var cfg HostConfig
	if err := json.NewDecoder(os.Stdin).Decode(&cfg); err != nil {
		return err
	}
	r, err := Host(context.Background(), cfg)
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(r))
}
