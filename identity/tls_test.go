package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
)

const testALPN = "test/1"

func anybody(ID) error { return nil }

// handshake runs both ends over a pipe, with one byte from the server to the client, so that the client sees the server's alert.
func handshake(t *testing.T, client, server *tls.Config) (cs, ss tls.ConnectionState, cerr, serr error) {
	t.Helper()
	a, b := net.Pipe()
	c, s := tls.Client(a, client), tls.Server(b, server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer b.Close()
		if serr = s.Handshake(); serr == nil {
			_, serr = s.Write([]byte{1})
		}
		ss = s.ConnectionState()
	}()
	if cerr = c.Handshake(); cerr == nil {
		_, cerr = io.ReadFull(c, make([]byte, 1))
	}
	cs = c.ConnectionState()
	a.Close()
	<-done
	return
}

func TestHandshake(t *testing.T) {
	client, server := generate(t), generate(t)
	cs, ss, cerr, serr := handshake(t, client.ClientTLS(testALPN, Exactly(server.ID())), server.ServerTLS(testALPN, Exactly(client.ID())))
	if cerr != nil || serr != nil {
		t.Fatalf("client: %v, server: %v", cerr, serr)
	}
	if id, err := PeerID(cs); err != nil || id != server.ID() {
		t.Errorf("client sees %v, %v", id, err)
	}
	if id, err := PeerID(ss); err != nil || id != client.ID() {
		t.Errorf("server sees %v, %v", id, err)
	}
	if ss.ServerName != serverName {
		t.Errorf("server name on the wire %q", ss.ServerName)
	}
}

func TestHandshakeRefuses(t *testing.T) {
	client, server, other := generate(t), generate(t), generate(t)
	stranger := errors.New("not in the roster")
	ec := ecdsaCertificate(t)

	t.Run("wrong server", func(t *testing.T) {
		_, _, cerr, serr := handshake(t, client.ClientTLS(testALPN, Exactly(other.ID())), server.ServerTLS(testALPN, anybody))
		var ke *KeyError
		if !errors.As(cerr, &ke) || ke.Want != other.ID() || ke.Got != server.ID() {
			t.Errorf("client: %v, want a KeyError", cerr)
		}
		if serr == nil {
			t.Error("the server did not notice")
		}
	})
	t.Run("wrong client", func(t *testing.T) {
		_, _, cerr, serr := handshake(t, client.ClientTLS(testALPN, anybody), server.ServerTLS(testALPN, func(ID) error { return stranger }))
		if !errors.Is(serr, stranger) || cerr == nil {
			t.Errorf("client: %v, server: %v", cerr, serr)
		}
	})
	for name, change := range map[string]func(c, s *tls.Config){
		"TLS 1.2":            func(c, s *tls.Config) { c.MinVersion, c.MaxVersion = 0, tls.VersionTLS12 },
		"no certificate":     func(c, s *tls.Config) { c.Certificates = nil },
		"client with ECDSA":  func(c, s *tls.Config) { c.Certificates = ec },
		"server with ECDSA":  func(c, s *tls.Config) { s.Certificates = ec },
		"two certificates":   func(c, s *tls.Config) { c.Certificates[0].Certificate = [][]byte{client.cert, client.cert} },
		"stolen certificate": func(c, s *tls.Config) { c.Certificates[0].Certificate = [][]byte{other.cert} },
		"other protocol":     func(c, s *tls.Config) { c.NextProtos = []string{"test/2"} },
		"no protocol":        func(c, s *tls.Config) { c.NextProtos = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := client.ClientTLS(testALPN, anybody), server.ServerTLS(testALPN, anybody)
			change(c, s)
			if _, _, cerr, serr := handshake(t, c, s); cerr == nil && serr == nil {
				t.Error("accepted")
			}
		})
	}
}

// A client with a session cache must not get a ticket: a resumed session would not prove the key.
func TestNoResumption(t *testing.T) {
	client, server := generate(t), generate(t)
	c, s := client.ClientTLS(testALPN, anybody), server.ServerTLS(testALPN, anybody)
	c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for range 2 {
		cs, _, cerr, serr := handshake(t, c, s)
		if cerr != nil || serr != nil || cs.DidResume {
			t.Fatalf("client: %v, server: %v, resumed: %v", cerr, serr, cs.DidResume)
		}
	}
	if _, found := c.ClientSessionCache.Get(serverName); found {
		t.Error("the server issued a session ticket")
	}
	if _, err := PeerID(tls.ConnectionState{Version: tls.VersionTLS13, DidResume: true}); err == nil || !strings.Contains(err.Error(), "full TLS 1.3") {
		t.Errorf("PeerID of a resumed session: %v", err)
	}
}

func TestCertificateIsSmall(t *testing.T) {
	if n := len(generate(t).cert); n > 180 {
		t.Errorf("certificate of %d bytes, want about 178 (it rides in the first flight)", n)
	} else {
		t.Logf("certificate: %d bytes", n)
	}
}

func ecdsaCertificate(t *testing.T) []tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
}
