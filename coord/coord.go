// Package coord is the rendezvous of a session: a coordinator that everybody can reach seats N parties, tells each who the
// others are and where to find them, sees that they agree on what they are about to compute, starts them together and passes
// on how each is doing. It learns no input, no output and no secret key, and carries nothing of what parties send each other.
//
// A session goes through these steps; what concerns all is said to all parties.
//
//	party                                   coordinator
//	  | join: key (from TLS), secret, name,      |
//	  |   fields, constants, addresses,          |
//	  |   X25519 key for pings,                  |
//	  |   commitment to a fresh nonce            |  seats the party; the first key that takes a seat owns it
//	  | ---------------------------------------> |  Gathering
//	  | <-- welcome, state of every seat ------- |  with STUN servers and relay offers
//	  | --- announce: where it is reached ------> |  at any time, as often as there is news
//	  | <-- roster, when all seats are live ---- |  the fields of all parties are equal
//	  | --- open: the nonce -------------------> |  Opening
//	  | <-- nonces ----------------------------- |
//	  | <-- updates: what all announced -------- |  Connecting: the parties connect to each other
//	  | <-- launch: start punching with party k  |  to both of a pair that have announced something
//	  | --- ready: more fields ----------------> |
//	  | <-- start ------------------------------ |  these fields are equal too
//	  | --- bye: done, or why not -------------> |  Running: relayed to all, as every state is
//	  | <-- end -------------------------------- |  all parties are done, failed or lost
//
// # What a party can rely on
//
// The coordinator is not trusted with the computation, but it introduces the parties to each other: one that hands out keys of
// its own can sit between them. Two things show that. The caller can expect a key in a seat (ClientConfig.Expect). And people
// can compare Roster.Words: they are a hash of the roster and of a nonce from each party, to which it was committed before it
// saw any other, so a coordinator that shows different rosters cannot search for one with the same words, and six words
// (66 bits) suffice. Without either, a coordinator that swaps keys goes unnoticed.
//
// Differences in the agreed fields are found here for the sake of a clear message. What protects the parties is the digest of
// the configuration that they compare among themselves (protocol section 6).
//
// # Paths between the parties
//
// Each party announces where it may be reached as it finds out, and the others are told once the roster is known; addresses that
// nobody may be sent to are dropped at both ends. When both of a pair have announced something, the coordinator tells both to
// start punching, each after a pause that makes up for the difference in their distance from it. Nothing of this is trusted: a
// path is proven by pings under keys from Member.PunchKey, which are in the words. Relay credentials are told to their party
// alone.
//
// # When the coordinator is restarted
//
// A coordinator with ServerConfig.State keeps what it needs to take up its session again: mainly who owns which seat, and how far
// the session was. Parties look for it by themselves, before the start as long as their patience lasts, and say everything else
// again. A run does not need the coordinator.
//
// # Transport
//
// wire.go holds the format: frames over any ordered byte stream: one bidirectional stream of a QUIC connection, or TLS 1.3 on TCP
// where no UDP gets through, both with ALPN "tacit-coord/1". A party tries both, with a head start for QUIC. Both ends ping, and
// hold the other for lost when they hear nothing for 6 seconds.
package coord

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// ALPN is the application protocol of a connection to a coordinator.
const ALPN = "tacit-coord/1"

// MinSeats and MaxSeats bound the parties of a session.
const (
	MinSeats = 2
	MaxSeats = 64
)

// AnySeat asks for the lowest free seat, in the long form of an invitation.
const AnySeat = -1

// Coordinator stands for the coordinator where a seat number is expected: in an Event, and in a MismatchError.
const Coordinator = -1

// Every wait has a limit. They are kept together because they depend on each other: a party or a coordinator that was killed
// is known to be gone after lostAfter plus returnWithin or backWithin, within the 15 seconds in which all must know. Only a
// coordinator that keeps its state is waited for longer.
const (
	dialWithin   = 10 * time.Second // for all of the coordinator's addresses together
	retryWithin  = 3 * time.Second  // likewise, when it was reached before
	joinWithin   = 5 * time.Second  // from connecting to the first frame, either way, so that strangers do not linger
	frameWithin  = 5 * time.Second  // from the first byte of a frame to its last, either way
	pingEvery    = 2 * time.Second  // of saying nothing, a ping is sent
	pingAgain    = pingEvery / 4    // while its answer is late, once more
	lostAfter    = 6 * time.Second  // of hearing nothing, the other end is lost
	returnWithin = 3 * time.Second  // for a lost party to come back with the same key
	backWithin   = 6 * time.Second  // for a lost coordinator to come back before the start, if it cannot resume
	openWithin   = 10 * time.Second // for all parties to open their nonces
	byeWithin    = 2 * time.Second  // for the other end to close after a last frame
	lateWithin   = 2 * time.Second  // that latecomers are still told why a session ended before they came
)

const (
	defaultTimeout  = 30 * time.Minute // that seats stay open
	defaultPatience = time.Minute      // with a lost coordinator that keeps its state
	startWithin     = 10 * time.Minute // for all parties to connect to each other, once the roster is known
)

// A SessionID names one session of one coordinator. It is no secret.
type SessionID [8]byte

// String is the ID as 16 hexadecimal digits.
func (s SessionID) String() string { return hex.EncodeToString(s[:]) }

// MarshalText is String, for JSON.
func (s SessionID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Secret admits to a session: the one seat of a ticket, or any free seat as the session's token. It prints as dots.
type Secret struct {
	_ [0]func() // compared in constant time only
	b [secretSize]byte
}

const secretSize = 16

func newSecret(random io.Reader) (Secret, error) {
	var s Secret
	_, err := io.ReadFull(random, s.b[:])
	return s, err
}

// Format writes dots whatever the verb, so that no log or error shows the secret.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "...") }

// Text is the secret in clear, 32 hexadecimal digits: how `pre` prints the session's token and how a user passes it on.
func (s Secret) Text() string { return hex.EncodeToString(s.b[:]) }

// ParseToken reads a session token as Secret.Text writes it. Its errors do not quote it.
func ParseToken(text string) (Secret, error) {
	var s Secret
	if len(text) != 2*secretSize {
		return Secret{}, fmt.Errorf("parse token: %d characters, want %d hexadecimal digits", len(text), 2*secretSize)
	}
	if _, err := hex.Decode(s.b[:], []byte(text)); err != nil {
		return Secret{}, fmt.Errorf("parse token: not hexadecimal")
	}
	return s, nil
}

func orCryptoRand(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}
