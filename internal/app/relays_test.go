package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/relay"
)

func TestOneFamily(t *testing.T) {
	server := func(addr, password string) mesh.RelayServer {
		return mesh.RelayServer{Addr: netip.MustParseAddrPort(addr), Credentials: relay.Credentials{Username: "u", Password: password}}
	}
	a4, a6 := server("203.0.113.1:3478", "a"), server("[2001:db8::1]:3478", "a")
	b4, c6 := server("203.0.113.2:3478", "b"), server("[2001:db8::2]:3478", "c")
	all := []mesh.RelayServer{a4, a6, b4, c6}
	for name, c := range map[string]struct {
		has4, has6 bool
		want       []mesh.RelayServer
	}{
		"both": {true, true, []mesh.RelayServer{a4, b4, c6}}, "IPv4 alone": {true, false, []mesh.RelayServer{a4, b4, c6}},
		"IPv6 alone": {false, true, []mesh.RelayServer{a6, b4, c6}}, "none": {false, false, all},
	} {
		got := oneFamily(append([]mesh.RelayServer(nil), all...), func(a netip.AddrPort) bool { return a.Addr().Is4() && c.has4 || a.Addr().Is6() && c.has6 })
		if fmt.Sprint(addrs(got)) != fmt.Sprint(addrs(c.want)) {
			t.Errorf("%s: %v, want %v", name, addrs(got), addrs(c.want))
		}
	}
}

func addrs(servers []mesh.RelayServer) (all []netip.AddrPort) {
	for _, s := range servers {
		all = append(all, s.Addr)
	}
	return all
}

// TestRelayTLS accepts the coordinator's key and certificates of the host that are trusted, and nothing else.
func TestRelayTLS(t *testing.T) {
	coordinator, other := newKey(t), newKey(t)
	trusted, roots := certificateFor(t, "relay.example")
	foreign, _ := certificateFor(t, "relay.example")
	own := func(k *identity.Key) *tls.Config {
		cfg := k.ServerTLS(alpnTURN, func(identity.ID) error { return nil })
		cfg.ClientAuth, cfg.VerifyConnection = tls.NoClientCert, nil
		return cfg
	}
	web := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	for name, c := range map[string]struct {
		server *tls.Config
		host   string
		want   bool
	}{
		"the coordinator's key": {own(coordinator), "203.0.113.1", true},
		"another key":           {own(other), "203.0.113.1", false},
		"another key, a name":   {own(other), "relay.example", false},
		"trusted":               {web(trusted), "relay.example", true},
		"another host":          {web(trusted), "other.example", false},
		"not trusted":           {web(foreign), "relay.example", false},
	} {
		ours, theirs := net.Pipe()
		client, server := tls.Client(ours, relayTLS(coordinator.ID(), c.host, roots)), tls.Server(theirs, c.server)
		go func() {
			server.Handshake()
			theirs.Close()
		}()
		if err := client.HandshakeContext(t.Context()); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		ours.Close()
	}
}

func certificateFor(t *testing.T, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
