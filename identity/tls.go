package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// serverName goes into every ClientHello in the clear, so it names no node and no session.
const serverName = "tacit"

// A KeyError says that a peer proved another key than the one expected.
type KeyError struct{ Want, Got ID }

func (e *KeyError) Error() string {
	return fmt.Sprintf("the peer's key is %s, expected %s", e.Got, e.Want)
}

// Exactly returns a check for ServerTLS and ClientTLS that refuses every key but want, with a *KeyError.
func Exactly(want ID) func(ID) error {
	return func(got ID) error {
		if got != want {
			return &KeyError{Want: want, Got: got}
		}
		return nil
	}
}

// ServerTLS is the configuration of the accepting side: TLS 1.3, the given ALPN protocol, our certificate, a certificate asked
// of the client, no session tickets. check, which must not be nil, decides about the key that the client proved; its error ends
// the handshake.
func (k *Key) ServerTLS(alpn string, check func(ID) error) *tls.Config {
	c := k.config(alpn, check)
	c.ClientAuth = tls.RequireAnyClientCert
	return c
}

// ClientTLS is the configuration of the dialing side, which presents our certificate too. check is as for ServerTLS.
func (k *Key) ClientTLS(alpn string, check func(ID) error) *tls.Config {
	c := k.config(alpn, check)
	c.ServerName = serverName
	c.InsecureSkipVerify = true // no web PKI: VerifyConnection checks the key
	return c
}

func (k *Key) config(alpn string, check func(ID) error) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{alpn},
		Certificates:           []tls.Certificate{{Certificate: [][]byte{k.cert}, PrivateKey: k.secret}},
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			if cs.NegotiatedProtocol != alpn {
				return fmt.Errorf("the peer speaks protocol %q, not %q", cs.NegotiatedProtocol, alpn)
			}
			id, err := PeerID(cs)
			if err != nil {
				return err
			}
			return check(id)
		},
	}
}

// PeerID is the key that the other side of a TLS 1.3 connection proved to hold. It fails unless the peer presented exactly one
// certificate with an Ed25519 key in a full handshake.
func PeerID(cs tls.ConnectionState) (ID, error) {
	if cs.Version != tls.VersionTLS13 || cs.DidResume {
		return ID{}, errors.New("the peer did not prove its key in a full TLS 1.3 handshake")
	}
	if n := len(cs.PeerCertificates); n != 1 {
		return ID{}, fmt.Errorf("the peer presented %d certificates, want 1", n)
	}
	public, ok := cs.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || len(public) != ed25519.PublicKeySize {
		return ID{}, fmt.Errorf("the peer's certificate has a key of type %v, want Ed25519", cs.PeerCertificates[0].PublicKeyAlgorithm)
	}
	return ID(public), nil
}

// certificate is the smallest that crypto/x509 makes and reads: no names, no extensions. It is the same at every start, as are
// its dates: it has no well-defined end (RFC 5280 section 4.1.2.5).
func certificate(secret ed25519.PrivateKey) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return der, nil
}
