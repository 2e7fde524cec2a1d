package identity

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func generate(t testing.TB) *Key {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestParseID(t *testing.T) {
	id := generate(t).ID()
	for _, s := range []string{id.String(), strings.ToUpper(id.String())} {
		got, err := ParseID(s)
		if err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v; want %v", s, got, err, id)
		}
	}
	if len(id.String()) != 64 || id.Short() != id.String()[:8] {
		t.Errorf("String %q, Short %q", id.String(), id.Short())
	}
	for _, s := range []string{"", "00", id.String()[1:], id.String() + "0", " " + id.String()[1:], "g" + id.String()[1:], "0x" + id.String()[2:]} {
		if got, err := ParseID(s); err == nil || got != (ID{}) {
			t.Errorf("ParseID(%q) = %v, %v; want an error", s, got, err)
		}
	}
}

func TestIDText(t *testing.T) {
	id := generate(t).ID()
	b, err := json.Marshal(map[string]ID{"k": id})
	if want := `{"k":"` + id.String() + `"}`; err != nil || string(b) != want {
		t.Fatalf("marshal: %s, %v; want %s", b, err, want)
	}
	var back map[string]ID
	if err := json.Unmarshal(b, &back); err != nil || back["k"] != id {
		t.Errorf("unmarshal: %v, %v", back, err)
	}
	if json.Unmarshal([]byte(`{"k":"12"}`), &back) == nil {
		t.Error("a short ID was accepted")
	}
	if !(ID{}).IsZero() || id.IsZero() {
		t.Error("IsZero")
	}
}

// A Key may end up in a log or in an error by mistake: only its ID may show.
func TestKeyPrintsNoSecret(t *testing.T) {
	k := generate(t)
	seed := hex.EncodeToString(k.secret.Seed())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, arg := range []any{k, *k, []*Key{k}} {
			out := fmt.Sprintf(verb, arg)
			if strings.Contains(strings.ToLower(out), seed) || strings.Contains(out, fmt.Sprint([]byte(k.secret)[:8])) {
				t.Errorf("%s of %T shows the secret: %s", verb, arg, out)
			}
			if _, list := arg.([]*Key); !list && out != k.ID().String() {
				t.Errorf("%s of %T = %s, want the ID", verb, arg, out)
			}
		}
	}
	if out := fmt.Sprint(Key{}); out != "no key" {
		t.Errorf("zero Key prints %q", out)
	}
}

func TestGenerateDiffers(t *testing.T) {
	if a, b := generate(t).ID(), generate(t).ID(); a == b {
		t.Fatalf("two keys are equal: %v", a)
	}
}

func TestDerive(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	k := generate(t)
	if err := k.Save(name); err != nil {
		t.Fatal(err)
	}
	again, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	relay := k.Derive("relay")
	if relay != again.Derive("relay") {
		t.Error("a secret differs when the key is loaded again")
	}
	if relay == k.Derive("reset") || relay == generate(t).Derive("relay") || relay == [32]byte(k.secret.Seed()) {
		t.Error("two purposes or two keys have the same secret")
	}
}
