package relay

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A User is whom credentials were minted for.
type User struct {
	Room string    // the session; letters, digits, '-' and '_', at most 64
	Node string    // the party in it, likewise
	Ends time.Time // no allocation or refresh is authenticated afterwards; whole seconds
}

// Credentials open one party's allocations at a relay.
type Credentials struct {
	Username string // expiry ":" room "." node
	Password string // secret: base64(HMAC-SHA1(shared secret, username))
}

// Mint makes the credentials of a user under the secret that coordinator and relay share.
func Mint(secret []byte, u User) (Credentials, error) {
	if !validLabel(u.Room) || !validLabel(u.Node) {
		return Credentials{}, errors.New("mint relay credentials: room and node are 1 to 64 letters, digits, '-' or '_'")
	}
	name := strconv.FormatInt(u.Ends.Unix(), 10) + ":" + u.Room + "." + u.Node
	return Credentials{name, password(secret, name)}, nil
}

// password is the password that belongs to a username.
func password(secret []byte, username string) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const maxLabel = 64

func validLabel(s string) bool {
	return s != "" && len(s) <= maxLabel && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

// parseUser reads a username of the form that Mint makes, and nothing else.
func parseUser(username string) (User, error) {
	ends, who, ok := strings.Cut(username, ":")
	room, node, ok2 := strings.Cut(who, ".")
	if !ok || !ok2 || !validLabel(room) || !validLabel(node) {
		return User{}, errors.New("username is not of the form expiry:room.node")
	}
	t, err := strconv.ParseInt(ends, 10, 64)
	if err != nil || t < 0 || strconv.FormatInt(t, 10) != ends {
		return User{}, fmt.Errorf("username has no valid expiry")
	}
	return User{room, node, time.Unix(t, 0)}, nil
}
