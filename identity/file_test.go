package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSaveLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	k := generate(t)
	if err := k.Save(name); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	back, err := Load(name)
	if err != nil || back.ID() != k.ID() || !bytes.Equal(back.cert, k.cert) {
		t.Fatalf("Load = %v, %v; want the key saved, with the same certificate", back, err)
	}
	before, _ := os.ReadFile(name)
	if err := generate(t).Save(name); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Save: %v, want fs.ErrExist", err)
	}
	if after, _ := os.ReadFile(name); !bytes.Equal(before, after) {
		t.Error("a refused Save changed the file")
	}
}

func TestLoadRefuses(t *testing.T) {
	good, err := encode(generate(t).secret)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(good)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, _ := x509.MarshalPKCS8PrivateKey(ec)
	pemOf := func(b *pem.Block) string { return string(pem.EncodeToMemory(b)) }
	for name, tc := range map[string]struct {
		data string
		mode fs.FileMode
		want string
	}{
		"group may read":  {string(good), 0o640, "others may read"},
		"world may write": {string(good), 0o602, "others may read"},
		"empty":           {"", 0o600, "not a key file"},
		"text":            {"hello", 0o600, "not a key file"},
		"two keys":        {string(good) + string(good), 0o600, "more in it"},
		"leading text":    {"x\n" + string(good), 0o600, "more in it"},
		"trailing line":   {string(good) + "\n", 0o600, "more in it"},
		"header":          {pemOf(&pem.Block{Type: pemType, Headers: map[string]string{"a": "b"}, Bytes: block.Bytes}), 0o600, "more in it"},
		"other type":      {pemOf(&pem.Block{Type: "PUBLIC KEY", Bytes: block.Bytes}), 0o600, "not a key file"},
		"truncated DER":   {pemOf(&pem.Block{Type: pemType, Bytes: block.Bytes[:len(block.Bytes)-1]}), 0o600, "no valid PKCS #8"},
		"another curve":   {pemOf(&pem.Block{Type: pemType, Bytes: ecDER}), 0o600, "not an Ed25519 key"},
		"huge":            {string(good) + strings.Repeat("\n", maxFileSize), 0o600, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(tc.data), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, tc.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(file); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load: %v; want an error with %q", err, tc.want)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	good, err := encode(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:50])
	f.Fuzz(func(t *testing.T, data []byte) {
		secret, err := parse(data)
		if err != nil {
			return
		}
		if again, err := encode(secret); err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted a second spelling: %q", data)
		}
	})
}
