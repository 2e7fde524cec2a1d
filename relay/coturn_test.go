package relay

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

// A coturn is a running turnserver that shares secret with us.
type coturn struct {
	plain, secure string // its addresses: UDP and TCP, and TLS
	roots         *x509.CertPool
}

// at says where and how to reach it over a transport.
func (c *coturn) at(cfg ClientConfig, transport Transport) ClientConfig {
	cfg.Addr, cfg.Transport = netip.MustParseAddrPort(c.plain), transport
	if transport == TLS {
		cfg.Addr, cfg.TLS = netip.MustParseAddrPort(c.secure), &tls.Config{RootCAs: c.roots, ServerName: "relay"}
	}
	return cfg
}

// startCoturn runs turnserver on loopback until the test ends. A port that somebody takes in between costs another attempt.
func startCoturn(t *testing.T) *coturn {
	t.Helper()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		t.Skip("turnserver (Debian: coturn) is not installed")
	}
	cert, roots := selfSigned(t)
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, "key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		c := &coturn{plain: freePort(t), secure: freePort(t), roots: roots}
		if err = c.run(t, program, dir); err == nil {
			return c
		}
	}
	t.Fatal(err)
	return nil
}

// freePort is an address of loopback whose port is free for UDP and TCP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := net.ListenPacket("udp4", l.Addr().String())
		l.Close()
		if err == nil {
			u.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func (c *coturn) run(t *testing.T, program, dir string) error {
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
	cmd := exec.CommandContext(t.Context(), program, "-n", "--use-auth-secret", "--static-auth-secret="+string(secret), "--realm=coturn.test",
		"--listening-ip=127.0.0.1", "--listening-port="+port(c.plain), "--tls-listening-port="+port(c.secure), "--relay-ip=127.0.0.1",
		"--cert="+filepath.Join(dir, "cert"), "--pkey="+filepath.Join(dir, "key"), "--no-dtls", "--allow-loopback-peers", "--no-cli",
		"--userdb="+filepath.Join(dir, "db"), "--pidfile="+filepath.Join(dir, "pid"), "--log-file=stdout")
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	end := func() { cmd.Process.Kill(); <-ended }
	if err := c.await(ended); err != nil {
		end()
		return err
	}
	t.Cleanup(end)
	return nil
}

// await asks at every address until somebody is there; turnserver does not say when it is ready.
func (c *coturn) await(ended <-chan struct{}) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for {
		select {
		case <-ended:
			return errors.New("turnserver ended at once")
		case <-limit:
			return errors.New("turnserver does not answer")
		case <-tick.C:
			if c.answers() {
				return nil
			}
		}
	}
}

func (c *coturn) answers() bool {
	for _, addr := range []string{c.plain, c.secure} {
		conn, err := net.Dial("tcp4", addr)
		if err != nil {
			return false
		}
		conn.Close()
	}
	conn, err := net.Dial("udp4", c.plain)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	conn.Write(m.Raw)
	n, err := conn.Read(make([]byte, 500))
	return err == nil && n > 0
}

// TestCoturn relays through coturn between two of our clients, over every pair of transports, and between one and a plain socket.
func TestCoturn(t *testing.T) {
	c := startCoturn(t)
	for _, pair := range [][2]Transport{{UDP, UDP}, {TCP, TLS}, {UDP, TLS}, {TCP, TCP}} {
		t.Run(fmt.Sprintf("%s and %s", pair[0], pair[1]), func(t *testing.T) {
			ina, inb := make(inbox, 8), make(inbox, 8)
			a := mustAllocate(t, c.at(clientOf(t, c.plain, "127.0.0.2", "r", "a", ina), pair[0]))
			b := mustAllocate(t, c.at(clientOf(t, c.plain, "127.0.0.3", "r", "b", inb), pair[1]))
			if err := errors.Join(a.Permit(b.Relayed().Addr()), b.Permit(a.Relayed().Addr())); err != nil {
				t.Fatal(err)
			}
			a.Send([]byte("there"), b.Relayed())
			if from := inb.expect(t, "there"); from != a.Relayed() {
				t.Errorf("from %v, want %v", from, a.Relayed())
			}
			b.Send([]byte("and back"), a.Relayed())
			ina.expect(t, "and back")
		})
	}
	for _, transport := range []Transport{UDP, TCP, TLS} {
		t.Run(fmt.Sprintf("%s and a plain socket", transport), func(t *testing.T) {
			in := make(inbox, 8)
			a := mustAllocate(t, c.at(clientOf(t, c.plain, "127.0.0.2", "r", "a", in), transport))
			plain, stranger := bind(t, "127.0.0.3"), bind(t, "127.0.0.4")
			if err := a.Permit(netip.MustParseAddr("127.0.0.3")); err != nil {
				t.Fatal(err)
			}
			to := net.UDPAddrFromAddrPort(a.Relayed())
			stranger.WriteTo([]byte("not permitted"), to)
			if _, err := plain.WriteTo([]byte("straight"), to); err != nil {
				t.Fatal(err)
			}
			from := in.expect(t, "straight") // and nothing before it
			if want := addrPort(plain.LocalAddr()); from != want {
				t.Errorf("from %v, want %v", from, want)
			}
			a.Send([]byte("answer"), from)
			expect(t, plain, "answer")
		})
	}
}

func bind(t *testing.T, ip string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp4", ip+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestCoturnRefuses holds that coturn reads our credentials as our relay does.
func TestCoturnRefuses(t *testing.T) {
	c := startCoturn(t)
	expired, _ := Mint(secret, User{"r", "a", time.Now().Add(-time.Minute)})
	foreign, _ := Mint([]byte("another secret of 16"), User{"r", "a", time.Now().Add(time.Minute)})
	for name, credentials := range map[string]Credentials{
		"none": {}, "expired": expired, "foreign secret": foreign, "other user": {mint(t, "r", "b").Username, mint(t, "r", "a").Password},
	} {
		for _, transport := range []Transport{UDP, TCP, TLS} {
			cfg := c.at(clientOf(t, c.plain, "127.0.0.2", "r", "a", make(inbox, 1)), transport)
			cfg.Credentials = credentials
			if a, err := Allocate(t.Context(), cfg); err == nil {
				a.Close()
				t.Errorf("%s over %s: allocation granted", name, transport)
			} else if !strings.Contains(err.Error(), "401") {
				t.Errorf("%s over %s: %v, want 401", name, transport, err)
			}
		}
	}
}
