package mesh

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/channel"
)

// alpn is the protocol and its version.
const alpn = "tacit-mesh/1"

// The wire format. All integers are big-endian.
//
// The dialing party opens one bidirectional stream, the control stream, and says hello on it; the other answers with its own, the
// welcome; then the dialer takes the connection, or closes it because it has a better one:
//
//	hello   1 byte type, 32 bytes session digest, 2 bytes sender's seat, 2 bytes receiver's seat, 2 bytes parties
//	take    1 byte type
//
// After that, either side says once how many messages it has sent when it closes, and the other confirms when it has them all:
//
//	goodbye 1 byte type, 8 bytes count
//	have    1 byte type, 8 bytes count
//
// A message is one unidirectional stream: 4 bytes length, then the message, then the end of the stream, nothing more.
const (
	typeHello   = 1
	typeWelcome = 2
	typeTake    = 3
	typeGoodbye = 4
	typeHave    = 5

	helloSize  = 1 + sha256.Size + 6
	countSize  = 1 + 8
	prefixSize = 4
)

// Application error codes, sent with CONNECTION_CLOSE. Below codeRaced they are Reasons.
const (
	codeRaced     quic.ApplicationErrorCode = 0x10 // the dialer goes on with another connection
	codeStranger  quic.ApplicationErrorCode = 0x11 // the key is not on the roster, or not of a seat that dials
	codeSession   quic.ApplicationErrorCode = 0x12 // the hello names another session, seat or number of parties
	codeTaken     quic.ApplicationErrorCode = 0x13 // the pair is already connected
	codeSilent    quic.ApplicationErrorCode = 0x14 // no hello in time
	codeBusy      quic.ApplicationErrorCode = 0x15 // too many handshakes at once
	codeTooLarge  quic.ApplicationErrorCode = 0x20 // a message above the receiver's limit
	codeViolation quic.ApplicationErrorCode = 0x21 // what came is not this protocol
	codeGivenUp   quic.ApplicationErrorCode = 0x22 // declared lost: patience over, or its death proven
)

const maxReasonText = 200 // bytes

// A hello binds a connection to a session and two seats.
type hello struct {
	session  [sha256.Size]byte
	from, to channel.Party
	n        int
}

// sessionDigest hides the session id's length and content from whoever is not in it.
func sessionDigest(session []byte) [sha256.Size]byte {
	h := sha256.New()
	io.WriteString(h, alpn+" session\x00")
	h.Write(session)
	return [sha256.Size]byte(h.Sum(nil))
}

func (h hello) append(b []byte, typ byte) []byte {
	b = append(b, typ)
	b = append(b, h.session[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(h.from))
	b = binary.BigEndian.AppendUint16(b, uint16(h.to))
	return binary.BigEndian.AppendUint16(b, uint16(h.n))
}

func parseHello(b []byte, typ byte) (hello, error) {
	if len(b) != helloSize || b[0] != typ {
		return hello{}, errors.New("not a hello")
	}
	seats := b[1+sha256.Size:]
	return hello{
		session: [sha256.Size]byte(b[1:]),
		from:    channel.Party(binary.BigEndian.Uint16(seats)),
		to:      channel.Party(binary.BigEndian.Uint16(seats[2:])),
		n:       int(binary.BigEndian.Uint16(seats[4:])),
	}, nil
}

// reply is the hello of the other direction.
func (h hello) reply() hello {
	h.from, h.to = h.to, h.from
	return h
}

func (h hello) equal(o hello) bool {
	same := subtle.ConstantTimeCompare(h.session[:], o.session[:]) == 1
	return same && h.from == o.from && h.to == o.to && h.n == o.n
}

func appendCount(b []byte, typ byte, count uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, typ), count)
}

func parseCount(b []byte) (typ byte, count uint64, err error) {
	if len(b) != countSize || b[0] != typeGoodbye && b[0] != typeHave {
		return 0, 0, errors.New("not a goodbye")
	}
	return b[0], binary.BigEndian.Uint64(b[1:]), nil
}

func appendPrefix(b []byte, size int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(size))
}

// readMessage reads a message of at most max bytes, but not the end of the stream behind it. Memory grows with what arrives,
// not with what the length promises.
func readMessage(r io.Reader, max int) ([]byte, error) {
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, noEOF(err)
	}
	size := binary.BigEndian.Uint32(prefix[:])
	if uint64(size) > uint64(max) {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", channel.ErrTooLarge, size, max)
	}
	const step = 256 << 10
	msg := make([]byte, min(int(size), step))
	for got := 0; ; {
		n, err := io.ReadFull(r, msg[got:])
		got += n
		if err != nil {
			return nil, noEOF(err)
		}
		if got == int(size) {
			return msg, nil
		}
		grown := make([]byte, min(int(size), 16*len(msg)))
		copy(grown, msg)
		msg = grown
	}
}

// readEnd wants the end of the stream and nothing before it.
func readEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := r.Read(one[:]); {
	case n > 0:
		return errors.New("bytes behind a message")
	case err == io.EOF:
		return nil
	default:
		return err
	}
}

// noEOF turns the early end of a stream into the error that it is.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
