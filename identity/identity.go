// Package identity is who a party or a coordinator is: an Ed25519 key pair, whose public half is its ID, and a self-signed
// TLS 1.3 certificate that carries it. There is no authority: peers compare IDs, in VerifyConnection of crypto/tls, with what
// a ticket, a roster or the user told them.
//
// Certificates are checked for nothing but their key: the handshake's signature proves that the peer holds it. Sessions are
// never resumed, so every connection proves it anew.
package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// An ID names a party or a coordinator: its Ed25519 public key.
type ID [ed25519.PublicKeySize]byte

// String is the ID as 64 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Short is the first 8 hexadecimal digits, for lists that people read. It identifies nobody: an ID with the same Short is
// found by trying some billions of keys.
func (id ID) Short() string { return hex.EncodeToString(id[:4]) }

// IsZero tells the zero ID, which is nobody's.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText is String, for JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseID, for JSON.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// ParseID reads the 64 hexadecimal digits of String, in either case, and nothing else.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("parse key id: %d characters, want %d hexadecimal digits", len(s), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("parse key id: %w", err)
	}
	return id, nil
}

// A Key is a secret Ed25519 key with its certificate. Methods may be called concurrently. It prints as its ID.
type Key struct {
	_      [0]func() // not comparable: == is not constant time
	secret ed25519.PrivateKey
	cert   []byte // DER
}

// Generate makes a fresh key.
func Generate() (*Key, error) {
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return newKey(secret)
}

func newKey(secret ed25519.PrivateKey) (*Key, error) {
	cert, err := certificate(secret)
	if err != nil {
		return nil, err
	}
	return &Key{secret: secret, cert: cert}, nil
}

// ID is the public key.
func (k *Key) ID() ID { return ID(k.secret.Public().(ed25519.PublicKey)) }

// Derive makes a secret for one purpose, the same for as long as the key is kept: HKDF-SHA256 (RFC 5869) with the purpose as its
// info. Secrets for different purposes tell nothing about each other or the key.
func (k *Key) Derive(purpose string) [32]byte {
	out, err := hkdf.Key(sha256.New, k.secret.Seed(), nil, "tacit derived secret v1\x00"+purpose, 32)
	if err != nil {
		panic("identity: " + err.Error()) // only for lengths that are out of range
	}
	return [32]byte(out)
}

// Format writes the ID whatever the verb, so that no log or error shows the secret.
func (k Key) Format(f fmt.State, _ rune) {
	if len(k.secret) != ed25519.PrivateKeySize {
		io.WriteString(f, "no key")
		return
	}
	io.WriteString(f, k.ID().String())
}
