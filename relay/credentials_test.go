package relay

import (
	"strings"
	"testing"
	"time"
)

func TestMint(t *testing.T) {
	// The password is what `openssl dgst -sha1 -hmac north -binary | base64` prints of the username.
	c, err := Mint([]byte("north"), User{"room", "p0", time.Unix(1800000000, 0)})
	if err != nil || c.Username != "1800000000:room.p0" {
		t.Fatalf("Mint = %+v, %v", c, err)
	}
	if got, err := parseUser(c.Username); err != nil || got != (User{"room", "p0", time.Unix(1800000000, 0)}) {
		t.Errorf("parseUser = %+v, %v", got, err)
	}
	if want := "y3Iun2LyyFwUK1DCy0BCpz1aD8s="; c.Password != want {
		t.Errorf("password %s, want %s", c.Password, want)
	}
	for _, bad := range []User{{"", "a", time.Now()}, {"a", "", time.Now()}, {"a.b", "c", time.Now()}, {"a:b", "c", time.Now()}, {strings.Repeat("a", 65), "c", time.Now()}} {
		if _, err := Mint([]byte("s"), bad); err == nil {
			t.Errorf("Mint(%+v) succeeded", bad)
		}
	}
}

func TestParseUserIsStrict(t *testing.T) {
	for _, s := range []string{"", "1", "1:", "1:a", "1:a.", "1:.b", ":a.b", "x:a.b", "-1:a.b", "01:a.b", "+1:a.b", "1:a.b.c", "1:a b.c", "1:a.b ", " 1:a.b", "99999999999999999999:a.b"} {
		if u, err := parseUser(s); err == nil {
			t.Errorf("parseUser(%q) = %+v", s, u)
		}
	}
}
