package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

const (
	pemType     = "PRIVATE KEY" // PKCS #8 (RFC 8410), as OpenSSL writes it
	maxFileSize = 1024
)

// Load reads a key file that Save wrote: one PKCS #8 PEM block and nothing else. It refuses a file that anybody but its owner
// may read or write.
func Load(name string) (*Key, error) {
	data, err := ReadPrivate(name, maxFileSize)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	secret, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("load key: %s: %w", name, err)
	}
	return newKey(secret)
}

// Save writes the key to a new file with mode 0600. It never overwrites: the error is fs.ErrExist then.
func (k *Key) Save(name string) error {
	data, err := encode(k.secret)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save key: %w", errors.Join(err, os.Remove(name)))
	}
	return nil
}

// ReadPrivate reads a regular file of at most limit bytes that nobody but its owner may read or write.
func ReadPrivate(name string, limit int64) ([]byte, error) {
	// Looked at before it is opened, since opening a pipe waits; and again after, since it may have been replaced.
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := checkPrivate(name, info); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if err := checkPrivate(name, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: too large, at most %d bytes belong to it", name, limit)
	}
	return data, err
}

// ErrExposed is wrapped by errors about a private file that others may read or write.
var ErrExposed = errors.New("others may read or write it")

func checkPrivate(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", name)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s: %w (mode %04o, want 0600)", name, ErrExposed, perm)
	}
	return nil
}

func encode(secret ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// parse accepts exactly what encode makes of the same key, so a file has one spelling. Its errors quote nothing of the file.
func parse(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("no PEM block %q: not a key file", pemType)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("no valid PKCS #8 private key in it")
	}
	secret, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("the key in it is not an Ed25519 key")
	}
	again, err := encode(secret)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		return nil, errors.New("more in it than one key in its standard form")
	}
	return secret, nil
}
